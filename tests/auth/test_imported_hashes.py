"""Passwords whose hashes another system has made: checked as it did, and kept as we do."""

import asyncio
import base64
import hashlib
import time
import unicodedata
from collections.abc import Callable

import pytest
from argon2 import Type
from argon2.low_level import hash_secret_raw
from httpx2 import AsyncClient, Response
from pydantic import SecretStr

from src.auth.imported import recipes, spellings
from src.auth.passwords import Hasher
from src.config import AuthenticationSettings, PasswordHashSettings
from src.database import Connection
from tests import factories
from tests.auth.foreign_hashes import (
    AS_COSTLY_AS_MAY_BE,
    BCRYPT,
    BCRYPT_OF_COST_16,
    BCRYPT_OF_LONG,
    FROM_ELSEWHERE,
    LONG,
    NONE_OF_THEM,
    PASSWORD,
    PEPPER,
    SALT,
    SHA256_PEPPERED,
    SHA256_SALTED,
    TOO_COSTLY,
)
from tests.auth.test_hashing import NEW, hashing
from tests.conftest import Execute, MakeClient
from tests.http import problem

WRONG = "eleven owls upon a mossy reef"
OURS = "$argon2id$v=19$m=19456,t=2,p=1$"


async def wrapped(hasher: Hasher, text: str, *, salt: str | None = None) -> str:
    recipe, digest = spellings.read(text, salt=salt, is_peppered=False)
    return await hasher.wrap(recipe, digest)


async def log_in(client: AsyncClient, password: str) -> Response:
    body = {"identifier": "ann@example.org", "password": password}
    return await client.post("/v1/auth/login", json=body)


async def keep(conn: Connection, execute: Execute, hashed: str) -> None:
    """Let Ann have this hash of a password."""
    await factories.user(conn, email="ann@example.org")
    await execute("UPDATE password SET hash = %(hash)s", hash=hashed)


@pytest.mark.parametrize("name", FROM_ELSEWHERE)
async def test_what_others_have_made_is_checked_as_they_do(name: str) -> None:
    async with hashing() as hasher:
        kept = await wrapped(hasher, FROM_ELSEWHERE[name])

        assert await hasher.verify(kept, PASSWORD)
        assert not await hasher.verify(kept, WRONG)
        assert hasher.needs_rehash(kept)


@pytest.mark.parametrize("name", FROM_ELSEWHERE)
async def test_nothing_of_it_is_kept_that_a_password_can_be_tried_by(name: str) -> None:
    text = FROM_ELSEWHERE[name]
    recipe, digest = spellings.read(text, salt=None, is_peppered=False)
    async with hashing() as hasher:
        kept = await hasher.wrap(recipe, digest)

    spelled, _, hashed = kept.partition("$argon2id$")
    assert hashed.startswith("v=19$m=19456,t=2,p=1$")
    assert recipes.parse(spelled.removeprefix("$w=")) == recipe
    for part in (
        digest.hex(),
        base64.b64encode(digest).decode().rstrip("="),
        digest.decode("latin-1"),
    ):
        assert part not in kept


async def test_a_pepper_is_on_from_the_first_day() -> None:
    async with hashing(NEW) as peppered, hashing() as plain:
        kept = await wrapped(peppered, BCRYPT)

        assert kept.startswith("$k=new$w=bcrypt,5,")
        assert await peppered.verify(kept, PASSWORD)
        assert not await plain.verify(kept.removeprefix("$k=new"), PASSWORD)


async def test_bcrypt_looks_at_72_bytes_as_it_always_has() -> None:
    async with hashing() as hasher:
        kept = await wrapped(hasher, BCRYPT_OF_LONG)

        assert await hasher.verify(kept, LONG)
        assert not await hasher.verify(kept, "x" + LONG)


async def test_a_sha256_has_its_salt_beside_it_and_perhaps_a_pepper_in_the_settings() -> None:
    settings = PasswordHashSettings(threads=1, imported_pepper=SecretStr(PEPPER))
    with_pepper = Hasher(settings)
    async with hashing() as without:
        salted = await wrapped(without, SHA256_SALTED, salt=SALT)
        recipe, digest = spellings.read(SHA256_PEPPERED.upper(), salt=SALT, is_peppered=True)
        peppered = await with_pepper.wrap(recipe, digest)

        for hasher in (without, with_pepper):
            assert await hasher.verify(salted, PASSWORD)
            assert not await hasher.verify(salted, WRONG)
        assert PEPPER not in peppered
        assert await with_pepper.verify(peppered, PASSWORD)
        assert not await with_pepper.verify(peppered, WRONG)
        assert not await without.verify(peppered, PASSWORD)
    with_pepper.close()


