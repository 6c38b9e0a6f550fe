"""The secret key is changed between a code and its use: whoever was sent the code can use it."""

from collections.abc import Awaitable, Callable

import pytest
from httpx2 import AsyncClient, Response
from pydantic import SecretStr

from src.config import LimitSettings, RateSettings, SecretsSettings
from src.database import Connection, Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.conftest import Work
from tests.auth.phone import verifying
from tests.conftest import MakeClient
from tests.http import acting_as, problem

OLD, NEW = factories.SECRET_KEY, "another key, of which nobody has heard before now"
PASSWORD = "eleven owls upon a mossy roof"
WITHOUT = LimitSettings(rates=RateSettings(mail_address_minute=0, mail_address=0))

Spend = Callable[[AsyncClient], Awaitable[Response]]
Ask = Callable[[AsyncClient, Transaction, Work, factories.User], Awaitable[Spend]]


async def mailed(conn: Connection, to: str, template: Template) -> str:
    return (await mail.last(conn, to=to, template=template)).params["code"]


def posting(path: str, user: factories.User | None = None, **body: str) -> Spend:
    async def spend(client: AsyncClient) -> Response:
        return await client.post(path, json=body, headers=acting_as(user) if user else {})

    return spend


async def verification(
    client: AsyncClient, conn: Transaction, _: Work, user: factories.User
) -> Spend:
    await client.post("/v1/auth/email/verification", json={"email": user.email})
    code = await mailed(conn, user.email, Template.VERIFY_EMAIL)
    return posting("/v1/auth/email/verify", email=user.email, code=code)


async def signup(client: AsyncClient, conn: Transaction, _: Work, __: factories.User) -> Spend:
    await client.post("/v1/auth/signup", json={"email": "new@example.org"})
    code = await mailed(conn, "new@example.org", Template.SIGNUP)
    return posting(
        "/v1/auth/signup/complete", email="new@example.org", code=code, password=PASSWORD
    )


async def reset(client: AsyncClient, conn: Transaction, work: Work, user: factories.User) -> Spend:
    await client.post("/v1/auth/password/recovery", json={"email": user.email})
    await work()
    code = await mailed(conn, user.email, Template.RESET_PASSWORD)
    return posting("/v1/auth/password/reset", email=user.email, code=code, password=PASSWORD)


async def login(client: AsyncClient, conn: Transaction, work: Work, user: factories.User) -> Spend:
    asked = await client.post("/v1/auth/login/code", json={"email": user.email})
    await work()
    code = await mailed(conn, user.email, Template.LOGIN_CODE)
    flow = asked.json()["flow_id"]
    return posting("/v1/auth/login/link/redeem", email=user.email, code=code, flow_id=flow)


async def change(client: AsyncClient, conn: Transaction, _: Work, user: factories.User) -> Spend:
    headers = acting_as(user)
    await client.put("/v1/users/me/email", json={"email": "new@example.org"}, headers=headers)
    code = await mailed(conn, "new@example.org", Template.CHANGE_EMAIL)
    return posting("/v1/users/me/email/confirm", user, code=code)


async def phone(client: AsyncClient, conn: Transaction, _: Work, user: factories.User) -> Spend:
    number = verifying.new_number()
    await verifying.ask(client, user, number)
    return posting(f"{verifying.URL}/verify", user, code=await verifying.sent_code(conn, number))


def of_keys(key: str, *previous: str) -> SecretsSettings:
    return SecretsSettings(secret_key=SecretStr(key), previous_keys=tuple(map(SecretStr, previous)))


@pytest.mark.parametrize("ask", [verification, signup, reset, login, change, phone])
async def test_a_code_of_before_is_good_while_its_key_counts(
    make_client: MakeClient, conn: Transaction, work: Work, ask: Ask
) -> None:
    ann = await factories.user(conn)
    before = await make_client(secrets=of_keys(OLD), limits=WITHOUT)
    during = await make_client(secrets=of_keys(NEW, OLD), limits=WITHOUT)
    other = await make_client(secrets=of_keys(NEW, NEW[::-1]), limits=WITHOUT)
    spend = await ask(before, conn, work, ann)

    if ask not in {change, phone}:  # whose callers are signed in by the old key as well
        problem(await spend(other), 400, "invalid_code")
    response = await spend(during)

    assert response.status_code < 300, response.text
    if ask is phone:  # saying it again changes nothing
        assert (await spend(during)).status_code == 204
    else:
        problem(await spend(during), 400, "invalid_code")
