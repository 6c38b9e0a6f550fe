"""A code for a phone number is dead a second after its ten minutes."""

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.auth.phone.verifying import age, asked, new_number, number_of, say
from tests.conftest import Execute
from tests.http import problem


@pytest.mark.parametrize("seconds", [601, 86_400])
async def test_a_code_of_601_seconds_is_refused(
    client: AsyncClient, conn: Transaction, execute: Execute, seconds: int
) -> None:
    ann, phone = await factories.user(conn), new_number()
    code = await asked(conn, ann, phone)
    await age(execute, seconds)

    response = await say(client, ann, code)

    problem(response, 400, "invalid_code")
    assert await number_of(client, ann) is None
