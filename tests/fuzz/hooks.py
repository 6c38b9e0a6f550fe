"""How Schemathesis calls this API: by whom, and for what. It loads this module itself."""

import os
import re
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.auths import AuthContext
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from src.permissions import PERMISSIONS, Principal
from tests.fuzz.world import Caller, World

Json = dict[str, Any]

TAKES_THE_ACCOUNT_AWAY = {
    "log_out",
    "end_session",
    "end_sessions",
    "remove_my_password",
    "set_my_password",
}
"""After these their caller is no longer signed in, or cannot be again: each is somebody new."""

SPOILS_THE_WORLD = {
    "delete_team",
    "transfer_ownership",
    "remove_member",
    "update_member",
    "delete_user",
    "update_user",
    "revoke_invitation",
    "toggle_invitation",
    "update_invitation",
}
"""After these the team or its people may not be what they were."""

KEY = "Idempotency-Key"
NAME = re.compile("[!-~]{1,255}")
"""What may be one."""

TOLD_BY_SCHEMAS = {"too_long", "wrong_type", "wrong_format", "unknown_field"}
"""Mistakes that a client which knows the document need not make. Too short is not among them: texts
are trimmed first, and no schema can tell that."""

WORLD = World(os.environ["FUZZ_URL"], os.environ["FUZZ_OPERATOR"])


def _caller(case: Case[Any]) -> Caller:
    """Who calls: the same one again for the same case, and all through a chain of calls."""
    name = _name(case)
    if name in TAKES_THE_ACCOUNT_AWAY:
        return WORLD.newcomer()
    chance = (
        0
        if _is_chained(case)
        else crc32(f"{case.path_parameters}{case.query}{case.body!r}".encode())
    )
    if PERMISSIONS[name].principal is Principal.PLATFORM:
        return WORLD.owner if chance % 8 == 7 else WORLD.operator
    return (WORLD.owner, WORLD.admin)[chance % 2]


def _is_chained(case: Case[Any]) -> bool:
    return case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL


def _name(case: Case[Any]) -> str:
    return str(case.operation.definition.raw["operationId"])


if os.environ["FUZZ_CALLER"] == "somebody":

    @schemathesis.auth(refresh_interval=None)
    class SignedIn:
        """Sends an access token with every call that takes one."""

        def get(self, case: Case[Any], _: AuthContext) -> str:
            return WORLD.token_of(_caller(case))

        def set(self, case: Case[Any], data: str, _: AuthContext) -> None:
            if case.operation.definition.raw.get("security"):
                case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(context: HookContext, path_parameters: Json | None) -> Json | None:
    """Name something that is there, in two calls of three; else most would be answered by 404."""
    if not path_parameters or context.operation is None:
        return path_parameters
    name = context.operation.definition.raw["operationId"]
    often = 1 if name in SPOILS_THE_WORLD else 10
    return {
        key: WORLD.ids[key] if key in WORLD.ids and _chance(value, often) else value
        for key, value in path_parameters.items()
    }


def _chance(value: object, often: int) -> bool:
    try:
        return crc32(UUID(str(value)).bytes) % 15 < often
    except ValueError:
        return isinstance(value, str) and value.isalnum() and crc32(value.encode()) % 15 < often


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], __: Json) -> None:
    """Name each request anew: under a name that was used before, none would be done."""
    if NAME.fullmatch(str(case.headers.get(KEY, ""))):
        case.headers[KEY] = str(uuid4())


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Let a rule pass that no schema can tell: which token is real, which zone there is.

    What the document could have told, such as a length, stays a failure. Of a batch, each part is
    refused on its own, inside an answer that is none: 207. In a chain of calls the
    path is none of the document's: it is cut out of any address that an earlier answer had in it,
    so that the `batch` of `/submissions/batch` comes as the id of a submission.
    """
    if isinstance(failure, AcceptedNegativeData) and response.status_code == 207:
        return all(result["status"] < 400 for result in response.json()["results"])
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    told = [
        error["code"]
        for error in response.json().get("errors", [])
        if not (_is_chained(case) and error["pointer"].startswith("/path/"))
    ]
    return not TOLD_BY_SCHEMAS.isdisjoint(told)


@schemathesis.hook
def after_call(_: HookContext, case: Case[Any], response: Response) -> None:
    if response.status_code < 300 and _name(case) in SPOILS_THE_WORLD:
        WORLD.renew()
