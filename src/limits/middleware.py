"""The general limit, of all requests together: counted in this process, without a statement.

It is there only where a setting asks for it; without, no request passes here.
"""

import hashlib
import time
from collections.abc import Awaitable, Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from src import limiter, problems
from src.config import RateSettings
from src.limiter import Finding
from src.limits.exceptions import RateLimited
from src.limits.service import network_of

_CALLERS_MAX = 50_000
"""Callers that a process remembers; who has its whole quota is forgotten first."""


class Quota:
    """A quota that refills evenly, for each caller: GCRA, as `service` has it."""

    def __init__(self, policy: str, quota: int, window: int, *, size: int = _CALLERS_MAX) -> None:
        self.policy = policy
        self.quota = quota
        self.window = window
        self._step = window / quota
        self._size = size
        self._full_at: dict[bytes, float] = {}

    def count(self, caller: bytes, now: float) -> Finding:
        """Count a request at that moment, in seconds; what is refused does not count."""
        full_at = max(self._full_at.get(caller, now), now) + self._step
        excess = full_at - now - self.window
        if excess > 1e-9:
            return Finding(
                self.policy, self.quota, self.window, 0, full_at - self._step - now, excess
            )
        if caller not in self._full_at and len(self._full_at) >= self._size:
            self._full_at = {who: full for who, full in self._full_at.items() if full > now}
            while len(self._full_at) >= self._size:
                del self._full_at[next(iter(self._full_at))]
        self._full_at[caller] = full_at
        left = int((self.window - (full_at - now)) / self._step + 1e-6)
        return Finding(self.policy, self.quota, self.window, left, full_at - now, 0.0)


def quotas(rates: RateSettings) -> list[Quota]:
    """The general quotas that the settings ask for."""
    given = [("api_burst", rates.api_burst, 10), ("api_minute", rates.api_minute, 60)]
    return [Quota(policy, quota, window) for policy, quota, window in given if quota]


class GeneralLimit:
    """Refuses who asks for too much of whatever. A caller is an access token, else an address."""

    def __init__(self, app: ASGIApp, *, quotas: Sequence[Quota]) -> None:
        self.app = app
        self.quotas = quotas

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        caller, now = _caller(scope), time.monotonic()
        for quota in self.quotas:
            finding = quota.count(caller, now)
            limiter.note(finding)
            if not finding.is_allowed:
                refusal = RateLimited.until(finding.retry_after)
                return problems.from_core_error(Request(scope), refusal)(scope, receive, send)
        return self.app(scope, receive, send)


def _caller(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hashlib.blake2b(value, digest_size=16).digest()
    client = scope.get("client")
    return network_of(client[0] if client else "").encode()
