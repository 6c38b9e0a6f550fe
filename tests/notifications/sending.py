"""Ways out for tests: the settings of each, and a gateway that takes SMS."""

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
from src.notifications.client import Clients, SmsClient

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
