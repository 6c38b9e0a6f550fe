"""Writes that belong together share a transaction, and one that stands alone goes without.

That nobody hands a `Connection` to a function that wants a `Transaction` is mypy's to say. So what
a function without one may write is what it reaches short of those that have their own.
"""

import importlib
import inspect
import typing
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import pytest

from sqlcheck import Session, open_session
from sqlcheck.config import import_modules
from src import database
from src.database import statements
from tests import database as test_database
from tests.contracts import test_openapi
from tests.contracts.calls import Graph, sources
from tests.contracts.test_read_rule import full_name, starts, writers
from tests.contracts.test_statements import CONFIG

import_modules(CONFIG.modules)

UNRELATED = {
    **dict.fromkeys(
        (
            "src.auth.sso.router.finish_sso",
            "src.auth.sso.router.finish_sso_by_form",
            "src.auth.sso.router._finish",
            "src.auth.sso.router._login_code",
        ),
        "an answer is used up before the provider is asked, whatever comes of it",
    ),
    **dict.fromkeys(
        (
            "src.auth.dependencies.verified_login",
            "src.auth.lockout.service.is_right",
            "src.auth.passkeys.router.create_passkey_login_options",
            "src.auth.password.dependencies.confirmed_user",
            "src.auth.password.dependencies.own_new_password",
        ),
        "an attempt counts whatever becomes of the request",
    ),
    **dict.fromkeys(
        (
            "src.idempotency.middleware.Idempotency.__call__",
            "src.idempotency.middleware.Idempotency._serve",
            "src.idempotency.middleware.Recording.__call__",
            "src.idempotency.middleware.Recording._end",
            "src.idempotency.middleware.Recording.give_up",
        ),
        "a key is held before the request and its answer kept after it",
    ),
    "src.notifications.service.sending.deliver": "what comes of sending is one of the three",
}
"""Functions whose writes may be kept without each other, and why."""

HELD_FOR_ONE = {
    "restore_team": "whoever counts the user's teams meanwhile waits until it is one of them",
    "send_test_notification": "each of the user's devices has a job of its own",
    "put_draft": "the ids of activities that it has checked must still be those when it writes",
}
"""Routes that hold a transaction for a single write, and why."""


@pytest.fixture(scope="module")
def session(server: test_database.Server, worker_id: str) -> Iterator[Session]:
    with (
        test_database.clone(server, f"{worker_id}_transactions") as url,
        open_session(url, CONFIG.options) as session,
    ):
        yield session


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph(sources(test_database.ROOT, "src"))


@cache
def function(name: str) -> Any:
    """The function or method of a full name."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise LookupError(name)


def takes_transaction(found: Any) -> bool:
    hints = typing.get_type_hints(inspect.unwrap(found))
    return any(
        isinstance(hint, type) and issubclass(hint, database.Transaction)
        for name, hint in hints.items()
        if name != "return"
    )


@cache
def opens_one(name: str) -> bool:
    """Whether a function of a domain opens a transaction of its own."""
    return is_ours(name) and ".transaction()" in inspect.getsource(inspect.unwrap(function(name)))


@cache
def has_one(name: str) -> bool:
    """Whether a function of a domain opens a transaction, or is given one."""
    return opens_one(name) or (is_ours(name) and takes_transaction(function(name)))


@cache
def is_ours(name: str) -> bool:
    """Whether it is a function of a domain. The core below runs any statement."""
    is_core = len(name.split(".")) < 4 or name.startswith(("src.database.", "src.routing."))
    return not is_core and inspect.isfunction(function(name))


def test_writes_that_belong_together_share_a_transaction(graph: Graph, session: Session) -> None:
    found = {
        name: written
        for name in filter(is_ours, graph.functions())
        if not has_one(name)
        if len(written := writers(graph.reached(name, beyond=has_one), session)) > 1
    }

    assert set(found) == set(UNRELATED), found


def test_a_single_write_needs_no_transaction(graph: Graph, session: Session) -> None:
    found = set()
    for route in test_openapi.routes(test_openapi.APP.routes):
        endpoint = inspect.unwrap(route.endpoint)
        if takes_transaction(endpoint):
            reached = graph.reached(full_name(endpoint), beyond=opens_one)
            if len(writers(reached, session)) < 2:
                found.add(endpoint.__name__)

    assert found == set(HELD_FOR_ONE)


def test_routes_that_read_hold_no_transaction() -> None:
    for route in test_openapi.routes(test_openapi.APP.routes):
        if "GET" in (route.methods or set()):
            for start in starts(route):
                assert not start.endswith("request_transaction"), route.path


def test_a_stream_wants_a_transaction() -> None:
    streams = [
        statement
        for statement in statements
        if statement.name.startswith("src.")
        and typing.get_origin(typing.get_type_hints(statement.stub)["return"]) is AsyncIterator
    ]

    assert streams
    assert [each.name for each in streams if not takes_transaction(each.stub)] == []
