"""Who calls through proxies: what trusted ones say counts, and what anybody else says does not."""

from typing import Any

import pytest
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope, Send

from src.forwarded import Forwarded
from tests.conftest import settings_for

TRUSTED = ("10.0.0.0/8", "2001:db8:ffff::/48", "127.0.0.1")


async def seen(
    peer: str, *headers: tuple[str, str], trusted: tuple[str, ...] = TRUSTED
) -> tuple[str, str]:
    """Address and scheme that the application sees."""
    found: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None: ...

    sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "scheme": "http", "client": (peer, 5000), "headers": sent}
    await Forwarded(app, trusted=trusted)(scope, receive, send)
    return found["client"][0], found["scheme"]


FOR = "X-Forwarded-For"


@pytest.mark.parametrize(
    ("peer", "hops", "caller"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:ffff::1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("::1", "203.0.113.7", "::1"),
        ("testclient", "203.0.113.7", "testclient"),
    ],
)
async def test_the_caller_is_the_last_hop_that_no_trusted_proxy_is(
    peer: str, hops: str, caller: str
) -> None:
    assert (await seen(peer, (FOR, hops)))[0] == caller


async def test_a_header_that_comes_twice_is_one_list() -> None:
    assert (await seen("10.0.0.1", (FOR, "203.0.113.7"), (FOR, "10.0.0.2")))[0] == "203.0.113.7"
    assert (await seen("10.0.0.1", (FOR, "1.1.1.1"), (FOR, "203.0.113.7")))[0] == "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "http, HTTPS", "https"),
        ("10.0.0.1", "javascript", "http"),
        ("198.51.100.1", "https", "http"),
    ],
)
async def test_a_trusted_proxy_says_how_it_was_called(peer: str, said: str, scheme: str) -> None:
    assert (await seen(peer, ("X-Forwarded-Proto", said)))[1] == scheme


def test_trusted_proxies_are_networks(url: str) -> None:
    with pytest.raises(ValidationError, match="is not a list of networks"):
        settings_for(url, trusted_proxies=("10.0.0.1/8",))
