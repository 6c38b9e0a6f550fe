"""Operators and owners act on one account at once: both are answered, none is made to give up."""

import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.database import Transaction
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as

pytestmark = pytest.mark.committed

ROUNDS = 60
WHY = {"reason": "a report of abuse"}


@pytest.mark.parametrize("purpose", [Purpose.CHANGE_EMAIL, Purpose.VERIFY_EMAIL])
async def test_an_account_is_deleted_while_its_owner_confirms_a_mailed_link(
    client: AsyncClient, conn: Transaction, execute: Execute, purpose: Purpose
) -> None:
    """One must not hold the account and want the link, while the other has it the other way."""
    admin = await factories.operator(conn)
    ends = Counter[tuple[int, int]]()
    for number in range(ROUNDS):
        ann = await factories.user(conn)
        changes = purpose is Purpose.CHANGE_EMAIL
        issued = await onetime_service.issue(
            conn,
            factories.SECRET_KEY.encode(),
            purpose=purpose,
            target=str(ann.id) if changes else ann.email,
            user_id=ann.id,
            detail={"email": f"new{number}@example.org"} if changes else {},
        )
        url = "/v1/users/me/email/confirm" if changes else "/v1/auth/email/verify"

        async def confirm(
            seconds: float = 0.001 * (number % 12),
            url: str = url,
            token: str = issued.token,
            ann: factories.User = ann,
        ) -> int:
            await asyncio.sleep(seconds)
            answer = await client.post(url, json={"token": token}, headers=acting_as(ann))
            return answer.status_code

        deleted, confirmed = await asyncio.gather(
            client.request(
                "DELETE", f"/v1/admin/users/{ann.id}", json=WHY, headers=acting_as(admin)
            ),
            confirm(),
        )
        ends[deleted.status_code, confirmed] += 1

    # Whichever comes first; who comes later finds no link, or no session.
    assert ends.keys() <= {(202, 204), (202, 400), (202, 401)}, ends
    assert await execute("SELECT count(*) FROM account WHERE status = 'deleting'") == [(ROUNDS,)]
