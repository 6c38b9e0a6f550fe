"""What tests say over HTTP."""

from collections.abc import Mapping
from typing import Any, Protocol

from httpx2 import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from src.security import without_tokens

BASE_URL = "http://test.local"
PROBLEM = "application/problem+json"


class SignedIn(Protocol):
    """Somebody with an access token."""

    @property
    def access_token(self) -> str: ...


def acting_as(user: SignedIn) -> dict[str, str]:
    """The headers by which the user is known."""
    return bearer(user.access_token)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def client_of(app: ASGIApp, *, base_url: str = BASE_URL) -> AsyncClient:
    """A client that speaks to the application directly; a defect answers 500, as in production."""
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    return AsyncClient(transport=transport, base_url=base_url)


def problem(response: Response, status: int, code: str) -> dict[str, Any]:
    """The body of an answer that must be this problem."""
    body = response.json() if response.content else {}
    told = body.get("code") if isinstance(body, dict) else None
    assert (response.status_code, told) == (status, code), (
        f"{response.status_code}: {response.text}"
    )
    assert response.headers["content-type"] == PROBLEM
    assert body["status"] == status
    assert body["type"] == f"urn:core-api:problem:{code}"
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["instance"] == without_tokens(response.url.path)
    return dict(body)


def mistakes(response: Response) -> set[tuple[str, str]]:
    """Pointer and code of everything wrong with a payload."""
    body = problem(response, 422, "validation_failed")
    return {(error["pointer"], error["code"]) for error in body["errors"]}


def without_ids(body: Mapping[str, Any]) -> dict[str, Any]:
    """A problem without what tells one request from another."""
    return {
        name: value
        for name, value in body.items()
        if name not in {"request_id", "trace_id", "instance"}
    }
