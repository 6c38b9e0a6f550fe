"""The API as a client sees it that does not give up: what it sends again is recognised."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2

PATIENCE = 120.0
"""Seconds that a service may be away."""
_AGAIN = frozenset({429, 502, 503, 504})


class ApiError(Exception):
    """The service answered with a problem that trying again does not solve."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"{response.request.method} {response.request.url}: {response.text}")


class Client:
    """One signed-in user of a service."""

    def __init__(self, url: str, *, connections: int, on_wait: Callable[[str], None]) -> None:
        limits = httpx2.Limits(max_connections=connections)
        self._http = httpx2.AsyncClient(base_url=url, timeout=30, limits=limits, trust_env=False)
        self._on_wait = on_wait
        self._tokens: dict[str, Any] = {}
        self._renewing = asyncio.Lock()

    async def sign_up(self, email: str, password: str) -> None:
        body = {"email": email, "password": password}
        self._tokens = (await self.call("POST", "/v1/auth/signup", body))["tokens"]

    async def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The JSON of the answer. Waits for a service that is away, and renews expired tokens."""
        return (await self.send(method, path, body, headers)).json()

    async def send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        deadline = time.monotonic() + PATIENCE
        pause = 0.1
        while True:
            token = self._tokens.get("access_token")
            sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
            reason = "the service does not answer"
            try:
                response = await self._http.request(method, path, json=body, headers=sent)
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if response.is_success:
                    return response
                if response.status_code == 401 and token:
                    await self._renew(token)
                    continue
                if response.status_code not in _AGAIN or time.monotonic() > deadline:
                    raise ApiError(response)
                reason = f"the service says {response.status_code}"
            self._on_wait(reason)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2.0)

    async def download(self, path: str) -> bytes:
        return (await self.send("GET", path)).content

    async def close(self) -> None:
        await self._http.aclose()

    async def _renew(self, expired: str) -> None:
        async with self._renewing:
            if self._tokens["access_token"] == expired:
                body = {"refresh_token": self._tokens["refresh_token"]}
                response = await self._http.post("/v1/auth/token/refresh", json=body)
                if not response.is_success:
                    raise ApiError(response)
                self._tokens = response.json()["tokens"]
