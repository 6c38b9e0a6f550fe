"""Who calls, where proxies stand between: what trusted ones say, and nobody else.

`X-Forwarded-For` grows at its right-hand end: each proxy adds whom it was called by. From there to
the left, the first address that is no trusted proxy is the caller; what stands further to the left
the caller may have made up.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"
_SCHEMES = {b"http": "http", b"https": "https"}


class Forwarded:
    """Puts the caller's address and scheme into the scope, in place of a trusted proxy's own."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str]) -> None:
        self.app = app
        self.trusted: list[Network] = [ip_network(network) for network in trusted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client") and self._trusts(scope["client"][0]):
            headers: list[tuple[bytes, bytes]] = scope["headers"]
            hops = _listed(value for name, value in headers if name == _FOR)
            if (caller := self._caller(hops)) is not None:
                scope["client"] = (caller, 0)
            schemes = _listed(value for name, value in headers if name == _PROTO)
            if schemes and (scheme := _SCHEMES.get(schemes[-1].lower())) is not None:
                scope["scheme"] = scheme
        await self.app(scope, receive, send)

    def _caller(self, hops: Sequence[bytes]) -> str | None:
        """The right-most hop that is no trusted proxy; the last one known if all of them are.

        A hop that is no address ends the search: whoever wrote it is not to be believed.
        """
        known: Address | None = None
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            known = address
            if not self._trusts(str(address)):
                break
        return None if known is None else str(known)

    def _trusts(self, host: str) -> bool:
        address = _address(host.encode())
        return address is not None and any(address in network for network in self.trusted)


def _listed(values: Iterable[bytes]) -> list[bytes]:
    """The items of a header, which may have come several times."""
    return [item.strip() for value in values for item in value.split(b",") if item.strip()]


def _address(hop: bytes) -> Address | None:
    """The address of a hop, which may have a port; one that is mapped into IPv6 is itself."""
    text = hop.decode("latin-1")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
