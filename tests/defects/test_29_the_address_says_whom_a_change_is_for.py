"""A payload that names a team or a user beside the address is refused, and changes nobody."""

from collections.abc import Iterator
from typing import Any

from httpx2 import AsyncClient

from src.database import Transaction
from tests import documented, factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes


async def test_the_address_says_whom_a_change_is_for(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    owner = await factories.user(conn)
    team, other = [await factories.team(conn, owner=owner) for _ in range(2)]
    one, two = [await factories.member(conn, team=team) for _ in range(2)]
    operator = await factories.operator(conn)

    response = await client.patch(
        f"/v1/teams/{team.id}/members/{one.id}",
        json={"role": "admin", "user_id": str(two.id), "team_id": str(other.id)},
        headers=acting_as(owner),
    )
    assert mistakes(response) == {("/user_id", "unknown_field"), ("/team_id", "unknown_field")}
    response = await client.patch(
        f"/v1/admin/users/{one.id}",
        json={"disabled": True, "reason": "spam", "user_id": str(two.id), "status": "deleting"},
        headers=acting_as(operator),
    )
    assert mistakes(response) == {("/user_id", "unknown_field"), ("/status", "unknown_field")}

    roles = await execute("SELECT DISTINCT role FROM team_member WHERE role <> 'owner'")
    assert roles == [("viewer",)]
    assert await execute("SELECT DISTINCT status FROM account") == [("active",)]


def described(schema: Any, components: Any, seen: set[str]) -> Iterator[tuple[str, Any]]:
    """Every object with named fields that a body may hold, and what it says of other fields."""
    if isinstance(schema, list):
        for each in schema:
            yield from described(each, components, seen)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            yield from described(components[name], components, seen)
        if "properties" in schema:
            yield str(schema.get("title")), schema.get("additionalProperties")
        for inner in schema.values():
            yield from described(inner, components, seen)


def test_no_payload_of_any_route_takes_a_field_that_it_does_not_know() -> None:
    document = documented.document()
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    ]

    found = list(described(bodies, document["components"]["schemas"], set()))

    assert len(found) > 70
    assert [name for name, others in found if others is not False] == []
