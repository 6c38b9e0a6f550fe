"""What counting requests needs of the process: the numbers, a key, and a memory of refusals.

The counting itself is `src.limits`. What it finds is noted here for the request under way, whose
answer then tells it (draft-ietf-httpapi-ratelimit-headers, revision 10).
"""

import math
import time
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass

from src import security
from src.config import RateSettings, Settings

Header = tuple[bytes, bytes]

POLICY_FIELD, STATE_FIELD = "RateLimit-Policy", "RateLimit"

_REFUSED_MAX = 10_000
"""Refusals that a process remembers; about a megabyte."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How a caller stands with one rule: what it allows, and what is left. Times in seconds."""

    policy: str
    quota: int
    window: int
    left: int
    full_after: float
    """When all of the quota is there again."""
    retry_after: float
    """When the next request is allowed; 0 if this one was."""

    @property
    def is_allowed(self) -> bool:
        return self.retry_after <= 0


noted: ContextVar[tuple[Finding, ...]] = ContextVar("noted", default=())
"""What the answer of the request under way is to tell."""


def note(finding: Finding) -> None:
    """Let the answer tell this."""
    noted.set((*noted.get(), finding))


def noted_fields() -> list[Header]:
    """What was noted, as headers; it is then forgotten."""
    findings = noted.get()
    noted.set(())
    return fields(*findings)


def fields(*findings: Finding) -> list[Header]:
    """`RateLimit-Policy` and `RateLimit`: an item each for every finding."""
    policies = ", ".join(f'"{each.policy}";q={each.quota};w={each.window}' for each in findings)
    states = ", ".join(
        f'"{each.policy}";r={each.left};t={math.ceil(each.retry_after or each.full_after)}'
        for each in findings
    )
    return [
        (POLICY_FIELD.lower().encode(), policies.encode()),
        (STATE_FIELD.lower().encode(), states.encode()),
    ]


class Refusals:
    """Until when whom was refused: they need not be asked about before. Bounded."""

    def __init__(self, size: int = _REFUSED_MAX) -> None:
        self._size = size
        self._until: dict[bytes, float] = {}

    def left(self, key: bytes) -> float:
        """Seconds that the refusal still lasts; 0 where none is known."""
        until = self._until.get(key)
        if until is None:
            return 0.0
        left = until - time.monotonic()
        if left <= 0:
            del self._until[key]
            return 0.0
        return left

    def add(self, key: bytes, seconds: float) -> None:
        now = time.monotonic()
        if len(self._until) >= self._size:
            self._until = {known: until for known, until in self._until.items() if until > now}
            while len(self._until) >= self._size:
                del self._until[next(iter(self._until))]
        self._until[key] = now + seconds

    def forget(self, key: bytes) -> None:
        self._until.pop(key, None)

    def clear(self) -> None:
        self._until.clear()


class Outcomes:
    """Passwords that this process has seen and not yet said; and what is known of all."""

    def __init__(self) -> None:
        self.is_unusual = False
        self.seen: Counter[str] = Counter()
        """How many were `right` or `wrong`, ever."""
        self._attempts = self._failures = 0
        self._looked_at = -math.inf

    def count(self, *, is_right: bool) -> None:
        self._attempts += 1
        self._failures += not is_right
        self.seen["right" if is_right else "wrong"] += 1

    def are_due(self, seconds: float) -> bool:
        """Whether it is so long since somebody last got True."""
        now = time.monotonic()
        if now - self._looked_at < seconds:
            return False
        self._looked_at = now
        return True

    def take(self) -> tuple[int, int]:
        """Attempts and failures since the last time."""
        taken = self._attempts, self._failures
        self._attempts = self._failures = 0
        return taken


class Limiter:
    """The part of counting that belongs to the process. One an application."""

    def __init__(self, settings: Settings) -> None:
        self.rates: RateSettings = settings.rates
        self.refusals = Refusals()
        self.outcomes = Outcomes()
        self.spares_loopback = settings.environment.is_relaxed and not settings.trusted_proxies
        """Whether callers on this machine are left out of what is counted by address: somebody who
        tries the service, and its tests."""
        self._key = security.keyed_hash(settings.secret_key, b"limits")

    @staticmethod
    def open_key(*parts: str) -> bytes:
        """As `key`, of random ids alone: those need no secret, and outlive a change of it."""
        return security.keyed_hash(b"limits", *(part.encode() for part in parts))

    def key(self, *parts: str) -> bytes:
        """What a subject is known by in the database: 32 bytes that tell nothing of it."""
        return security.keyed_hash(self._key, *(part.encode() for part in parts))