async def test_the_password_is_looked_at_as_it_was_typed() -> None:
    """Others do not make one spelling of it: the hash is of what came from the keyboard."""
    typed = "ﬁve herons over cold water"
    assert unicodedata.normalize("NFKC", typed) != typed
    recipe = recipes.Recipe(recipes.Kind.PBKDF2_SHA256, (1000, 32), b"salt")
    async with hashing() as hasher:
        kept = await hasher.wrap(recipe, recipe.digest(typed, pepper=""))

        assert await hasher.verify(kept, typed)
        assert not await hasher.verify(kept, unicodedata.normalize("NFKC", typed))


@pytest.mark.parametrize("password", ["", "x" * 257])
async def test_an_empty_password_is_none(password: str) -> None:
    recipe = recipes.Recipe(recipes.Kind.SHA256, (), b"salt")
    async with hashing() as hasher:
        kept = await hasher.wrap(recipe, recipe.digest("", pepper=""))

        assert not await hasher.verify(kept, password)


@pytest.mark.parametrize("text", TOO_COSTLY)
def test_what_costs_too_much_is_told_from_what_is_none(text: str) -> None:
    with pytest.raises(recipes.CostlyHash):
        spellings.read(text, salt=None, is_peppered=False)


@pytest.mark.parametrize("text", AS_COSTLY_AS_MAY_BE)
def test_what_costs_as_much_as_it_may_is_taken(text: str) -> None:
    recipe, _ = spellings.read(text, salt=None, is_peppered=False)

    assert recipes.parse(str(recipe)) == recipe


@pytest.mark.parametrize("text", NONE_OF_THEM)
def test_what_nothing_can_be_checked_by_is_no_hash(text: str) -> None:
    with pytest.raises(recipes.UnknownHash):
        spellings.read(text, salt=None, is_peppered=False)


@pytest.mark.parametrize("text", [BCRYPT, SHA256_SALTED[1:], "", PASSWORD])
def test_a_salt_beside_it_is_of_a_sha256(text: str) -> None:
    with pytest.raises(recipes.UnknownHash):
        spellings.read(text, salt=SALT, is_peppered=False)


