"""That a token looks right is not enough: it must be one of those that were issued."""

import pytest
from httpx2 import AsyncClient

from src.auth.onetime.constants import TOKEN_PREFIX, Purpose
from src.auth.onetime.service import issue
from src.database import Connection
from src.security import random_token
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, problem

CONSUMERS: dict[str, dict[str, str]] = {
    "/v1/auth/email/verify": {},
    "/v1/auth/signup/check": {},
    "/v1/auth/signup/complete": {"password": factories.PASSWORD},
    "/v1/users/me/email/confirm": {},
    "/v1/auth/email/undo": {},
}


@pytest.mark.parametrize("path", CONSUMERS)
async def test_a_token_of_the_right_form_that_nobody_issued_is_refused(
    client: AsyncClient, conn: Connection, execute: Execute, path: str
) -> None:
    ann = await factories.user(conn)
    for purpose in Purpose:
        await issue(conn, b"key", purpose=purpose, target=ann.email, user_id=ann.id)

    body = {"token": random_token(TOKEN_PREFIX), **CONSUMERS[path]}
    response = await client.post(path, json=body, headers=acting_as(ann))

    problem(response, 400, "invalid_token")
    rows = await execute("SELECT email, email_verified_at FROM account")
    assert rows == [(ann.email, None)]
    assert await execute("SELECT 1 FROM one_time_token WHERE used_at IS NOT NULL") == []
