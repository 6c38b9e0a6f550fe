"""No GET route can reach a statement that writes.

PostgreSQL refuses such a write when it is tried; here it is refused before anybody tries it.
"""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from sqlcheck import Session, open_session, writes
from sqlcheck.config import import_modules
from src.constants import SAFE_METHODS
from src.database import Statement, statements
from tests import database
from tests.contracts import read_rule_example, test_openapi
from tests.contracts.calls import Graph, sources
from tests.contracts.test_statements import CONFIG

import_modules(CONFIG.modules)

MAY_WRITE = {
    # On a connection of its own, once in the life of an installation.
    "src.auth.service.keys.add_first_signing_key",
}
MAY_WRITE_HERE = {
    # OAuth sends the browser back with a GET, and what it brings serves once: that it has come is
    # written down, and so is the login code, by which a POST then opens the session. Each call asks
    # the provider, so that calls are counted.
    "finish_sso": {
        "src.auth.sso.service._spend",
        "src.auth.onetime.service._keep",
        "src.limits.service._count",
    },
}
"""What single routes may write, by the names of their functions."""
ASKS_NOTHING = {
    *("ping", "get_liveness", "show_login_page"),
    *("list_sso_providers", "begin_sso"),
}
"""The GET routes that have no need of the database."""
_ANSWERED: dict[Statement, bool] = {}


@pytest.fixture(scope="module")
def session(server: database.Server, worker_id: str) -> Iterator[Session]:
    with (
        database.clone(server, f"{worker_id}_read_rule") as url,
        open_session(url, CONFIG.options) as session,
    ):
        yield session


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph(sources(database.ROOT, "src"))


def get_routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route that answers GET or HEAD."""
    for route in test_openapi.routes(app.routes):
        if (route.methods or set()) & SAFE_METHODS:
            yield route


def full_name(function: object) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"


def starts(route: APIRoute) -> set[str]:
    """The endpoint and everything that FastAPI calls before it."""
    pending: list[Dependant] = [route.dependant]
    found = set()
    while pending:
        dependant = pending.pop()
        found.add(full_name(dependant.call))
        pending += dependant.dependencies
    return found


def reached(graph: Graph, route: APIRoute) -> set[str]:
    """The statements that a route can reach."""
    known = {statement.name for statement in statements}
    return {name for start in starts(route) for name in graph.reached(start)} & known


def writers(names: set[str], session: Session) -> set[str]:
    return {each.name for each in statements if each.name in names and _writes(each, session)}


def _writes(statement: Statement, session: Session) -> bool:
    """Asked once of each: every session has the same schema."""
    if statement not in _ANSWERED:
        _ANSWERED[statement] = writes(statement, session)
    return _ANSWERED[statement]


@pytest.fixture(scope="module")
def routes() -> list[APIRoute]:
    found = list(get_routes(test_openapi.APP))
    assert len(found) > 15
    return found


def test_every_function_that_answers_is_in_the_graph(graph: Graph, routes: list[APIRoute]) -> None:
    for route in routes:
        ours = {name for name in starts(route) if name.startswith("src.")}
        assert {name for name in ours if not graph.knows(name)} == set()


def test_nearly_every_route_reaches_statements(graph: Graph, routes: list[APIRoute]) -> None:
    without = {route.endpoint.__name__ for route in routes if not reached(graph, route)}

    assert without == ASKS_NOTHING


def test_no_get_route_reaches_a_write(
    graph: Graph, routes: list[APIRoute], session: Session
) -> None:
    allowed = set()
    for route in routes:
        found = writers(reached(graph, route), session)
        allowed |= found & MAY_WRITE
        here = MAY_WRITE_HERE.get(route.endpoint.__name__, set())
        assert found - MAY_WRITE == here, route.path

    assert allowed == MAY_WRITE


def test_routes_that_write_are_known_to(graph: Graph, session: Session) -> None:
    """The other way round: what is not GET does reach writes."""
    assert writers(graph.reached("src.teams.router.create_team") & _names(), session)


def _names() -> set[str]:
    return {statement.name for statement in statements}


def test_a_write_behind_a_dependency_is_found(session: Session) -> None:
    app = FastAPI()
    app.include_router(read_rule_example.router)
    texts = {**sources(database.ROOT, "src"), **sources(database.ROOT, "tests/contracts")}
    graph = Graph({name.replace("/", "."): text for name, text in texts.items()})

    found = {route.path: writers(reached(graph, route), session) for route in get_routes(app)}

    assert found == {"/count": set(), "/sweep": {f"{read_rule_example.__name__}.sweep"}}
