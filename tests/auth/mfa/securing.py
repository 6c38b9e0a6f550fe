"""People with an authenticator app, and what they type."""

import time
from dataclasses import dataclass

import pyotp
from httpx2 import AsyncClient, Response

from src.auth.constants import MfaMethod, Transport
from src.auth.mfa import service
from src.database import Transaction, sql
from src.users.schemas import UserId
from tests import factories

_KEY = factories.SECRET_KEY.encode()


@dataclass(frozen=True)
class Secured:
    user: factories.User
    seed: str
    recovery_codes: list[str]


async def secure(conn: Transaction, user: factories.User | None = None) -> Secured:
    """Somebody with an authenticator app, of which no time step has been used."""
    user = user or await factories.user(conn)
    made = await service.start_totp(
        conn, factories.SEALER, user_id=user.id, user=user.email, service="Core API"
    )
    codes = await service.confirm_totp(
        conn, factories.SEALER, user_id=user.id, code=code_of(made.secret)
    )
    await use_no_step(conn, user_id=user.id)
    return Secured(user, made.secret, codes)


@sql("UPDATE totp SET last_step = 0 WHERE account_id = %(user_id)s")
async def use_no_step(conn: Transaction, *, user_id: UserId) -> None:
    """As if no code had been used."""
    ...


def code_of(seed: str, *, step: int = 0) -> str:
    """What the app shows now, or that many time steps later."""
    return pyotp.TOTP(seed).at(time.time(), counter_offset=step)


def wrong_code(seed: str) -> str:
    """Six digits that the app shows neither now nor in the steps around."""
    near = {code_of(seed, step=step) for step in range(-3, 4)}
    return next(code for code in map("{:06}".format, range(10)) if code not in near)


async def ticket(
    conn: Transaction, user: factories.User, *, transport: Transport = Transport.BEARER
) -> str:
    """As if the user had just given their password."""
    challenge = await service.issue_ticket(
        conn,
        _KEY,
        user_id=user.id,
        methods=[MfaMethod.TOTP],
        transport=transport,
        auth_methods=["pwd"],
    )
    return challenge.ticket


async def second_step(
    client: AsyncClient, ticket: str, code: str, *, method: str = "totp"
) -> Response:
    body = {"ticket": ticket, "method": method, "code": code}
    return await client.post("/v1/auth/login/mfa", json=body)
