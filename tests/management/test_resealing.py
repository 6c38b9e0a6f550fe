"""Another secret key: what the old one sealed opens, is sealed anew, and then needs it no more."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient
from pydantic import SecretStr

from src import security
from src.auth import cookies
from src.auth.constants import DeviceType
from src.auth.exceptions import CsrfFailed
from src.auth.mfa import service as mfa_service
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import InvalidCode
from src.auth.schemas import DeviceId
from src.config import SecretsSettings, Settings
from src.constants import Environment
from src.database import Connection, Pools, Transaction
from src.devices import service as devices_service
from src.devices.constants import Service
from src.devices.schemas import DeviceRegister, PushAddress
from src.idempotency import service as idempotency_service
from src.idempotency.schemas import AnswerSecret, Asked
from src.management import service
from src.management.service import sealing
from src.management.service.sealing import HASHED, PLAIN, SEALED
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.security import Sealer, Unsealable
from tests import factories
from tests.conftest import Execute, MakeClient, RawConnection, settings_for
from tests.http import acting_as, problem

OLD, NEW = factories.SECRET_KEY, "another-key-for-tests-0123456789-0123456789"


def secrets_of(key: str, *previous: str) -> SecretsSettings:
    return SecretsSettings(secret_key=SecretStr(key), previous_keys=tuple(map(SecretStr, previous)))


def sealer_of(key: str, *previous: str) -> Sealer:
    return Sealer(key.encode(), [each.encode() for each in previous])


async def no_pause(_: float) -> None:
    """Rows that are held in a test stay so."""


async def refresh(client: AsyncClient, user: factories.User) -> Any:
    return await client.post("/v1/auth/token/refresh", json={"refresh_token": user.refresh_token})


def test_a_ring_seals_with_its_first_key_and_opens_with_each() -> None:
    old, new = Sealer(b"one"), Sealer(b"two", [b"one", b"three"])
    sealed = new.seal(b"heron", place="bird.name:1")

    assert new.unseal(old.seal(b"owl", place="bird.name:2"), place="bird.name:2") == b"owl"
    assert Sealer(b"two").unseal(sealed, place="bird.name:1") == b"heron"
    assert sealed.startswith(new.key_id)
    assert old.key_id != new.key_id
    with pytest.raises(Unsealable):
        old.unseal(sealed, place="bird.name:1")
    with pytest.raises(Unsealable):
        new.unseal(old.seal(b"owl", place="bird.name:2"), place="bird.name:3")


async def test_every_column_of_bytes_is_sealed_or_a_hash(execute: Execute) -> None:
    columns = {
        (table, column)
        for table, column in await execute(
            "SELECT table_name::text, column_name::text FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'bytea'"
            "   AND NOT starts_with(table_name, 'procrastinate_')"
        )
    }
    sealed = {(each.table, each.column) for each in SEALED}

    hashes = {
        (table, column) for table, column in columns if column.endswith(("_hash", "sha256"))
    } | HASHED
    assert len(sealed | hashes | PLAIN) == len(sealed) + len(hashes) + len(PLAIN)
    assert columns == sealed | hashes | PLAIN, (
        "add the column to SEALED, HASHED or PLAIN of src/management/service/sealing.py"
    )


async def everything_sealed(conn: Transaction) -> None:
    """A row at least in every sealed column, by the old key."""
    ann = await factories.user(conn)
    await factories.user(conn)
    await mfa_service.start_totp(
        conn, factories.SEALER, user_id=ann.id, user=ann.email, service="Core"
    )
    await notifications_service.send_mail(
        conn,
        factories.SEALER,
        template=Template.MAGIC_LINK,
        to="ann@example.org",
        locale="en",
        params={"link": "https://core.example.org/x", "code": "123456"},
    )
    await devices_service.register(
        conn,
        factories.SEALER,
        device_id=DeviceId(uuid4()),
        sent=DeviceRegister(type=DeviceType.IOS),
        address=PushAddress(Service.FCM, "token", "token"),
        secret=None,
    )
    asked = Asked(key=b"k" * 32, fingerprint=b"f" * 32)
    holder = await idempotency_service.begin(conn, factories.SEALER, asked)
    assert isinstance(holder, UUID)
    answer = AnswerSecret(201, (), b"{}")
    await idempotency_service.keep(conn, factories.SEALER, asked, holder=holder, answer=answer)


async def sealed_by(execute: Execute, raw: RawConnection) -> dict[str, set[bytes]]:
    """The names of the keys that have sealed what is in each column."""
    found: dict[str, set[bytes]] = {}
    for each in SEALED:
        cursor = await raw.execute(
            f"SELECT substring({each.column} FROM 1 FOR 4) FROM {each.table}"
            f" WHERE {each.column} IS NOT NULL".encode()
        )
        found[f"{each.table}.{each.column}"] = {row[0] for row in await cursor.fetchall()}
    return found


async def test_everything_is_sealed_anew_and_then_opens_without_the_old_key(
    conn: Transaction,
    pools: Pools,
    execute: Execute,
    raw: RawConnection,
    make_client: MakeClient,
) -> None:
    ann = await factories.user(conn)
    await everything_sealed(conn)
    # None is left out: a column that is empty here would prove nothing.
    old, new = sealer_of(OLD), sealer_of(NEW, OLD)
    assert set(map(frozenset, (await sealed_by(execute, raw)).values())) == {
        frozenset({old.key_id})
    }

    done = await service.reseal(pools, new)

    assert {(each.table, each.column) for each in done} == {
        (each.table, each.column) for each in SEALED
    }
    assert all(each.done > 0 and each.lost == 0 for each in done), done
    assert set(map(frozenset, (await sealed_by(execute, raw)).values())) == {
        frozenset({new.key_id})
    }
    client = await make_client(secrets=secrets_of(NEW))
    assert (await refresh(client, ann)).status_code == 200
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
    again = await service.reseal(pools, new)
    assert all(each.done == 0 for each in again)
    rows = await execute("SELECT action FROM audit_event WHERE action = 'secrets.resealed'")
    assert len(rows) == 1


async def test_what_was_interrupted_goes_on_where_it_stopped(
    conn: Transaction, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await factories.user(conn)
    monkeypatch.setattr(sealing, "_BATCH", 2)
    new = sealer_of(NEW, OLD)
    (column,) = [each for each in SEALED if each.table == "session"]
    rows = await column.stale(conn, after=None, key_id=new.key_id, limit=2)
    fresh = [
        new.seal(new.unseal(row.sealed, place=column.place(row.id)), place=column.place(row.id))
        for row in rows
    ]
    await column.store(conn, ids=[row.id for row in rows], sealed=fresh)

    (done,) = [each for each in await service.reseal(pools, new) if each.table == "session"]

    assert done.done == 3


@pytest.mark.committed
async def test_rows_that_are_held_are_passed_over_and_come_later(
    conn: Connection, pools: Pools, raw: RawConnection, execute: Execute
) -> None:
    await factories.user(conn)
    held = await factories.user(conn)
    new = sealer_of(NEW, OLD)
    pauses = 0

    async def let_go(_: float) -> None:
        nonlocal pauses
        pauses += 1
        await raw.execute("ROLLBACK")

    await raw.execute("BEGIN")
    await execute("SELECT FROM session WHERE id = %(id)s FOR UPDATE", id=held.session_id)

    done = {each.table: each for each in await service.reseal(pools, new, pause=let_go)}

    assert pauses == 1
    assert done["session"].done == 2


async def test_without_the_key_it_says_what_is_lost_and_does_the_rest(
    conn: Transaction, pools: Pools, execute: Execute, raw: RawConnection
) -> None:
    await everything_sealed(conn)
    stranger = sealer_of("a-key-that-has-sealed-nothing-0123456789")

    done = await service.reseal(pools, stranger, pause=no_pause)

    assert all(each.done == 0 and each.lost > 0 for each in done), done
    # Nothing was overwritten: with the right key all of it is there still.
    assert all(each.lost == 0 for each in await service.reseal(pools, sealer_of(NEW, OLD)))


async def test_two_sealed_values_do_not_open_in_each_others_place(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await execute(
        "UPDATE session SET refresh_key = other.refresh_key FROM session AS other"
        " WHERE session.id <> other.id"
    )

    for user in (ann, bob):
        problem(await refresh(client, user), 401, "refresh_invalid")


async def test_a_csrf_token_and_a_code_outlive_the_change(
    conn: Transaction, settings: Settings
) -> None:
    ann = await factories.user(conn)
    changed = settings_for("postgresql:///x", secrets=secrets_of(NEW, OLD))
    later = settings_for("postgresql:///x", secrets=secrets_of(NEW))
    headers = {cookies.CSRF_HEADER: cookies.csrf_token(settings, ann.session_id)}
    cookies.check_csrf(changed, headers, session_id=ann.session_id)
    with pytest.raises(CsrfFailed):
        cookies.check_csrf(later, headers, session_id=ann.session_id)
    assert cookies.csrf_token(changed, ann.session_id) == cookies.csrf_token(later, ann.session_id)

    for keys in (later.secret_keys, changed.secret_keys):
        issued = await onetime_service.issue(
            conn,
            settings.secret_key,
            purpose=Purpose.VERIFY_EMAIL,
            target=ann.email,
            user_id=ann.id,
        )
        spending = onetime_service.spend_code(
            conn, keys, purpose=Purpose.VERIFY_EMAIL, target=ann.email, code=issued.code
        )
        if keys is later.secret_keys:
            with pytest.raises(InvalidCode):
                await spending
        else:
            assert (await spending).is_spent


def test_a_previous_key_must_be_as_good_as_any() -> None:
    given = {"environment": Environment.PRODUCTION, "secrets": secrets_of(NEW, "short")}

    with pytest.raises(ValueError, match="SECRETS__PREVIOUS_KEYS is shorter"):
        settings_for("postgresql:///x", **given)
    assert "short" not in repr(secrets_of(NEW, "short"))
    assert len(security.random_key()) == 32
