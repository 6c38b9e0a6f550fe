"""A route says who may use it and sees to it, or the service does not start."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI

from src import permissions
from src.applets.dependencies import AppletOfRoute
from src.auth.dependencies import CurrentUser, current_user
from src.auth.platform.dependencies import CurrentOperator
from src.permissions import PERMISSIONS, Permission, Principal, Role
from src.routing import JsonRoute, Route, check_routes
from src.routing.route import UndeclaredError
from src.teams.dependencies import DeletedTeamOfRoute, ShownTeam, TeamOfRoute
from tests.contracts import test_openapi
from tests.database import ROOT

Endpoint = Callable[..., Awaitable[None]]


async def nothing_asked() -> None:
    """Ask for nothing."""


async def caller(user: CurrentUser) -> None:
    """Ask for a caller."""


async def team(team: TeamOfRoute) -> None:
    """Ask for a role in the team."""


async def applet(applet: AppletOfRoute) -> None:
    """Ask for a role in the applet's team."""


async def shown(team: ShownTeam) -> None:
    """Ask for membership."""


async def deleted(team: DeletedTeamOfRoute) -> None:
    """Ask for a team that has been deleted."""


async def operator(operator: CurrentOperator) -> None:
    """Ask for a platform role."""


async def needs_caller(user: CurrentUser) -> None: ...


async def far_off(_: Annotated[None, Depends(needs_caller)]) -> None:
    """Ask for a caller somewhere below."""


def declare(endpoint: Endpoint, name: str) -> Route:
    """The route that the service would have if this were the function of that name."""
    router = APIRouter(route_class=Route)
    router.add_api_route("/teams/{team_id}/applets/{applet_id}", endpoint, name=name)
    (route,) = router.routes
    assert isinstance(route, Route)
    return route


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        (nothing_asked, "ping"),
        (caller, "get_me"),
        (far_off, "get_me"),
        (team, "get_team"),
        (shown, "get_team"),
        (team, "delete_team"),
        (deleted, "restore_team"),
        (applet, "put_draft"),
        (operator, "list_users"),
        (operator, "get_operator"),
    ],
)
def test_a_route_that_sees_to_its_permission_is_taken(endpoint: Endpoint, name: str) -> None:
    route = declare(endpoint, name)

    assert route.permission is PERMISSIONS[name]


@pytest.mark.parametrize(
    ("endpoint", "name", "advice"),
    [
        (nothing_asked, "frobnicate", "say in PERMISSIONS"),
        (nothing_asked, "get_me", "a parameter of type CurrentUser"),
        (nothing_asked, "get_team", "a parameter of type CurrentUser"),
        (caller, "get_team", "TeamOfRoute or AppletOfRoute"),
        (shown, "update_team", "TeamOfRoute or AppletOfRoute"),
        (applet, "update_team", "TeamOfRoute or AppletOfRoute"),
        (deleted, "update_team", "TeamOfRoute or AppletOfRoute"),
        (team, "restore_team", "TeamOfRoute or AppletOfRoute"),
        (team, "put_draft", "TeamOfRoute or AppletOfRoute"),
        (team, "create_team", "a role in an object: take it away"),
        (caller, "ping", "asks for a caller: take it away"),
        (team, "ping", "asks for a caller: take it away"),
        (far_off, "log_in", "asks for a caller: take it away"),
        (caller, "list_users", "a parameter of type CurrentOperator"),
        (nothing_asked, "list_users", "a parameter of type CurrentUser"),
        (operator, "get_me", "asks for a platform role: take it away"),
        (operator, "ping", "asks for a caller: take it away"),
    ],
)
def test_any_other_is_refused_with_a_sentence_that_says_what_to_do(
    endpoint: Endpoint, name: str, advice: str
) -> None:
    with pytest.raises(UndeclaredError, match=advice) as caught:
        declare(endpoint, name)

    assert name in str(caught.value)


@pytest.mark.parametrize(
    "only",
    [
        Permission(Principal.PLATFORM, platform_role=permissions.PlatformRole.SUPPORT),
        Permission(Principal.USER, scope=permissions.Scope.PROFILE_READ, fresh=True),
        Permission(Principal.ANONYMOUS, scope=permissions.Scope.PROFILE_READ),
    ],
)
def test_what_no_dependency_can_see_to_is_refused(only: Permission) -> None:
    assert permissions.mistake("get_me", Permission(Principal.USER), {current_user}) is None

    assert permissions.mistake("get_me", only, {current_user}) is not None


