"""Looking passwords up among those of known breaches, without telling which: by range."""

import asyncio
import hashlib
from collections import Counter

from httpx2 import AsyncBaseTransport, AsyncClient, HTTPError

from src import logs
from src.auth.passwords import normalise

log = logs.get_logger("core_api.auth")

_TIMEOUT = 1.0
_PREFIX = 5


class BreachedPasswords:
    """A list that is asked for all hashes that begin like one; without a `url` nobody is asked.

    Who does not answer in time keeps nobody from choosing a password: it is counted instead.
    """

    def __init__(self, url: str | None, *, transport: AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport
        self.asked: Counter[str] = Counter()
        """How often a password was `breached` or `unknown`, or there was `no_answer`."""

    async def has(self, password: str) -> bool:
        """Whether the password is on the list. No if the list cannot be asked."""
        if self._url is None:
            return False
        # The list is made with SHA-1; nothing here rests on its strength.
        digest = hashlib.sha1(normalise(password).encode(), usedforsecurity=False).hexdigest()
        prefix, rest = digest[:_PREFIX].upper(), digest[_PREFIX:].upper()
        try:
            found = rest in await self._range(self._url, prefix)
        except (HTTPError, TimeoutError, ValueError) as exc:
            log.warning("breached passwords not looked up", error=type(exc).__name__)
            self.asked["no_answer"] += 1
            return False
        self.asked["breached" if found else "unknown"] += 1
        return found

    async def _range(self, url: str, prefix: str) -> set[str]:
        """What follows in the hashes that begin like this, without padding, which occurred never.

        Raises HTTPError, TimeoutError, and ValueError for an answer that is none.
        """
        async with (
            asyncio.timeout(_TIMEOUT),
            AsyncClient(transport=self._transport) as client,
        ):
            answer = await client.get(f"{url}/{prefix}", headers={"Add-Padding": "true"})
        answer.raise_for_status()
        lines = [line.partition(":") for line in answer.text.split()]
        return {rest.upper() for rest, _, count in lines if int(count) > 0}
