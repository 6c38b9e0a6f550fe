"""That a token looks right is not enough: it must be one of those that were issued."""

from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import AsyncClient

from src.auth.onetime.constants import TOKEN_PREFIX, Purpose
from src.auth.onetime.service import issue
from src.database import Connection
from src.security import random_token
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, problem

VERIFIER = "the-page-made-this-up-and-told-nobody-0123456789"
CONSUMERS: Mapping[str, tuple[str, dict[str, Any], tuple[int, str]]] = {
    "auth/email/verify": ("token", {}, (400, "invalid_token")),
    "auth/signup/check": ("token", {}, (400, "invalid_token")),
    "auth/signup/complete": ("token", {"password": factories.PASSWORD}, (400, "invalid_token")),
    "users/me/email/confirm": ("token", {}, (400, "invalid_token")),
    "auth/email/undo": ("token", {}, (400, "invalid_token")),
    "auth/password/reset": ("token", {"password": factories.PASSWORD}, (400, "invalid_token")),
    "auth/login/link/redeem": ("token", {}, (400, "invalid_token")),
    "auth/sso/exchange": ("login_code", {"code_verifier": VERIFIER}, (400, "invalid_token")),
    "auth/login/mfa": (
        "ticket",
        {"method": "totp", "code": "123456"},
        (401, "invalid_mfa_code"),
    ),
}
"""What each calls the token, what is sent beside it, and the refusal."""


@pytest.mark.parametrize("path", CONSUMERS)
async def test_a_token_of_the_right_form_that_nobody_issued_is_refused(
    client: AsyncClient, conn: Connection, execute: Execute, path: str
) -> None:
    ann = await factories.user(conn)
    for purpose in Purpose:
        await issue(conn, b"key", purpose=purpose, target=ann.email, user_id=ann.id)
    name, more, refusal = CONSUMERS[path]

    body = {name: random_token(TOKEN_PREFIX), **more}
    response = await client.post(f"/v1/{path}", json=body, headers=acting_as(ann))

    problem(response, *refusal)
    rows = await execute("SELECT email, email_verified_at FROM account")
    assert rows == [(ann.email, None)]
    assert await execute("SELECT 1 FROM one_time_token WHERE used_at IS NOT NULL") == []
