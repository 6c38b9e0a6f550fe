"""The keys that sign access tokens: ES256, named by their thumbprint, private halves sealed."""

import asyncio
import json
import time
from dataclasses import dataclass

from joserfc.jwk import ECKey

from src import logs
from src.auth import service
from src.auth.constants import ALGORITHM, KeyState
from src.auth.schemas import SigningKeySecret
from src.database import Pools
from src.exceptions import Unavailable
from src.security import Sealer, Unsealable

log = logs.get_logger("core_api.auth")

RELOAD_SECONDS = 3.0
"""How old the keys may be that a process goes by: so long a key that was dropped may still count,
and so long the next one is published before it signs."""
_RELOAD_AT_MOST_EVERY = 1.0
_SHARED_FAILURE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key, ready to be stored."""

    kid: str
    public_jwk: dict[str, str]
    private_key: bytes


def make_key(sealer: Sealer) -> NewKey:
    key = ECKey.generate_key("P-256")
    kid = key.thumbprint()
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    private = json.dumps(key.as_dict(private=True)).encode()
    return NewKey(
        kid=kid,
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        private_key=sealer.seal(private, place=_place(kid)),
    )


def _place(kid: str) -> str:
    return f"signing_key.private_key:{kid}"


class KeyRing:
    """The keys as this process knows them, read again now and then, and when one is unknown."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._lock = asyncio.Lock()
        self._loaded_at: float | None = None
        self._failed_at = -_SHARED_FAILURE_SECONDS
        self._active: SigningKeySecret | None = None
        self._signing: tuple[str, ECKey] | None = None
        self._public: dict[str, ECKey] = {}
        self._jwks: list[dict[str, str]] = []
        self.generation = 0
        """Grows when the set of keys changes: what was verified before may not hold any more."""

    async def ensure(self, pools: Pools, *, kid: str | None = None) -> None:
        """Read the keys if they are old, or if `kid` is not among them. Makes the first key.

        Raises Unavailable where that needs a database that is away. Keys that were read once serve
        on meanwhile, and those who wait for a reading share its failure.
        """
        if self.is_fresh(kid):
            return
        async with self._lock:
            if self.is_fresh(kid):
                return
            if time.monotonic() - self._failed_at >= _SHARED_FAILURE_SECONDS:
                try:
                    await self._load(pools)
                except Unavailable:
                    self._failed_at = time.monotonic()
                else:
                    return
            if self._loaded_at is None or (kid is not None and kid not in self._public):
                raise Unavailable()

    def signing_key(self) -> tuple[str, ECKey]:
        """The key that signs, by its id. `ensure` comes first.

        Raises Unavailable where `SECRETS__SECRET_KEY` is not the one that the key was sealed with.
        """
        if self._active is None:
            raise RuntimeError("the signing keys have not been read")
        kid = self._active.kid
        if self._signing is None or self._signing[0] != kid:
            try:
                private = self._sealer.unseal(self._active.private_key, place=_place(kid))
            except Unsealable as exc:
                log.error("SECRETS__SECRET_KEY is not the one that sealed the signing keys")
                raise Unavailable() from exc
            self._signing = kid, ECKey.import_key(json.loads(private))
        return self._signing

    def public_key(self, kid: str) -> ECKey | None:
        return self._public.get(kid)

    def jwks(self) -> list[dict[str, str]]:
        """The public halves, as RFC 7517 lays them down."""
        return self._jwks

    def is_fresh(self, kid: str | None = None) -> bool:
        """Whether the keys were read lately, and `kid` is known or may not be asked again yet."""
        if self._loaded_at is None:
            return False
        age = time.monotonic() - self._loaded_at
        is_known = kid is None or kid in self._public
        return age < (RELOAD_SECONDS if is_known else _RELOAD_AT_MOST_EVERY)

    async def _load(self, pools: Pools) -> None:
        stored = await service.list_signing_keys(pools.deciding.single)
        if not any(key.state == KeyState.ACTIVE for key in stored):
            new = make_key(self._sealer)
            async with pools.write.transaction() as conn:
                await service.add_first_signing_key(
                    conn, kid=new.kid, public_jwk=new.public_jwk, private_key=new.private_key
                )
                stored = await service.list_signing_keys(conn)
        self._take(stored)

    def _take(self, stored: list[SigningKeySecret]) -> None:
        known = self._public
        public = {
            key.kid: known[key.kid] if key.kid in known else ECKey.import_key(dict(key.public_jwk))
            for key in stored
        }
        if public.keys() != self._public.keys():
            self.generation += 1
        self._active = next(key for key in stored if key.state == KeyState.ACTIVE)
        self._public = public
        self._jwks = [key.public_jwk for key in stored]
        self._loaded_at = time.monotonic()
