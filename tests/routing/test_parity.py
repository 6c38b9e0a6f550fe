"""Every route of the product answers alike, compiled or served by FastAPI."""

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from src.routing.middleware import left_out
from tests import documented
from tests.routing.conftest import Both
from tests.routing.requests import REFUSED, SLOW, World, valid
from tests.routing.twisting import KINDS


def operations() -> dict[str, str]:
    app = documented.application()
    return {
        context.original_route.name: min(context.methods or ())
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
    }


OPERATIONS = operations()


def test_every_operation_is_compiled() -> None:
    # The pages about the interface and those to try it on are no operations.
    assert left_out(documented.application()).keys() == {
        "openapi",
        "get_docs",
        "docs_assets",
        "get_passkey_page",
        "passkey_page_assets",
    }


async def test_every_operation_has_a_request_that_is_right(world: World) -> None:
    assert valid(world).keys() == OPERATIONS.keys()


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_is_right_is_compiled(operation: str, both: Both, world: World) -> None:
    response, is_compiled = await both.send(valid(world)[operation])

    assert is_compiled
    if operation not in REFUSED:
        assert response.is_success or response.is_redirect, response.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_whatever_is_sent_is_answered_alike(
    operation: str, kind: str, both: Both, world: World
) -> None:
    sent = valid(world)[operation]
    if operation in SLOW and kind != "bodies":
        sent = sent.but(json={**sent.json, "password": "short"})
    if operation in SLOW and kind == "bodies":
        sent = sent.but(json={**sent.json, "identifier": None, "email": None})

    for other in KINDS[kind](sent, world):
        await both.send(other)
