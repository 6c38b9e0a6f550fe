"""How other systems write their hashes down. `docs/how-to/import-users.md` lists them."""

import base64
import binascii
import re

from src.auth.imported.recipes import Kind, Recipe, UnknownHash

Read = tuple[Recipe, bytes]
"""The recipe, and what it has made of the password."""
Found = dict[str, str]

_B64 = r"[A-Za-z0-9+/.]*"
_CODED = rf"\$(?P<coded_salt>{_B64})\$(?P<coded>{_B64})"
_TEXT = r"\$(?P<salt>[^$]*)"
_HEX = r"\$(?P<hex>(?:[0-9a-f]{2})*)"
_NUMBER = "[0-9]{1,10}"

_ARGON2 = [
    re.compile(
        rf"(?:argon2)?\$(?P<kind>argon2(?:id|i|d))\$(?:v=(?P<version>{_NUMBER})\$)?"
        rf"m=(?P<memory>{_NUMBER}),t=(?P<passes>{_NUMBER}),p=(?P<lanes>{_NUMBER}){_CODED}"
    )
]
# What the last letters cannot be, they are in no hash that bcrypt has made.
_BCRYPT = [
    re.compile(
        r"(?:(?P<kind>bcrypt|bcrypt_sha256)\$)?\$2[aby]\$(?P<cost>[0-9]{2})\$"
        r"(?P<salt>[./A-Za-z0-9]{21}[.Oeu])(?P<made>[./A-Za-z0-9]{30}[.CGKOSWaeimquy26])"
    )
]
_SHA = "(?P<sha>sha256|sha512)"
_PBKDF2 = [
    re.compile(rf"\$pbkdf2-{_SHA}\$(?:i=)?(?P<n>{_NUMBER})(?:,l={_NUMBER})?{_CODED}"),
    re.compile(rf"pbkdf2_{_SHA}\$(?P<n>{_NUMBER}){_TEXT}\$(?P<coded>{_B64}=*)"),
    re.compile(rf"pbkdf2:{_SHA}:(?P<n>{_NUMBER}){_TEXT}{_HEX}"),
]
_SCRYPT = [
    re.compile(rf"\$scrypt\$ln=(?P<ln>{_NUMBER}),r=(?P<r>{_NUMBER}),p=(?P<p>{_NUMBER}){_CODED}"),
    re.compile(
        rf"scrypt\$(?P<n>{_NUMBER}){_TEXT}\$(?P<r>{_NUMBER})\$(?P<p>{_NUMBER})\$(?P<coded>{_B64}=*)"
    ),
    re.compile(rf"scrypt:(?P<n>{_NUMBER}):(?P<r>{_NUMBER}):(?P<p>{_NUMBER}){_TEXT}{_HEX}"),
]
_SHA256 = re.compile("[0-9a-f]{64}", re.IGNORECASE)


def read(text: str, *, salt: str | None, is_peppered: bool) -> Read:
    """What a hash says. `salt` is that of a SHA-256, which does not hold its own.

    `is_peppered` says whether those have a pepper too. Raises UnknownHash and CostlyHash.
    """
    if salt is not None:
        if not salt or not _SHA256.fullmatch(text):
            raise UnknownHash
        kind = Kind.SHA256_PEPPERED if is_peppered else Kind.SHA256
        return Recipe(kind, (), salt.encode()), bytes.fromhex(text)
    for patterns, reader in (
        (_ARGON2, _argon2),
        (_BCRYPT, _bcrypt),
        (_PBKDF2, _pbkdf2),
        (_SCRYPT, _scrypt),
    ):
        for pattern in patterns:
            if match := pattern.fullmatch(text):
                return reader({name: value or "" for name, value in match.groupdict().items()})
    raise UnknownHash


def _argon2(found: Found) -> Read:
    made = _made(found)
    version = int(found["version"] or 16)
    costs = (version, *_numbers(found, "memory", "passes", "lanes"), len(made))
    return Recipe(Kind(found["kind"]), costs, _salt(found)), made


def _bcrypt(found: Found) -> Read:
    kind = Kind.BCRYPT_SHA256 if found["kind"] == "bcrypt_sha256" else Kind.BCRYPT
    return Recipe(kind, _numbers(found, "cost"), _salt(found)), found["made"].encode()


def _pbkdf2(found: Found) -> Read:
    made = _made(found)
    kind = Kind(f"pbkdf2-{found['sha']}")
    return Recipe(kind, (*_numbers(found, "n"), len(made)), _salt(found)), made


def _scrypt(found: Found) -> Read:
    made = _made(found)
    if "ln" in found:
        power = int(found["ln"])
    else:
        n = int(found["n"])
        power = n.bit_length() - 1
        if n < 1 or n != 1 << power:
            raise UnknownHash
    return Recipe(Kind.SCRYPT, (power, *_numbers(found, "r", "p"), len(made)), _salt(found)), made


def _numbers(found: Found, *names: str) -> tuple[int, ...]:
    return tuple(int(found[name]) for name in names)


def _salt(found: Found) -> bytes:
    return _decoded(found["coded_salt"]) if "coded_salt" in found else found["salt"].encode()


def _made(found: Found) -> bytes:
    return bytes.fromhex(found["hex"]) if "hex" in found else _decoded(found["coded"])


def _decoded(text: str) -> bytes:
    """Base64 as it comes: padded or not, and with `.` for `+` where passlib has written it."""
    bare = text.rstrip("=").replace(".", "+")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as exc:
        raise UnknownHash from exc
