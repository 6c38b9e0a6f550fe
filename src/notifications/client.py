"""The ways out: SMTP for mail, an API in the shape of Twilio's for SMS.

What a server says is not repeated, in logs or elsewhere: it may quote the message. Its codes are.
"""

import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

import aiosmtplib
import httpx2

from src.config import MailSettings, Settings, SmsSettings, TlsMode
from src.notifications.exceptions import Refused, Undelivered, Unreachable
from src.notifications.schemas import Envelope

_SMS_SECONDS = 3.0
_FAILURES = 5
_PAUSE_SECONDS = 30.0
_START_TLS: dict[TlsMode | None, bool | None] = {
    "tls": False,
    "starttls": True,
    "none": False,
    None: None,
}
_OF_THE_NUMBER = frozenset({21211, 21214, 21217, 21610, 21612, 21614})
"""Codes of the API that are about who is written to: no such number, no mobile, no longer wanted.
Its other refusals are about ourselves, and are mended by us."""


class Client(Protocol):
    """A way out for one channel."""

    async def send(self, envelope: Envelope) -> None:
        """Hand a message over. Raises Undelivered and Refused."""
        ...


@dataclass(frozen=True, slots=True)
class Clients:
    """The ways out that are set up."""

    service: str
    """What we are called in messages."""
    mail: Client | None
    sms: Client | None
    has_outbox: bool
    """Whether what has no way out stays here to be looked at: `local` and `test` only."""


@asynccontextmanager
async def open_clients(settings: Settings) -> AsyncIterator[Clients]:
    """The ways out that the settings give, for the length of the block."""
    mail, sms = settings.mailing.mail, settings.sms
    async with httpx2.AsyncClient(
        base_url=sms.base_url, timeout=_SMS_SECONDS, trust_env=False, follow_redirects=False
    ) as http:
        yield Clients(
            service=mail.from_name,
            mail=Breaker(MailClient(mail)) if mail.is_given else None,
            sms=Breaker(SmsClient(sms, http)) if sms.is_given else None,
            has_outbox=settings.environment.is_relaxed,
        )


class Breaker:
    """A way out that is left alone for a while once it has not answered five times in a row.

    Its messages fail at once meanwhile, and hold up no other job. Then one is let through.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._failures = 0
        self._closed_until = 0.0

    async def send(self, envelope: Envelope) -> None:
        """As the way out itself, or Undelivered while it is left alone."""
        if self._clock() < self._closed_until:
            raise Undelivered("no answer lately")
        if self._failures >= _FAILURES:
            self._close()  # for the others, while this one tries
        try:
            await self._client.send(envelope)
        except Unreachable:
            self._failures += 1
            if self._failures >= _FAILURES:
                self._close()
            raise
        except Undelivered:
            self._open()
            raise
        self._open()

    def _close(self) -> None:
        self._closed_until = self._clock() + _PAUSE_SECONDS

    def _open(self) -> None:
        self._failures, self._closed_until = 0, 0.0


class MailClient:
    """Mail through one SMTP server, a connection for each."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._tls = settings.tls_mode

    async def send(self, envelope: Envelope) -> None:
        """Hand a mail over. A second time it has the same Message-ID: mailboxes show it once."""
        try:
            message = self._message(envelope)
        except (ValueError, MessageError, IndexError) as exc:
            raise Refused("invalid address") from exc
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else None
        try:
            await aiosmtplib.send(
                message,
                sender=settings.from_address,
                recipients=[envelope.recipient],
                hostname=settings.server,
                port=settings.port,
                local_hostname=settings.from_address.rpartition("@")[2],
                username=settings.username if password else None,
                password=password,
                use_tls=self._tls == "tls",
                start_tls=_START_TLS[self._tls],
                timeout=settings.timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as exc:
            raise _of_code("recipient", min(one.code for one in exc.recipients)) from exc
        except aiosmtplib.SMTPDataError as exc:
            raise _of_code("content", exc.code) from exc
        except aiosmtplib.SMTPNotSupported as exc:
            raise Undelivered("smtp: not supported by the server") from exc
        except aiosmtplib.SMTPResponseException as exc:
            # Sign-in, greeting, sender: that is ours to mend, and the mail can wait.
            raise Undelivered(f"smtp: {exc.code}") from exc
        except (TimeoutError, aiosmtplib.SMTPException, OSError, ssl.SSLError) as exc:
            raise Unreachable(f"smtp: {type(exc).__name__}") from exc

    def _message(self, envelope: Envelope) -> EmailMessage:
        settings, rendered = self._settings, envelope.rendered
        sender = Address(display_name=settings.from_name, addr_spec=settings.from_address)
        message = EmailMessage()
        message["Message-ID"] = f"<{envelope.id}@{sender.domain}>"
        message["Date"] = format_datetime(envelope.created_at)
        message["From"] = sender
        message["To"] = Address(addr_spec=envelope.recipient)
        message["Subject"] = rendered.subject
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(rendered.text)
        message.add_alternative(rendered.html, subtype="html")
        message["Content-Language"] = rendered.language
        return message


def _of_code(stage: str, code: int) -> Undelivered:
    kind = Refused if code >= 500 else Undelivered
    return kind(f"smtp: {code} for the {stage}")


class SmsClient:
    """SMS through one HTTP API. It keeps no count of its own: one sent twice arrives twice."""

    def __init__(self, settings: SmsSettings, http: httpx2.AsyncClient) -> None:
        if settings.account_sid is None or settings.auth_token is None:
            raise ValueError("SMS is not set up")
        self._http = http
        self._path = f"/2010-04-01/Accounts/{settings.account_sid}/Messages.json"
        self._auth = (settings.account_sid, settings.auth_token.get_secret_value())
        self._sender = settings.sender

    async def send(self, envelope: Envelope) -> None:
        """Hand an SMS over."""
        form = {"To": envelope.recipient, "Body": envelope.rendered.text, **self._sender}
        try:
            response = await self._http.post(self._path, data=form, auth=self._auth)
        except httpx2.HTTPError as exc:
            raise Unreachable(f"sms: {type(exc).__name__}") from exc
        if response.is_success:
            return
        code = _code_of(response)
        kind = Refused if code in _OF_THE_NUMBER else Undelivered
        raise kind(f"sms: {response.status_code}, code {code}")


def _code_of(response: httpx2.Response) -> int | None:
    try:
        body = response.json()
    except ValueError:
        return None
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None
