"""A compiled route does what FastAPI does: the same calls in the same order, the same answer."""

import traceback
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import pytest
from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Depends,
    FastAPI,
    Form,
    Query,
    Response,
)
from fastapi.datastructures import Default
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from src.database import Json
from src.exceptions import Conflict, Unavailable
from src.routing.middleware import left_out
from src.routing.route import JsonRoute
from src.schemas import Page
from tests.routing.birds import Bird, Events, Thing
from tests.routing.pairs import pair


def noted(events: Events, name: str) -> Callable[..., Any]:
    async def dependency() -> str:
        events.append(name)
        return name

    dependency.__name__ = name
    return dependency


def opened(events: Events, name: str) -> Callable[..., Any]:
    """A generator that notes when it begins, what is thrown into it, and when it ends."""

    async def dependency() -> AsyncIterator[str]:
        events.append(f"{name} begins")
        try:
            yield name
        except BaseException as exc:
            events.append(f"{name} sees {type(exc).__name__}")
            raise
        finally:
            events.append(f"{name} ends")

    dependency.__name__ = name
    return dependency


async def test_dependencies_run_in_their_order_and_once() -> None:
    def declare(router: APIRouter, events: Events) -> None:
        first, always = noted(events, "first"), noted(events, "always")

        async def second(a: Annotated[str, Depends(first)]) -> str:
            events.append("second")
            return a + "2"

        async def third(
            b: Annotated[str, Depends(second)],
            a: Annotated[str, Depends(first)],
            c: Annotated[str, Depends(always, use_cache=False)],
        ) -> str:
            events.append("third")
            return a + b + c

        @router.get("/things", dependencies=[Depends(noted(events, "silent"))])
        async def get_things(
            c: Annotated[str, Depends(third)],
            again: Annotated[str, Depends(always, use_cache=False)],
            b: Annotated[str, Depends(second)],
        ) -> list[str]:
            events.append("endpoint")
            return [c, again, b]

    async with pair(declare) as both:
        response = await both.send("GET", "/v1/things", is_compiled=True)

    assert response.json() == ["firstfirst2always", "always", "first2"]
    assert both.compiled.events[:7] == [
        "silent", "first", "second", "always", "third", "always", "endpoint",
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["function", "request"])
@pytest.mark.parametrize("second", ["function", "request"])
@pytest.mark.parametrize("ending", ["well", "core", "http", "defect", "unserializable"])
async def test_generators_end_with_their_scope_and_see_what_went_wrong(
    first: Literal["function", "request"], second: Literal["function", "request"], ending: str
) -> None:
    def declare(router: APIRouter, events: Events) -> None:
        one, two = opened(events, "one"), opened(events, "two")

        @router.get("/things")
        async def get_thing(
            _: Annotated[str, Depends(one, scope=first)],
            __: Annotated[str, Depends(two, scope=second)],
        ) -> dict[str, Any]:
            events.append("endpoint")
            if ending == "core":
                raise Conflict()
            if ending == "http":
                raise HTTPException(404)
            if ending == "defect":
                raise ZeroDivisionError
            return {"a": object() if ending == "unserializable" else 1}

    async with pair(declare) as both:
        response = await both.send("GET", "/v1/things", is_compiled=True)

    expected = {"well": 200, "core": 409, "http": 404}
    assert response.status_code == expected.get(ending, 500)


async def test_what_is_not_what_the_endpoint_declares_is_a_defect_and_undoes_the_work() -> None:
    def declare(router: APIRouter, events: Events) -> None:
        @router.get("/things")
        async def get_things(
            _: Annotated[str, Depends(opened(events, "work"), scope="function")],
        ) -> list[Thing]:
            return cast("list[Thing]", ["nothing of the kind"])

    async with pair(declare) as both:
        response = await both.send("GET", "/v1/things", is_compiled=True)

    problem_of = response.json()
    assert (response.status_code, problem_of["code"]) == (500, "internal_error")
    assert "work sees ResponseValidationError" in both.compiled.events


@pytest.mark.parametrize("scope", ["function", "request"])
@pytest.mark.parametrize("ending", ["translates", "swallows", "fails at the end", "yields again"])
@pytest.mark.parametrize("is_raised", [True, False])
async def test_what_a_generator_makes_of_an_exception_is_what_counts(
    scope: Literal["function", "request"], ending: str, is_raised: bool
) -> None:
    def declare(router: APIRouter, events: Events) -> None:
        async def odd() -> AsyncIterator[None]:
            try:
                yield
            except Conflict as exc:
                events.append("caught")
                if ending == "translates":
                    raise Unavailable() from exc
                if ending != "swallows":
                    raise
            if ending == "fails at the end":
                raise Unavailable()
            if ending == "yields again":
                yield

        @router.post("/things")
        async def make_thing(
            _: Annotated[str, Depends(opened(events, "outer"), scope=scope)],
            __: Annotated[None, Depends(odd, scope=scope)],
            ___: Annotated[str, Depends(opened(events, "inner"), scope=scope)],
        ) -> Thing:
            if is_raised:
                raise Conflict()
            return Thing("a")

    async with pair(declare) as both:
        # After the answer has gone out nobody can say anything: the exception passes the client.
        await both.send("POST", "/v1/things", is_compiled=True)


