"""How long a password must be: less beside a second factor."""

from httpx2 import AsyncClient, Response

from src.database import Transaction
from tests import factories
from tests.auth.mfa.securing import secure
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem

SHORT, SHORTER, LONG = "owls9 by", "owls9by", "eleven owls upon a mossy roof"


async def change(client: AsyncClient, user: factories.User, new: str, old: str = "") -> Response:
    body = {"current_password": old or user.password, "new_password": new}
    return await client.put("/v1/users/me/password", json=body, headers=acting_as(user))


async def test_beside_a_second_factor_eight_characters_are_enough(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = (await secure(conn)).user, await factories.user(conn)

    too_short = ("/new_password", "password_too_short")
    assert mistakes(await change(client, bob, SHORT)) == {too_short}
    assert mistakes(await change(client, ann, SHORTER)) == {too_short}
    assert (await change(client, ann, SHORT)).status_code == 204


async def test_the_last_factor_goes_once_the_password_is_long(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = (await secure(conn)).user
    totp = "/v1/users/me/mfa/totp"

    assert (await change(client, ann, SHORT)).status_code == 204
    refused = await client.delete(totp, headers=acting_as(ann))
    assert (await change(client, ann, LONG, SHORT)).status_code == 204
    removed = await client.delete(totp, headers=acting_as(ann))

    problem(refused, 409, "longer_password_required")
    assert removed.status_code == 204, removed.text
