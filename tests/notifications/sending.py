"""Ways out for tests: the settings of each, and a gateway that takes SMS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from src.config import MailingSettings, MailSettings, SmsSettings
from src.database import Transaction
from src.notifications import service
from src.notifications.client import Clients, SmsClient, open_clients
from src.notifications.constants import Template
from src.notifications.schemas import MessageId
from tests import factories
from tests.conftest import Execute, settings_for

LINK = "https://core.example.org/verify?token=core_once_kept-from-everybody"
CODE = "927461"
SMS = SmsSettings(
    account_sid="AC7",
    auth_token=SecretStr("kept for the gateway"),
    from_number="+15005550006",
    base_url="http://gateway.test",
)


def mailing(port: int, **changes: Any) -> MailingSettings:
    """Mail through a server of this machine that speaks no TLS."""
    given: dict[str, Any] = {
        "server": "127.0.0.1",
        "port": port,
        "from_address": "no-reply@core.example.org",
        "from_name": "Birds",
        "timeout": 2.0,
        **changes,
    }
    return MailingSettings(mail=MailSettings(**given))


@asynccontextmanager
async def mute(
    *, after: bytes | None = None, offers: bytes = b""
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that takes connections and answers none: its port, and what it was told.

    With `after`, it is polite until it has been told that, and then hangs up; `offers` is what it
    says it can do.
    """
    heard: list[bytes] = []
    done = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(b"")
        if after is None:
            await done.wait()
        else:
            writer.write(b"220 mail.test\r\n")
            is_content = False
            while line := await reader.readline():
                heard.append(line)
                if line == after:
                    break
                if not is_content:
                    is_content = line == b"DATA\r\n"
                    if line.startswith(b"EHLO") and offers:
                        writer.write(b"250-mail.test\r\n250 " + offers + b"\r\n")
                    elif line.startswith(b"AUTH"):
                        writer.write(b"235 welcome\r\n")
                    else:
                        writer.write(b"354 go on\r\n" if is_content else b"250 OK\r\n")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        done.set()
        server.close()


class Gateway:
    """An SMS gateway: what it was sent, and what it says next."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.authorisation = ""
        self.status = 201
        self.code: int | None = None
        path = f"/2010-04-01/Accounts/{SMS.account_sid}/Messages.json"
        self.app = Starlette(routes=[Route(path, self._take, methods=["POST"])])

    async def _take(self, request: Request) -> JSONResponse:
        async with request.form() as form:
            self.sent.append({name: str(value) for name, value in form.items()})
        self.authorisation = request.headers.get("authorization", "")
        body = {"sid": "SM1"} if self.code is None else {"code": self.code, "message": "no"}
        return JSONResponse(body, self.status)


@asynccontextmanager
async def through(gateway: Gateway) -> AsyncIterator[Clients]:
    """Clients whose SMS go to the gateway, and whose mail goes nowhere."""
    transport = ASGITransport(app=gateway.app)
    async with AsyncClient(transport=transport, base_url=SMS.base_url) as http:
        yield Clients(service="Birds", mail=None, sms=SmsClient(SMS, http), has_outbox=False)


@asynccontextmanager
async def clients_of(url: str, **changes: Any) -> AsyncIterator[Clients]:
    async with open_clients(settings_for(url, **changes)) as clients:
        yield clients


async def write(conn: Transaction, to: str = "ann@example.org", locale: str = "en") -> MessageId:
    return await service.send_mail(
        conn,
        factories.SEALER,
        template=Template.VERIFY_EMAIL,
        to=to,
        locale=locale,
        params={"link": LINK, "code": CODE},
    )


async def attempt(conn: Transaction, clients: Clients, message_id: MessageId, number: int) -> None:
    await service.deliver(conn, factories.SEALER, clients, message_id=message_id, attempt=number)


async def state_of(execute: Execute) -> tuple[str, int, str | None, bool]:
    """State, attempts, the last error, and whether the params are still there."""
    [row] = await execute("SELECT state, attempts, last_error, params IS NOT NULL FROM message")
    return row