async def test_a_generator_that_does_not_yield_is_a_defect() -> None:
    def declare(router: APIRouter, events: Events) -> None:
        async def empty() -> AsyncIterator[None]:
            if len(events) > 1000:
                yield

        @router.get("/things")
        async def get_thing(_: Annotated[None, Depends(empty)]) -> Thing:
            return Thing("a")

    async with pair(declare) as both:
        response = await both.send("GET", "/v1/things", is_compiled=True)

    assert response.status_code == 500


async def test_an_answer_breaks_off_alike() -> None:
    def declare(router: APIRouter, events: Events) -> None:
        @router.get("/things")
        async def get_things(
            _: Annotated[str, Depends(opened(events, "outer"))],
        ) -> StreamingResponse:
            async def chunks() -> AsyncIterator[bytes]:
                yield b"one"
                raise Conflict()

            return StreamingResponse(chunks())

    async with pair(declare) as both:
        for side in (both.compiled, both.plain):
            side.events.clear()
            await side.client.get("/v1/things")

    assert both.compiled.events == both.plain.events
    assert "http.response.start" in both.compiled.events


@pytest.mark.parametrize("declared", [None, 200, 201, 202, 204, 205, 304])
@pytest.mark.parametrize("changed", [None, 200, 204, 205, 304, 418])
@pytest.mark.parametrize("kind", ["thing", "nothing", "anything", "response"])
async def test_status_headers_and_cookies_come_together(
    declared: int | None, changed: int | None, kind: str
) -> None:
    async def stamped(response: Response) -> None:
        response.headers["ETag"] = '"1"'
        response.set_cookie("seen", "é")

    def declare(router: APIRouter, events: Events) -> None:
        def prepare(response: Response) -> None:
            response.headers["Location"] = "/there"
            if changed is not None:
                response.status_code = changed

        async def thing(response: Response) -> Thing:
            prepare(response)
            return Thing("é")

        async def nothing(response: Response) -> None:
            prepare(response)

        async def anything(response: Response) -> Any:
            prepare(response)
            return {"some": Thing("a")}

        async def response(response: Response) -> Response:
            prepare(response)
            return PlainTextResponse("text", changed or 200, headers={"X-Own": "1"})

        endpoints = {
            "thing": thing, "nothing": nothing, "anything": anything, "response": response,
        }  # fmt: skip
        router.add_api_route(
            "/things",
            endpoints[kind],
            status_code=declared,
            methods=["POST"],
            dependencies=[Depends(stamped)],
            response_model=None if kind == "anything" else Default(None),
        )

    if kind == "thing" and declared in {204, 205, 304}:
        return  # FastAPI refuses the declaration
    async with pair(declare) as both:
        await both.send("POST", "/v1/things", is_compiled=True)


async def test_types_of_answers_are_written_alike() -> None:
    answers: dict[str, tuple[Any, Any]] = {
        "page": (Page[Thing], Page[Thing](items=[Thing("a")], next_cursor=None)),
        "bare_page": (Page[Thing], Page(items=[Thing("a")], next_cursor="b")),
        "tree": (dict[str, Any], {"a": [1, 2.5, None, {"b": "é\u2028"}], "id": UUID(int=1)}),
        "union": (Thing | Bird, Bird(name="b")),
        "subclass": (BaseModel, Bird(name="b", weight=float("inf"))),
        "list": (list[Thing], [Thing("a"), Thing("b")]),
        "attributes": (Bird, Bird(name="a", colours=("red",))),
        "text": (str, "é"),
        "number": (int, 2**70),
        "none": (Thing | None, None),
    }

    def declare(router: APIRouter, events: Events) -> None:
        for name, (declared, value) in answers.items():

            async def endpoint(value: Annotated[Any, Depends(_constant(value))]) -> Any:
                return value

            router.add_api_route(f"/{name}", endpoint, response_model=declared, name=name)

    async with pair(declare) as both:
        for name in answers:
            response = await both.send("GET", f"/v1/{name}", is_compiled=True)
            assert response.status_code == 200


def _constant(value: Any) -> Callable[..., Any]:
    async def constant() -> Any:
        return value

    return constant


@pytest.mark.parametrize("has_draft", [True, False])
@pytest.mark.parametrize("status", [200, 201])
async def test_json_that_is_built_already_is_sent_as_it_is(has_draft: bool, status: int) -> None:
    text = '{"name":  "é", "size":1}'.encode()

    async def stamped(response: Response) -> None:
        response.headers["ETag"] = '"1"'

    def declare(router: APIRouter, events: Events) -> None:
        async def get_thing(response: Response, name: str = "a") -> Json[Thing]:
            response.headers["X-Own"] = name
            return Json(text)

        async def get_or_not(name: str = "a") -> Json[Thing] | Response:
            return Response(status_code=304) if name == "b" else Json(text)

        router.add_api_route(
            "/things",
            get_thing if has_draft else get_or_not,
            status_code=status,
            dependencies=[Depends(stamped)],
        )

    async with pair(declare) as both:
        response = await both.send("GET", "/v1/things", is_compiled=True)
        assert response.content == text
        assert response.headers["content-type"] == "application/json"
        assert response.headers["etag"] == '"1"'
        await both.send("GET", "/v1/things?name=b", is_compiled=True)
        document = both.compiled.app.openapi()

    operation = document["paths"]["/v1/things"]["get"]
    shown = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    assert shown == {"$ref": "#/components/schemas/Thing"}
    assert [one["name"] for one in operation["parameters"]] == ["name"]


