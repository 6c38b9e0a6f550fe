"""The document tells the truth, and clients can be made of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests import documented
from tests.database import ROOT

APP = documented.application()
DOCUMENT = APP.openapi()
NEEDS_NO_DATABASE = {"ping", "show_login_page"}
SENDS_ON = {"finish_sso", "finish_sso_by_form"}
"""What goes wrong goes back with the browser."""
METHODS = {"get", "put", "post", "delete", "patch"}
Operation = dict[str, Any]


def operations() -> Iterator[tuple[str, Operation]]:
    for path, methods in DOCUMENT["paths"].items():
        assert methods.keys() <= METHODS, path
        for method, operation in methods.items():
            if path.startswith("/v1/"):
                yield f"{method.upper()} {path}", operation


OPERATIONS = dict(operations())


@pytest.fixture(params=list(OPERATIONS.values()), ids=list(OPERATIONS))
def operation(request: pytest.FixtureRequest) -> Operation:
    found: Operation = request.param
    return found


def problems(operation: Operation) -> Iterator[tuple[str, Operation]]:
    for status, response in operation["responses"].items():
        if status >= "400":
            yield status, response


def test_the_written_document_is_what_the_application_says() -> None:
    written = json.loads((ROOT / "docs/reference/openapi.json").read_text())

    assert written == DOCUMENT, "`just reference` writes it"


def test_an_operation_is_known_by_its_functions_name() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]

    assert len(set(ids)) == len(ids) > 10
    assert all(name.isidentifier() and name == name.lower() for name in ids)
    names = {route.endpoint.__name__ for route in routes(APP.routes)}
    assert set(ids) <= names


def routes(found: Any) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner.routes)


def test_an_operation_is_described(operation: Operation) -> None:
    assert operation["summary"]
    assert len(operation["summary"]) <= 60
    assert operation["description"].strip()
    assert len(operation["tags"]) == 1


def test_every_failure_is_a_problem(operation: Operation) -> None:
    listed = dict(problems(operation))
    for status, response in listed.items():
        assert response["content"].keys() == {"application/problem+json"}, status
        schema = response["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}, status


def test_every_listed_failure_names_its_codes(operation: Operation) -> None:
    for status, response in problems(operation):
        examples = response["content"]["application/problem+json"].get("examples", {})
        for code, example in examples.items():
            assert example["value"]["code"] == code
            assert example["value"]["status"] == int(status)
            assert f"`{code}`" in response["description"]


def test_what_needs_a_caller_says_401_and_what_needs_the_database_503() -> None:
    for name, operation in OPERATIONS.items():
        if operation["operationId"] in NEEDS_NO_DATABASE | SENDS_ON:
            continue
        listed = dict(problems(operation))
        assert "503" in listed, name
        if operation["x-permission"]["principal"] != "anonymous":
            assert "401" in listed, name


def test_a_body_that_does_not_fit_is_listed() -> None:
    for name, operation in OPERATIONS.items():
        if "requestBody" in operation:
            assert "422" in operation["responses"], name


def test_nothing_of_the_frameworks_own_failures_is_left() -> None:
    text = json.dumps(DOCUMENT)

    assert "HTTPValidationError" not in text
    assert "ValidationError" not in text


def test_no_answer_in_json_is_left_without_a_shape() -> None:
    """A page that programs may read as JSON says what they get."""
    shapeless = [
        (name, status)
        for name, operation in OPERATIONS.items()
        for status, response in operation["responses"].items()
        if response.get("content", {}).get("application/json", {}).get("schema") == {}
    ]
    assert shapeless == []
    pages = [
        response["content"]["application/json"]["schema"]
        for operation in OPERATIONS.values()
        if "text/html" in (response := operation["responses"].get("200", {})).get("content", {})
        and "application/json" in response["content"]
    ]
    assert pages == [{"$ref": "#/components/schemas/LinkState"}] * 5


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert names <= DOCUMENT["components"]["schemas"].keys()


def test_json_is_snake_case() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert field == field.lower(), (name, field)


def test_payloads_refuse_what_they_do_not_know() -> None:
    for name in ("Signup", "Login", "Refresh", "Logout", "TeamCreate", "AppletCreate"):
        schema = DOCUMENT["components"]["schemas"][name]
        assert schema["additionalProperties"] is False, name


def test_no_secret_has_a_place_in_an_answer() -> None:
    assert not any(name.endswith("Secret") for name in DOCUMENT["components"]["schemas"])
