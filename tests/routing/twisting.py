"""What becomes of a request that is right: other addresses, callers, headers and bodies."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid5

from src.routing.middleware import BODY_MAX
from tests.http import BASE_URL, acting_as, bearer
from tests.routing.requests import JSON, NAMESPACE, Sent, World


def paths(sent: Sent) -> Iterator[Sent]:
    """The address in other words."""
    path, _, query = sent.url.partition("?")
    for other in (
        f"{path}/",
        f"/{path}",
        path.replace("/v1/", "/v1//"),
        path.replace("/v1/", "/v1/%2F"),
        path.replace("/v1/", "/V1/"),
        path.replace("/", "%2F", 2).replace("%2F", "/", 1),
        f"{path}%0A",
        f"{path}%00",
        f"{path}/%C3%A9",
        f"{path};a=b",
        f"/api{path}",
    ):
        yield sent.but(url=f"{other}?{query}" if query else other)
    for given in set(re.findall(r"[0-9a-f-]{36}", path)):
        unknown = uuid5(NAMESPACE, "unknown")
        for other in (
            given.upper(),
            f"%7B{given}%7D",
            f"urn:uuid:{given}",
            given.replace("-", ""),
            str(unknown),
            f"{given}%20",
            given[:-1],
            "null",
            "%00",
            "%ED%A0%80",
            "9" * 400,
        ):
            yield sent.but(url=sent.url.replace(given, other))


def queries(sent: Sent) -> Iterator[Sent]:
    """Other parameters, right ones and wrong ones."""
    path, _, query = sent.url.partition("?")
    for other in (
        "limit=3",
        "limit=2&limit=1",
        "limit=",
        "limit",
        "limit=0",
        "limit=%2B3",
        "limit=+3",
        "limit=3.0",
        f"limit={'9' * 30}",
        f"limit={'9' * 5000}",
        "limit=1;cursor=x",
        "cursor=",
        "cursor=x",
        "cursor=bm90aGluZw",
        "cursor=%00",
        f"cursor={'a' * 501}",
        "cursor=%ff%fe",
        "version=",
        "version=null",
        "format=zip",
        "unknown=1&&=&%=%",
    ):
        yield sent.but(url=f"{path}?{query}&{other}" if query else f"{path}?{other}")
        yield sent.but(url=f"{path}?{other}")


def callers(sent: Sent, world: World) -> Iterator[Sent]:
    """Somebody else, somebody unknown, or nobody."""
    own = {name: value for name, value in sent.headers.items() if name != "Authorization"}
    nobody = sent.but(headers=own)
    yield nobody
    for token in ("", "x", "a.b.c", world.owner.access_token[:-4] + "AAAA", "é"):
        yield nobody.but(headers={**own, **bearer(token)})
    for key in (world.key, f"{world.key[:-1]}*", "core_key_", f"{world.key}A"):
        yield nobody.but(headers={**own, **bearer(key)})
    yield nobody.headed(Authorization="Basic YTpi")
    yield nobody.headed(Authorization=world.owner.access_token)
    yield nobody.but(headers={**own, **acting_as(world.browser)})
    cookie = f"core_at={world.browser.access_token}; core_rt={world.browser.refresh_token}"
    yield nobody.headed(Cookie=cookie)
    yield nobody.headed(Cookie=cookie, Origin=BASE_URL, X_CSRF_Token=world.csrf_token)
    yield nobody.headed(Cookie=cookie, Origin="https://evil.example", X_CSRF_Token="x")
    yield nobody.headed(Cookie="core_at=; core_at=x; ;=")


def headers(sent: Sent) -> Iterator[Sent]:
    """Other headers."""
    for media in ("text/plain", "application/json; charset=utf-16", "application/x+json", "", "/"):
        yield sent.headed(Content_Type=media)
    yield sent.headed(Content_Encoding="gzip")
    yield sent.headed(Content_Encoding="identity")
    yield sent.headed(Expect="100-continue")
    yield sent.headed(Content_Length="x")
    yield sent.headed(Content_Length=str(2**21))
    for etag in ("", "*", '"1"', 'W/"1"', '"x", *', "é", "9" * 40):
        yield sent.headed(If_Match=etag, If_None_Match=etag)
    yield sent.but(headers={k: v for k, v in sent.headers.items() if k != "If-Match"})


ODD: list[Any] = [
    *(None, True, 1, -0.0, 10**30, float("nan"), float("inf")),
    *("", " ", "\0", "\ud800", "é", "a" * 3000),
    *json.loads('[[], {}, [[]], {"a": null}]'),
]
"""Values that few fields want."""


def bodies(sent: Sent) -> Iterator[Sent]:
    """Other bodies: wrong ones, and right ones that are oddly written."""
    typed = sent.headed(Content_Type=JSON)
    for text in (
        "", " ", "null", "[]", "{}", "0", '"a"', "{", "[1,]", "{'a': 1}", "nothing", "\ufeff{}",
        "NaN", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 20000, "9" * 5000,
    ):  # fmt: skip
        yield typed.but(content=text.encode())
    for raw in (b"\xff", b'{"name": "\xff"}', b"\x00", b'{"name": "\x00"}', b"\xef\xbb\xbf{}"):
        yield typed.but(content=raw)
    if not isinstance(sent.json, dict):
        return
    yield typed.but(content=json.dumps(sent.json, ensure_ascii=False).encode("utf-16"))
    yield typed.but(content=b" " * BODY_MAX + json.dumps(sent.json).encode())
    yield sent.but(json={**sent.json, "unknown": 1})
    for name in sent.json:
        yield sent.but(json={key: value for key, value in sent.json.items() if key != name})
        twice = json.dumps(sent.json)[:-1] + f", {json.dumps(name)}: 1}}"
        yield typed.but(content=twice.encode())
        for value in ODD:
            yield sent.but(json={**sent.json, name: value})


def methods(sent: Sent) -> Iterator[Sent]:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
        yield sent.but(method=method)


KINDS: dict[str, Callable[[Sent, World], Iterator[Sent]]] = {
    "addresses": lambda sent, _: paths(sent),
    "queries": lambda sent, _: queries(sent),
    "callers": callers,
    "headers": lambda sent, _: headers(sent),
    "bodies": lambda sent, _: bodies(sent),
    "methods": lambda sent, _: methods(sent),
}