async def test_overrides_and_later_routes_are_for_fastapi() -> None:
    async def original() -> str:
        return "original"

    async def other() -> str:
        return "other"

    def declare(router: APIRouter, events: Events) -> None:
        @router.get("/things")
        async def get_things(name: Annotated[str, Depends(original)]) -> str:
            return name

    async with pair(declare) as both:
        await both.send("GET", "/v1/things", is_compiled=True)
        for side in (both.compiled, both.plain):
            side.app.dependency_overrides[original] = other
        response = await both.send("GET", "/v1/things", is_compiled=False)
        assert response.json() == "other"
        for side in (both.compiled, both.plain):
            side.app.dependency_overrides.clear()
            side.app.add_api_route("/v1/late", original)
        await both.send("GET", "/v1/late", is_compiled=False)
        await both.send("GET", "/v1/things", is_compiled=True)


async def test_an_earlier_route_keeps_its_addresses() -> None:
    def declare(router: APIRouter, events: Events) -> None:
        @router.get("/a/{one}")
        async def first(one: str) -> list[str]:
            return ["first", one]

        @router.get("/a/b")
        async def hidden() -> list[str]:
            return ["hidden"]

        @router.get("/c/d")
        def sync() -> list[str]:
            return ["sync"]

        @router.get("/c/{one}")
        async def open_to_all(one: str) -> list[str]:
            return ["open", one]

        @router.get("/e/{rest:path}")
        async def below(rest: str) -> list[str]:
            return ["below", rest]

        @router.get("/e/f")
        async def inside() -> list[str]:
            return ["inside"]

    async with pair(declare) as both:
        for path, is_compiled, said in (
            ("/a/x", True, ["first", "x"]),
            ("/a/b", False, ["first", "b"]),
            ("/c/d", False, ["sync"]),
            ("/c/e", True, ["open", "e"]),
            ("/e/f", False, ["below", "f"]),
        ):
            response = await both.send("GET", f"/v1{path}", is_compiled=is_compiled)
            assert response.json() == said


async def tasks(background: BackgroundTasks) -> None: ...
async def form(name: Annotated[str, Form()]) -> None: ...
async def several(one: Bird, two: Thing) -> None: ...
async def embedded(one: Annotated[Bird, Body(embed=True)]) -> None: ...
async def names(name: Annotated[list[str], Query()]) -> None: ...
async def model(query: Annotated[Bird, Query()]) -> None: ...
async def checked(size: Annotated[int, Query(validate_default=True)] = 1) -> None: ...
def sync() -> None: ...
async def needs_sync(_: Annotated[None, Depends(sync)]) -> None: ...
async def stream() -> AsyncIterator[Thing]:
    yield Thing("a")


async def parts() -> Bird:
    return Bird(name="a")


def test_what_is_not_known_is_left_to_fastapi() -> None:
    router = APIRouter(route_class=JsonRoute)

    expected = {
        "tasks": "background tasks",
        "form": "several body parameters",
        "several": "several body parameters",
        "embedded": "several body parameters",
        "names": "a parameter of several values",
        "model": "a parameter of several values",
        "checked": "a default that is validated",
        "stream": "a stream of items",
        "sync": "the endpoint is no coroutine function",
        "needs_sync": "sync is no async function",
        "parts": "parts of its response are left out",
    }
    endpoints: tuple[Callable[..., Any], ...] = (
        *(tasks, form, several, embedded, names, model, checked, stream, sync, needs_sync),
    )
    for number, endpoint in enumerate(endpoints):
        router.add_api_route(f"/{number}", endpoint, methods=["POST"])
    router.add_api_route("/parts", parts, response_model_exclude_none=True)
    app = FastAPI(openapi_url=None)
    app.include_router(router)

    assert left_out(app) == expected


async def test_a_traceback_shows_the_line_that_called() -> None:
    traces: Events = []

    def declare(router: APIRouter, events: Events) -> None:
        @router.get("/things")
        async def get_things() -> Thing:
            traces.append("".join(traceback.format_stack()))
            return Thing("a")

    async with pair(declare) as both:
        await both.send("GET", "/v1/things", is_compiled=True)

    assert "value = await endpoint()" in traces[0]


async def test_a_defect_is_a_problem() -> None:
    def declare(router: APIRouter, events: Events) -> None:
        @router.get("/things")
        async def get_things() -> Thing:
            raise ZeroDivisionError

    async with pair(declare) as both:
        response = await both.compiled.client.get("/v1/things")

    assert response.json()["code"] == "internal_error"