async def test_signing_in_makes_it_a_hash_of_ours(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    async with hashing() as hasher:
        await keep(conn, execute, await wrapped(hasher, BCRYPT))
    before = await execute("SELECT hash FROM password")

    problem(await log_in(client, WRONG), 401, "invalid_credentials")
    assert await execute("SELECT hash FROM password") == before
    for _ in range(2):
        assert (await log_in(client, PASSWORD)).status_code == 200
        ((kept,),) = await execute("SELECT hash FROM password")
        assert kept.startswith(OURS)


async def test_and_puts_the_pepper_of_today_on(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    async with hashing() as hasher:
        await keep(conn, execute, await wrapped(hasher, BCRYPT))
    hashes = PasswordHashSettings(peppers=SecretStr(NEW))
    client = await make_client(authentication=AuthenticationSettings(password_hash=hashes))

    for _ in range(2):
        assert (await log_in(client, PASSWORD)).status_code == 200
        ((kept,),) = await execute("SELECT hash FROM password")
        assert kept.startswith("$k=new$argon2id$")


@pytest.mark.parametrize(("password", "is_short"), [("short one", True), (PASSWORD, False)])
async def test_it_shows_whether_the_password_is_short(
    client: AsyncClient, conn: Connection, execute: Execute, password: str, is_short: bool
) -> None:
    recipe = recipes.Recipe(recipes.Kind.SHA256, (), b"salt")
    async with hashing() as hasher:
        kept = await hasher.wrap(recipe, recipe.digest(password, pepper=""))
    await keep(conn, execute, kept)

    assert (await log_in(client, password)).status_code == 200

    assert await execute("SELECT is_short FROM password") == [(is_short,)]


def argon2_of(passes: int, lanes: int) -> tuple[str, bytes]:
    made = hash_secret_raw(PASSWORD.encode(), b"salty salt", passes, 8 * lanes, lanes, 32, Type.ID)
    return f"argon2id,19,{8 * lanes},{passes},{lanes},32,c2FsdHkgc2FsdA", made


def pbkdf2_of(iterations: int) -> tuple[str, bytes]:
    made = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", iterations)
    return f"pbkdf2-sha256,{iterations},32,c2FsdA", made


def bcrypt_of(text: str) -> tuple[str, bytes]:
    salt = base64.urlsafe_b64encode(text[7:29].encode()).decode().rstrip("=")
    return f"bcrypt,{int(text[4:6])},{salt}", text[29:].encode()


@pytest.mark.parametrize(
    ("made", "is_followed"),
    [
        (lambda: argon2_of(10, 16), True),
        (lambda: argon2_of(11, 1), False),
        (lambda: argon2_of(1, 17), False),
        (lambda: pbkdf2_of(3_000_001), False),
        (lambda: bcrypt_of(BCRYPT), True),
        (lambda: bcrypt_of(BCRYPT_OF_COST_16), False),
    ],
)
async def test_a_recipe_that_asks_for_too_much_is_not_followed(
    client: AsyncClient,
    conn: Connection,
    execute: Execute,
    made: Callable[[], tuple[str, bytes]],
    is_followed: bool,
) -> None:
    """However it came into the database, and though the password is right."""
    recipe, digest = made()
    async with hashing() as hasher:
        await keep(conn, execute, f"$w={recipe}{await hasher.hash(digest.hex())}")

    response = await log_in(client, PASSWORD)

    if is_followed:
        assert response.status_code == 200, response.text
    else:
        problem(response, 401, "invalid_credentials")


@pytest.mark.parametrize(
    "recipe",
    [
        "bcrypt,5,c2FsdA",
        "bcrypt,5,6,dnU1Umk3UGguWGpVMTNKT3BXSjYydQ",
        "argon2id,19,8,1,1,32,c2FsdA",
        "argon2id,19,8,1,1,c2FsdHkgc2FsdA",
        "pbkdf2-sha256,1,1,c2FsdA",
        "scrypt,0,8,1,32,c2FsdA",
        "sha256,5",
        "md5,c2FsdA",
    ],
)
async def test_a_recipe_that_is_none_is_a_wrong_password(
    client: AsyncClient, conn: Connection, execute: Execute, recipe: str
) -> None:
    async with hashing() as hasher:
        await keep(conn, execute, f"$w={recipe}{await hasher.hash(PASSWORD)}")

    problem(await log_in(client, PASSWORD), 401, "invalid_credentials")


@pytest.mark.committed
async def test_a_password_that_is_changed_meanwhile_is_not_put_back(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    recipe = recipes.Recipe(recipes.Kind.PBKDF2_SHA256, (2_000_000, 32), b"salt")
    async with hashing() as hasher:
        kept = await hasher.wrap(recipe, recipe.digest(PASSWORD, pepper=""))
    await keep(conn, execute, kept)
    changed = factories.password_hash()

    async def change() -> None:
        while not await execute("SELECT key FROM login_attempt"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await execute("UPDATE password SET hash = %(hash)s", hash=changed)

    async with asyncio.timeout(20):
        response, _ = await asyncio.gather(log_in(client, PASSWORD), change())

    assert response.status_code == 200, response.text
    assert await execute("SELECT hash FROM password") == [(changed,)]


async def test_it_may_take_longer_than_ours() -> None:
    """Nobody else could have chosen what it costs: its owner gets in by it, and by nothing else."""
    recipe = recipes.Recipe(recipes.Kind.BCRYPT, (13,), BCRYPT[7:29].encode())
    async with hashing() as hasher:
        kept = await hasher.wrap(recipe, recipe.digest(PASSWORD, pepper=""))
        took = []
        for _ in range(3):
            began = time.perf_counter()
            assert await hasher.verify(kept, PASSWORD)
            took.append(time.perf_counter() - began)
        # One after the other, in four seconds or so; ours would have two.
        count = round(4 / min(took)) + 1

        done = await asyncio.gather(*(hasher.verify(kept, PASSWORD) for _ in range(count)))

    assert done == [True] * count
