"""Secrets that are sent and handed out, and where they must not turn up."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from src.security import TOKEN_PREFIX
from tests.authorisation.calling import Answer

SECRET_FIELDS = frozenset(
    {
        *("password", "current_password", "new_password", "token", "refresh_token", "code"),
        *("invitation_token", "captcha_token", "login_code", "code_verifier", "id_token"),
        *("access_token", "device_secret", "ticket", "secret", "otp", "totp", "nonce"),
    }
)
"""Names of fields, of parameters and of parts of an address that hold a secret when they are sent,
and in answers that hand one out."""
PERSONAL_FIELDS = frozenset({"phone", "country_code", "number"})
"""As those, of what is told to nobody else. What is right of it is kept, and read again."""
HANDED_OUT = SECRET_FIELDS | {"csrf_token", "url", "link", "key", "recovery_codes", "otpauth_uri"}
PLANTED = SECRET_FIELDS | PERSONAL_FIELDS
_LONG = 16
"""Shorter ones, such as codes of six digits, turn up by chance."""
_BLOCK = _LONG // 2


@dataclass
class Canaries:
    """What must be nowhere: made up by a test, or handed out by the service."""

    made: set[str] = field(default_factory=set)
    handed_out: set[str] = field(default_factory=set)

    def new(self, prefix: str = "") -> str:
        """Another one, to be sent."""
        canary = f"canary{secrets.token_hex(12)}"
        self.made.add(canary)
        return f"{prefix}{canary}"

    def planted(self, body: object) -> object:
        """A payload whose secrets are canaries."""
        return mapped(body, lambda name, value: self.new() if name in PLANTED else value)

    def headers(self) -> dict[str, str]:
        """Headers that hold canaries wherever a secret may come along."""
        return {
            "authorization": f"Bearer {self.new()}",
            "cookie": f"core_at={self.new()}; core_rt={self.new()}; other={self.new()}",
            "x-csrf-token": self.new(),
            "x-device-secret": self.new(),
            "x-api-key": self.new(),
            "proxy-authorization": f"Basic {self.new()}",
        }

    def query(self) -> str:
        return "&".join(f"{name}={self.new()}" for name in ("token", "code", "access_token"))

    def names(self, names: Iterable[str]) -> dict[str, str]:
        """Those parts of an address that are secrets."""
        return {name: self.new(f"{TOKEN_PREFIX}inv_") for name in names if name in SECRET_FIELDS}

    def harvest(self, answer: Answer) -> None:
        """Remember what an answer hands out: it is for the caller alone."""
        is_json = answer.headers.get("content-type") == "application/json"
        if answer.status < 300 and is_json and answer.body:
            self.remember(answer.json())
        for name, value in answer.headers.items():
            if name == "set-cookie":
                self._add(value.partition("=")[2].partition(";")[0])

    def remember(self, shown: object) -> None:
        for name, value in leaves(shown):
            if name in HANDED_OUT:
                self._add(value)

    def _add(self, value: str) -> None:
        parts = urlsplit(value)
        if parts.scheme in {"http", "https", "otpauth"}:
            found = [each for many in parse_qs(parts.query).values() for each in many]
            candidates = [*found, parts.path.rpartition("/")[2], parts.fragment]
        else:
            candidates = [value]
        self.handed_out |= {each for each in candidates if len(each) >= _LONG and each.isascii()}

    def leaks(self, places: Mapping[str, str]) -> list[str]:
        """Where a secret turns up, as it is or as the bytes of a dump. `places` are texts."""
        kinds = {
            spelled: kind
            for kind, values in (("canary", self.made), ("token", self.handed_out))
            for value in values
            for spelled in (value, value.encode().hex())
        }
        blocks = blocks_of(kinds)
        return [
            f"{kinds[secret]} in {place}: ...{text[max(0, at - 60) : at + 80]!r}"
            for place, text in places.items()
            for secret, at in found(text, blocks)
        ]


def blocks_of(values: Iterable[str]) -> dict[str, set[str]]:
    """What to look for: pieces of the secrets' ends, each with the secrets that have it.

    Wherever a secret stands in a text that is cut into blocks, one of them is a whole piece of its
    end. So a text is read once, not once for each of many thousand secrets.
    """
    pieces: dict[str, set[str]] = {}
    for secret in values:
        end = secret[1 - 2 * _BLOCK :]
        for start in range(_BLOCK):
            pieces.setdefault(end[start : start + _BLOCK], set()).add(secret)
    return pieces


def found(text: str, pieces: Mapping[str, set[str]]) -> Iterator[tuple[str, int]]:
    """The secrets that are in the text, and where."""
    blocks = {text[at : at + _BLOCK] for at in range(0, len(text), _BLOCK)}
    for secret in {each for block in blocks & pieces.keys() for each in pieces[block]}:
        if (at := text.find(secret)) >= 0:
            yield secret, at


def mapped(value: object, change: Callable[[str, str], str], name: str = "") -> object:
    """The same JSON, with each of its texts changed, by the name of its field."""
    if isinstance(value, Mapping):
        return {key: mapped(inner, change, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [mapped(inner, change, name) for inner in value]
    return change(name, value) if isinstance(value, str) else value


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of some JSON, with the name of its field."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif isinstance(value, str):
        yield name, value
