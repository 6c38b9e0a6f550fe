"""A code for a phone number is one of a million, made by a generator for secrets, and dies of five
misses."""

from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.auth.phone.verifying import asked, new_number, number_of, other, say
from tests.http import problem


async def test_the_sixth_try_is_refused_even_if_it_is_right(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    code = await asked(conn, ann, new_number())
    assert (len(code), code.isdigit()) == (6, True)

    for _ in range(5):
        problem(await say(client, ann, other(code)), 400, "invalid_code")

    problem(await say(client, ann, code), 400, "invalid_code")
    assert await number_of(client, ann) is None


async def test_the_fifth_try_may_be_the_right_one(client: AsyncClient, conn: Transaction) -> None:
    ann, phone = await factories.user(conn), new_number()
    code = await asked(conn, ann, phone)
    for _ in range(4):
        await say(client, ann, other(code))

    assert (await say(client, ann, code)).status_code == 204
    assert await number_of(client, ann) == phone
