"""What a role sees inside of an answer: the same as every other, but for what is listed here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from tests.authorisation.cases import Case, operations
from tests.authorisation.oracle import LET_IN, RANKS, Transport, has, table
from tests.authorisation.samples import SAMPLES
from tests.authorisation.world import Who, Whose, World
from tests.conftest import RawConnection

RESTRICTED: Mapping[str, Mapping[str, str]] = {
    "list_members": {"items[].user.email": "admin"},
    "update_member": {"user.email": "admin"},
}
"""Fields that are null, or not there, below a role."""
OTHER_PEOPLE: Mapping[str, Mapping[str, str]] = {
    "list_submissions": {"items[].respondent_id": "admin"},
    "get_submission": {"submission.respondent_id": "admin"},
}
"""Fields that name somebody, and below a role never anybody but the caller."""
SIGNING_IN = {
    *("sign_up", "complete_signup", "log_in", "refresh_tokens", "reauthenticate"),
    *("sign_in_by_sso_code", "sign_in_by_sso_token"),
}
SECRETS: Mapping[str, set[str]] = {
    "access_token": SIGNING_IN,
    "refresh_token": SIGNING_IN,
    "csrf_token": SIGNING_IN | {"get_session"},
    "ticket": {"log_in"},
    "secret": {"create_totp"},
    "otpauth_uri": {"create_totp"},
    "recovery_codes": {"confirm_totp", "create_recovery_codes", "create_passkey"},
    "ip_prefix": {"list_sessions"},
    "token": {"create_invitation", "resend_invitation"},
    "url": {"create_invitation", "resend_invitation"},
}
"""Names of what gives access, and the operations that hand it out."""
NEVER = {"password", "hash", "refresh_key", "token_hash", "private_key", "user_agent"}
ROLES = {Who.VIEWER: "viewer", Who.EDITOR: "editor", Who.ADMIN: "admin", Who.OWNER: "owner"}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of an answer that is there and not null, by its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from fields(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, f"{path}[]")
    elif value is not None:
        yield path, value


async def seen(
    app: FastAPI,
    world: World,
    raw: RawConnection,
    *,
    by: Iterable[Who] = ROLES,
    principal: str | None = None,
) -> Mapping[str, Mapping[Who, list[tuple[str, Any]]]]:
    """The fields that each role is answered with, by operation and sample."""
    found: dict[str, dict[Who, list[tuple[str, Any]]]] = defaultdict(dict)
    await raw.execute("SAVEPOINT untouched")
    for operation in operations(app):
        whose = Whose.DELETED if table()[operation.name].is_deleted else Whose.OWN
        for sample in SAMPLES[operation.name]:
            if principal not in {None, table()[operation.name].principal.name}:
                continue
            for who in by:
                case = Case(operation, sample, who, whose, Transport.BEARER)
                answer = await case.answer(app, world)
                await raw.execute("ROLLBACK TO SAVEPOINT untouched")
                if answer.body and answer.headers["content-type"] == "application/json":
                    assert case.expected(world) is LET_IN, case
                    place = f"{operation.name} {sample.label}".strip()
                    found[place][who] = list(fields(answer.json()))
    return found


async def test_roles_see_the_same_fields_but_for_those_listed(
    app: FastAPI, world: World, raw: RawConnection
) -> None:
    answers = await seen(app, world, raw)

    assert len(answers) > 30
    met = set()
    for place, by_role in answers.items():
        operation = place.partition(" ")[0]
        restricted = RESTRICTED.get(operation, {})
        whole = {path for shown in by_role.values() for path, _ in shown}
        for who, shown in by_role.items():
            lacking = whole - {path for path, _ in shown}
            allowed = {path for path, least in restricted.items() if not has(ROLES[who], least)}
            assert lacking <= allowed, (place, who)
            assert not {path for path, _ in shown} & allowed, (place, who)
            met |= {(operation, path) for path in lacking}
        assert restricted.keys() <= whole, place
    assert met == {("list_members", "items[].user.email")}


async def test_below_a_role_people_see_themselves_alone(
    app: FastAPI, world: World, raw: RawConnection
) -> None:
    answers = await seen(app, world, raw)

    met = set()
    for place, by_role in answers.items():
        operation = place.partition(" ")[0]
        for path, least in OTHER_PEOPLE.get(operation, {}).items():
            for who, shown in by_role.items():
                people = {value for name, value in shown if name == path}
                others = people - {world.callers[who].id}
                assert people, (place, who)
                assert not others or has(ROLES[who], least), (place, who)
                met |= {(operation, ROLES[who])} if others else set()
    assert met == {
        (operation, role)
        for operation, paths in OTHER_PEOPLE.items()
        for least in paths.values()
        for role in RANKS[RANKS.index(least) :]
    }


async def test_secrets_come_from_where_they_are_made_and_from_nowhere_else(
    app: FastAPI, world: World, raw: RawConnection
) -> None:
    answers = await seen(app, world, raw)
    operating = await seen(app, world, raw, by=[Who.PLATFORM_ADMIN], principal="PLATFORM")
    assert len(operating) > 5

    for place, by_role in [*answers.items(), *operating.items()]:
        operation = place.partition(" ")[0]
        names = {path.rpartition(".")[2] for shown in by_role.values() for path, _ in shown}
        assert not names & NEVER, place
        for name in names & SECRETS.keys():
            assert operation in SECRETS[name], (place, name)
