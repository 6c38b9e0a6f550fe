"""How other systems hash passwords, and what that may cost.

What another system keeps of a password is a digest and the recipe for it. We keep the recipe, and
the digest hashed once more, by Argon2id: whatever the other system was content with, nothing that
is quick to guess by is kept here.

A recipe comes from elsewhere, and says how much memory and time it takes to try a password. So it
is input like any other: what asks for too much is refused, and is never followed.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

import bcrypt
from argon2 import Type
from argon2.low_level import hash_secret_raw

from src.auth.constants import HASH_ITERATIONS_MAX, HASH_LANES_MAX, HASH_MEMORY_MAX

BCRYPT_COST_MIN, BCRYPT_COST_MAX = 4, 15
PBKDF2_ITERATIONS_MAX = 3_000_000
SCRYPT_BYTES_MAX = 512 * 1024 * 1024
"""Memory times lanes: that is what the time goes by."""
_BCRYPT_BYTES = 72
"""What bcrypt looks at of a password. Others have cut it off there, so we do."""
_SALT_MAX = 128
_DIGEST_MIN, _DIGEST_MAX = 16, 64
_SPELLED = re.compile(r"([a-z0-9-]+)((?:,[0-9]{1,10})*),([A-Za-z0-9_-]*)")


class UnknownHash(ValueError):
    """This is no hash of a kind that can be checked."""


class CostlyHash(ValueError):
    """To check a password against this costs more than we let anybody make us pay."""


class Kind(StrEnum):
    """What a password goes through. The costs that each takes are listed beside it."""

    ARGON2ID = "argon2id"  # version, KiB, passes, lanes, bytes that come out
    ARGON2I = "argon2i"  # the same
    ARGON2D = "argon2d"  # the same
    BCRYPT = "bcrypt"  # the cost, as a power of two
    BCRYPT_SHA256 = "bcrypt-sha256"  # the same, of the SHA-256 in hexadecimal
    SCRYPT = "scrypt"  # N as a power of two, r, p, bytes that come out
    PBKDF2_SHA256 = "pbkdf2-sha256"  # iterations, bytes that come out
    PBKDF2_SHA512 = "pbkdf2-sha512"  # the same
    SHA256 = "sha256"  # of password and salt
    SHA256_PEPPERED = "sha256-peppered"  # of password, salt, and a pepper that the settings have


_ARGON2 = {Kind.ARGON2ID: Type.ID, Kind.ARGON2I: Type.I, Kind.ARGON2D: Type.D}
_PBKDF2 = {Kind.PBKDF2_SHA256: "sha256", Kind.PBKDF2_SHA512: "sha512"}
_COSTS = {
    **dict.fromkeys(_ARGON2, 5),
    Kind.BCRYPT: 1,
    Kind.BCRYPT_SHA256: 1,
    Kind.SCRYPT: 4,
    **dict.fromkeys(_PBKDF2, 2),
    Kind.SHA256: 0,
    Kind.SHA256_PEPPERED: 0,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make another system's digest of a password. It is within the bounds."""

    kind: Kind
    costs: tuple[int, ...]
    salt: bytes

    def __post_init__(self) -> None:
        """Raises UnknownHash and CostlyHash."""
        if len(self.costs) != _COSTS[self.kind] or len(self.salt) > _SALT_MAX:
            raise UnknownHash
        if not _makes_sense(self):
            raise UnknownHash
        if not _is_affordable(self):
            raise CostlyHash

    def __str__(self) -> str:
        salt = base64.urlsafe_b64encode(self.salt).decode().rstrip("=")
        return ",".join([self.kind, *map(str, self.costs), salt])

    def digest(self, password: str, *, pepper: str) -> bytes:
        """What the other system would have kept. The password as typed: others change nothing."""
        secret = password.encode()
        if self.kind in _ARGON2:
            version, memory, passes, lanes, size = self.costs
            return hash_secret_raw(
                secret, self.salt, passes, memory, lanes, size, _ARGON2[self.kind], version
            )
        if self.kind is Kind.SCRYPT:
            power, blocks, lanes, size = self.costs
            return hashlib.scrypt(
                secret,
                salt=self.salt,
                n=1 << power,
                r=blocks,
                p=lanes,
                dklen=size,
                maxmem=2 * SCRYPT_BYTES_MAX,
            )
        if self.kind in _PBKDF2:
            iterations, size = self.costs
            return hashlib.pbkdf2_hmac(_PBKDF2[self.kind], secret, self.salt, iterations, size)
        if self.kind is Kind.SHA256:
            return hashlib.sha256(secret + self.salt).digest()
        if self.kind is Kind.SHA256_PEPPERED:
            return hashlib.sha256(secret + self.salt + pepper.encode()).digest()
        if self.kind is Kind.BCRYPT_SHA256:
            secret = hashlib.sha256(secret).hexdigest().encode()
        settings = b"$2b$%02d$" % self.costs[0] + self.salt
        return bcrypt.hashpw(secret[:_BCRYPT_BYTES], settings).removeprefix(settings)


def parse(spelled: str) -> Recipe:
    """The recipe that was spelled so by `str`. Raises UnknownHash and CostlyHash."""
    match = _SPELLED.fullmatch(spelled)
    if match is None:
        raise UnknownHash
    kind, costs, salt = match.groups()
    try:
        return Recipe(
            Kind(kind),
            tuple(int(cost) for cost in costs.split(",")[1:]),
            base64.urlsafe_b64decode(salt + "=" * (-len(salt) % 4)),
        )
    except (CostlyHash, UnknownHash):
        raise
    except (ValueError, binascii.Error) as exc:
        raise UnknownHash from exc


def _makes_sense(recipe: Recipe) -> bool:
    """Whether there is such a hash at all, and one that is long enough to tell passwords apart."""
    costs = recipe.costs
    if recipe.kind in _ARGON2:
        version, memory, passes, lanes, size = costs
        return (
            version in {16, 19}
            and passes >= 1
            and lanes >= 1
            and memory >= 8 * lanes
            and len(recipe.salt) >= 8
            and _DIGEST_MIN <= size <= _DIGEST_MAX
        )
    if recipe.kind in {Kind.BCRYPT, Kind.BCRYPT_SHA256}:
        return costs[0] >= BCRYPT_COST_MIN
    return all(cost >= 1 for cost in costs) and (
        not costs or _DIGEST_MIN <= costs[-1] <= _DIGEST_MAX
    )


def _is_affordable(recipe: Recipe) -> bool:
    costs = recipe.costs
    if recipe.kind in _ARGON2:
        _, memory, passes, lanes, _ = costs
        return (
            memory <= HASH_MEMORY_MAX and passes <= HASH_ITERATIONS_MAX and lanes <= HASH_LANES_MAX
        )
    if recipe.kind in {Kind.BCRYPT, Kind.BCRYPT_SHA256}:
        return costs[0] <= BCRYPT_COST_MAX
    if recipe.kind is Kind.SCRYPT:
        power, blocks, lanes, _ = costs
        return power < 32 and 128 * blocks * lanes << power <= SCRYPT_BYTES_MAX
    if recipe.kind in _PBKDF2:
        return costs[0] <= PBKDF2_ITERATIONS_MAX
    return True