@pytest.mark.parametrize("route_class", [None, JsonRoute])
def test_a_route_of_another_class_is_refused(route_class: type[JsonRoute] | None) -> None:
    router = APIRouter() if route_class is None else APIRouter(route_class=route_class)
    router.add_api_route("/open", nothing_asked)
    app = FastAPI(openapi_url=None)
    app.include_router(router)

    with pytest.raises(UndeclaredError, match="route_class=Route"):
        check_routes(app)


def test_every_entry_has_a_route() -> None:
    names = {route.name for route in test_openapi.routes(test_openapi.APP.routes)}

    assert PERMISSIONS.keys() == names


SOURCES = sorted((ROOT / "src").rglob("*.py"))


def places(pattern: str) -> list[str]:
    """The files of the service that have some text, once for each time they have it."""
    found: list[str] = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        found += [path.relative_to(ROOT / "src").as_posix()] * len(re.findall(pattern, text))
    return found


def test_cookies_are_read_and_set_in_one_place_behind_one_check() -> None:
    # What somebody has begun at a provider says nothing of who they are.
    with_cookies = {"auth/cookies.py", "auth/sso/flows.py"}
    assert set(places(r"request\.cookies")) == with_cookies
    assert set(places(r"\.(?:set|delete)_cookie\(")) == with_cookies
    assert places(r"\bAllowedPage\(") == ["auth/cookies.py"]


def test_no_route_takes_a_cookie_as_a_parameter() -> None:
    for route in test_openapi.routes(test_openapi.APP.routes):
        pending = [route.dependant]
        while pending:
            dependant = pending.pop()
            assert dependant.cookie_params == [], route.name
            pending += dependant.dependencies


def described() -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in test_openapi.DOCUMENT["paths"].values():
        yield from methods.items()


def test_the_document_says_who_may() -> None:
    for _, operation in described():
        permission = PERMISSIONS[operation["operationId"]]
        said = operation["x-permission"]
        assert said["principal"] == permission.principal.name.lower()
        assert said.get("role") == permission.role
        assert said.get("fresh", False) is permission.fresh
        assert said.get("scope") == permission.scope
        keys = [each["api_key"] for each in operation.get("security", []) if "api_key" in each]
        assert keys == ([] if permission.scope is None else [[permission.scope]])
        assert operation["description"].endswith(f"**Who:** {permission.sentence()}")


def test_the_document_lists_what_a_permission_may_answer() -> None:
    for method, operation in described():
        name = operation["operationId"]
        permission = PERMISSIONS[name]
        codes = set()
        for _, response in test_openapi.problems(operation):
            codes |= response["content"]["application/problem+json"].get("examples", {}).keys()
        if permission.principal is Principal.PLATFORM:
            assert {"platform_role_too_low", "second_factor_required"} <= codes, name
        if permission.principal is not Principal.ANONYMOUS:
            assert {"not_authenticated", "invalid_token"} <= codes, name
            assert method == "get" or "csrf_failed" in codes, name
            assert permission.unverified is not ("email_not_verified" in codes), name
            assert (permission.scope is None) is ("api_key_not_accepted" in codes), name
            assert (permission.scope is None) is not ("insufficient_scope" in codes), name
        if permission.fresh:
            assert "fresh_login_required" in codes, name
        if permission.on is not None:
            assert f"{permission.on}_not_found" in codes, name
        is_seen = permission.role in {None, Role.VIEWER} or permission.is_deleted
        assert is_seen or "role_too_low" in codes, name


def test_every_permission_reads_as_a_sentence() -> None:
    for name, permission in PERMISSIONS.items():
        sentence = permission.sentence()
        assert sentence.endswith("."), name
        assert not sentence.endswith(".."), name
        assert "None" not in sentence, name


def test_the_page_is_what_the_table_says() -> None:
    page = (ROOT / "docs/reference/permissions.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert len(rows) == len(PERMISSIONS)
    for name, permission in PERMISSIONS.items():
        (row,) = [each for each in rows if each.startswith(f"| `{name}` |")]
        assert permission.sentence() in row
