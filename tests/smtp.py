"""A real SMTP server for tests, which answers as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session

Box = TypeVar("Box", bound="Mailbox")


class Mailbox:
    """What has arrived, and what the server says next: None takes everything."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.to_recipient: str | None = None
        self.to_content: str | None = None
        self.refused = asyncio.Event()
        self.port = 0

    async def handle_RCPT(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient is not None:
            self.refused.set()
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.to_content is not None:
            return self.to_content
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@asynccontextmanager
async def serving(box: Box) -> AsyncIterator[Box]:
    """A server on a free port of this machine, for the length of the block."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.test", loop=loop), "127.0.0.1", 0
    )
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box


def mailbox() -> AbstractAsyncContextManager[Mailbox]:
    """A server that takes everything until it is told otherwise."""
    return serving(Mailbox())


def body(mail: EmailMessage, kind: str) -> str:
    """The part of a mail that is `plain` or `html`."""
    part = mail.get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content
