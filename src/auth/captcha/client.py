"""Whether a CAPTCHA was solved: hCaptcha, Turnstile and reCAPTCHA are asked in the same words.

Where the vendor does not answer, or not to us, anybody may pass: else whoever stops the vendor
stops everybody from signing in. The log and a counter say so, and the other limits stay. Nothing
that may come of what the client has sent counts as that: it would be a way past.
"""

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Any

from httpx2 import AsyncBaseTransport, AsyncClient, HTTPStatusError, RequestError

from src import logs
from src.auth.captcha.constants import TIMEOUT, Outcome
from src.config import CaptchaSettings

log = logs.get_logger("core_api.auth")

_OUR_FAULTS = frozenset({"missing-input-secret", "invalid-input-secret"})
"""`sitekey-secret-mismatch` is none: a CAPTCHA that was solved on a page of others gets it."""


class Captcha:
    """One vendor; without settings nobody is asked, and no CAPTCHA is required."""

    def __init__(
        self, settings: CaptchaSettings, *, transport: AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._transport = transport
        self.asked: Counter[str] = Counter()
        """How often each outcome came of asking."""

    @property
    def is_given(self) -> bool:
        return self._settings.is_given

    async def is_solved(self, token: str, *, ip: str) -> bool:
        """Whether the vendor says that this was got by solving its CAPTCHA."""
        outcome = await self._outcome(token, ip)
        self.asked[outcome] += 1
        return outcome is not Outcome.REFUSED

    async def _outcome(self, token: str, ip: str) -> Outcome:
        try:
            said = await self._ask(token, ip)
        except (RequestError, TimeoutError) as exc:
            log.warning("CAPTCHA not looked at", error=type(exc).__name__)
            return Outcome.NO_ANSWER
        except HTTPStatusError as exc:
            status = exc.response.status_code
            log.warning("CAPTCHA not looked at", status=status)
            is_theirs = status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS
            return Outcome.NO_ANSWER if is_theirs else Outcome.REFUSED
        except ValueError:
            log.error("CAPTCHA refused: its vendor says nothing that can be read")
            return Outcome.REFUSED
        if faults := _OUR_FAULTS.intersection(map(str, said.get("error-codes") or ())):
            log.error("CAPTCHA not looked at: see CAPTCHA__SECRET", error=sorted(faults))
            return Outcome.NO_ANSWER
        return Outcome.PASSED if self._is_enough(said) else Outcome.REFUSED

    def _is_enough(self, said: dict[str, Any]) -> bool:
        hosts, score = self._settings.hosts, said.get("score")
        if said.get("success") is not True or (hosts and said.get("hostname") not in hosts):
            return False
        # The third version of reCAPTCHA leaves it to us: 1 is a person for sure. hCaptcha's score
        # is the other way round, and has been looked at already.
        is_scored = self._settings.provider == "recaptcha" and isinstance(score, int | float)
        return not is_scored or float(str(score)) >= self._settings.score

    async def _ask(self, token: str, ip: str) -> dict[str, Any]:
        """Raises RequestError, HTTPStatusError, TimeoutError, and ValueError for no answer."""
        sent = {"secret": self._settings.secret_text, "response": token, "remoteip": ip}
        async with (
            asyncio.timeout(TIMEOUT),
            AsyncClient(transport=self._transport) as client,
        ):
            answer = await client.post(self._settings.address, data=sent)
        answer.raise_for_status()
        said = answer.json()
        if not isinstance(said, dict):
            raise ValueError("no answer to what was asked")
        return said
