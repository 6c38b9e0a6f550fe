"""How passwords are kept: what it costs, and what a stolen database is good for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from src import main
from src.auth.constants import HASH_MEMORY_MAX
from src.auth.password.client import BreachedPasswords
from src.auth.passwords import Hasher
from src.config import AuthenticationSettings, PasswordHashSettings
from src.database import Connection
from tests import factories, mail
from tests.auth.conftest import Work
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, mistakes

OLD, NEW = "old:" + "o" * 32, "new:" + "n" * 32


@asynccontextmanager
async def hashing(peppers: str | None = None) -> AsyncIterator[Hasher]:
    hasher = Hasher(
        PasswordHashSettings(threads=1, peppers=SecretStr(peppers) if peppers else None)
    )
    try:
        yield hasher
    finally:
        hasher.close()


async def test_a_peppered_hash_is_no_use_without_the_key() -> None:
    async with hashing(NEW) as peppered, hashing() as plain, hashing(OLD) as other:
        kept = await peppered.hash("seven herons over cold water")

        assert kept.startswith("$k=new$argon2id$")
        assert await peppered.verify(kept, "seven herons over cold water")
        assert not await peppered.verify(kept, "seven herons over warm water")
        for hasher in (plain, other):
            assert not await hasher.verify(kept, "seven herons over cold water")
        # The hash alone, tried as anybody could who has stolen it.
        assert not await plain.verify(kept.removeprefix("$k=new"), "seven herons over cold water")


async def test_a_pepper_is_changed_as_people_sign_in() -> None:
    async with hashing() as before, hashing(OLD) as during, hashing(f"{NEW},{OLD}") as after:
        plain, old = await before.hash("seven herons"), await during.hash("seven herons")

        assert during.needs_rehash(plain)
        assert await during.verify(plain, "seven herons")
        assert not during.needs_rehash(old)
        assert after.needs_rehash(old)
        assert await after.verify(old, "seven herons")
        assert not after.needs_rehash(await after.hash("seven herons"))
        assert before.needs_rehash(old)


async def test_signing_in_puts_the_pepper_on(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    hashes = PasswordHashSettings(peppers=SecretStr(NEW))
    client = await make_client(authentication=AuthenticationSettings(password_hash=hashes))
    login = {"identifier": ann.email, "password": ann.password}

    for _ in range(2):
        assert (await client.post("/v1/auth/login", json=login)).status_code == 200
        ((kept,),) = await execute("SELECT hash FROM password")
        assert kept.startswith("$k=new$argon2id$")


@pytest.mark.parametrize(
    "peppers",
    [
        "x",
        "id:short",
        ":" + "k" * 32,
        "a b:" + "k" * 32,
        f"{NEW},{NEW}",
        f"{NEW},",
        "$" + NEW,
    ],
)
def test_peppers_have_ids_and_long_keys(peppers: str) -> None:
    with pytest.raises(ValidationError):
        PasswordHashSettings(peppers=SecretStr(peppers))


@pytest.mark.parametrize(("time_cost", "parallelism"), [(11, 1), (2, 17)])
async def test_a_hash_that_costs_too_much_is_not_tried(time_cost: int, parallelism: int) -> None:
    """Kept hashes may come from elsewhere: one must not be able to stop the service."""
    made = PasswordHasher(time_cost=time_cost, memory_cost=19456, parallelism=parallelism)
    kept = made.hash("seven herons over cold water")

    async with hashing() as hasher:
        assert not await hasher.verify(kept, "seven herons over cold water")


async def test_nor_is_one_that_takes_a_gigabyte() -> None:
    kept = f"$argon2id$v=19$m={HASH_MEMORY_MAX + 1},t=10,p=1$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNo"
    async with hashing() as hasher:
        began = asyncio.get_running_loop().time()
        assert not await hasher.verify(kept, "seven herons over cold water")

    assert asyncio.get_running_loop().time() - began < 1.0


async def test_other_kinds_of_argon2_are_not_verified() -> None:
    made = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    kept = made.hash("seven herons over cold water").replace("argon2id", "argon2i")

    async with hashing() as hasher:
        assert not await hasher.verify(kept, "seven herons over cold water")


@pytest.mark.parametrize(
    ("at_least", "at_most", "is_said"), [(0.0, 60.0, False), (50.0, 60.0, True), (0.0, 1e-6, True)]
)
async def test_a_start_says_so_if_hashing_takes_too_little_or_too_long(
    at_least: float, at_most: float, is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with hashing() as hasher:
        await main.check_hashing(hasher, at_least=at_least, at_most=at_most)

    assert ("AUTHENTICATION__PASSWORD_HASH" in caplog.text) is is_said


PASSWORD = "eleven owls upon a mossy roof"
PREFIX, REST = "6C2E3", "DB36E50A32A52B54641F10DDD6AE1C6F474"
"""Its SHA-1."""
Answer = Callable[[str], Awaitable[Response]]


def asking(answer: Answer) -> BreachedPasswords:
    """A list on a server that answers so."""

    async def get_range(request: Request) -> Response:
        assert request.headers["add-padding"] == "true"
        return await answer(request.path_params["prefix"])

    server = Starlette(routes=[Route("/range/{prefix}", get_range)])
    transport = ASGITransport(app=server, raise_app_exceptions=False)
    return BreachedPasswords("http://list.test/range", transport=transport)


async def test_a_breached_password_is_found_by_the_beginning_of_its_hash() -> None:
    sent: list[str] = []

    async def answer(prefix: str) -> Response:
        sent.append(prefix)
        return PlainTextResponse(f"{'0' * 35}:3\r\n{REST}:12\r\n{'F' * 35}:0\r\n")

    breached = asking(answer)

    assert await breached.has(PASSWORD)
    assert sent == [PREFIX]
    assert breached.asked == {"breached": 1}


@pytest.mark.parametrize("lines", ["", f"{REST}:0", f"{'0' * 35}:5"])
async def test_padding_and_other_passwords_are_not_it(lines: str) -> None:
    async def answer(_: str) -> Response:
        return PlainTextResponse(lines)

    breached = asking(answer)

    assert not await breached.has(PASSWORD)
    assert breached.asked == {"unknown": 1}


@pytest.mark.parametrize("kind", ["error", "nonsense", "silence", "broken"])
async def test_a_list_that_does_not_answer_keeps_nobody_out(kind: str) -> None:
    async def answer(_: str) -> Response:
        if kind == "silence":
            await asyncio.sleep(30)
        if kind == "broken":
            raise OSError
        if kind == "nonsense":
            return PlainTextResponse("<html>")
        return PlainTextResponse("busy", status_code=503)

    breached = asking(answer)
    began = asyncio.get_running_loop().time()

    assert not await breached.has(PASSWORD)

    assert breached.asked == {"no_answer": 1}
    assert asyncio.get_running_loop().time() - began < 10


async def test_nor_does_one_that_is_not_there() -> None:
    breached = BreachedPasswords("http://127.0.0.1:9/range")

    assert not await breached.has(PASSWORD)
    assert breached.asked == {"no_answer": 1}


async def test_nobody_is_asked_unless_somebody_is_named() -> None:
    breached = BreachedPasswords(None)

    assert not await breached.has(PASSWORD)
    assert not breached.asked


async def test_every_way_to_a_new_password_asks(
    client: AsyncClient, app: FastAPI, conn: Connection, work: Work
) -> None:
    async def answer(_: str) -> Response:
        return PlainTextResponse(f"{REST}:1")

    ann = await factories.user(conn)
    await client.post("/v1/auth/password/recovery", json={"email": ann.email})
    await work()
    code = (await mail.last(conn, to=ann.email)).params["code"]
    authentication = app.state.authentication
    app.state.authentication = replace(authentication, breached=asking(answer))

    for method, path, body, pointer in [
        ("POST", "/v1/auth/signup", {"email": "new@example.org", "password": PASSWORD}, "password"),
        (
            "PUT",
            "/v1/users/me/password",
            {"current_password": ann.password, "new_password": PASSWORD},
            "new_password",
        ),
        (
            "POST",
            "/v1/auth/password/reset",
            {"email": ann.email, "code": code, "password": PASSWORD},
            "password",
        ),
    ]:
        response = await client.request(method, path, json=body, headers=acting_as(ann))
        assert mistakes(response) == {(f"/{pointer}", "password_breached")}
