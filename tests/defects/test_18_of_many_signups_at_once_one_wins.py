"""An email belongs to one account, however many ask for it at the same moment."""

import pytest
from httpx2 import AsyncClient, Response

from src.config import LimitSettings, RateSettings
from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute, MakeClient
from tests.races import Answers, race

pytestmark = pytest.mark.committed

CALLERS = 50


@pytest.fixture
async def client(make_client: MakeClient) -> AsyncClient:
    """A client of whom nothing is counted."""
    rates = RateSettings(signup_ip=0, mail_ip=0, mail_address=0, mail_address_minute=0)
    return await make_client(limits=LimitSettings(rates=rates))


@pytest.mark.parametrize("rounds", [1, pytest.param(200, marks=pytest.mark.slow)])
async def test_50_sign_ups_with_one_email_make_one_account(
    client: AsyncClient, execute: Execute, rounds: int
) -> None:
    async def send(number: int, caller: int) -> Response:
        email = f"ann{number}@example.org"
        body = {"email": email.upper() if caller % 2 else email, "password": factories.PASSWORD}
        return await client.post("/v1/auth/signup", json=body)

    async def check(number: int, answers: Answers) -> None:
        assert answers == {(201, ""): 1, (409, "email_taken"): CALLERS - 1}
        rows = await execute(
            "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM password),"
            " (SELECT count(*) FROM session), (SELECT count(*) FROM audit_event)"
        )
        assert rows == [(number + 1,) * 4]

    await race(send, rounds=rounds, callers=CALLERS, checked=check)


async def test_completing_a_sign_up_many_times_at_once_makes_one_account(
    client: AsyncClient, execute: Execute, conn: Connection
) -> None:
    await client.post("/v1/auth/signup", json={"email": "ann@example.org"})
    link = (await mail.last(conn, template=Template.SIGNUP)).params["link"]
    body = {"token": link.partition("token=")[2], "password": factories.PASSWORD}

    async def send(number: int, caller: int) -> Response:
        return await client.post("/v1/auth/signup/complete", json=body)

    async def check(number: int, answers: Answers) -> None:
        assert answers == {(201, ""): 1, (400, "invalid_token"): 9}
        assert await execute("SELECT count(*) FROM account") == [(1,)]

    await race(send, rounds=1, callers=10, checked=check)
