"""Passwords: which are good enough, and hashing that cannot exhaust the machine."""

import asyncio
import os
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from typing import NoReturn, TypeVar

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import HashingError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from src import security
from src.auth.constants import (
    HASH_ITERATIONS_MAX,
    HASH_LANES_MAX,
    HASH_MEMORY_MAX,
    PASSWORD_MAX,
    PASSWORD_MAX_BYTES,
    PASSWORD_MIN,
    PASSWORD_MIN_BESIDE,
)
from src.auth.imported import recipes
from src.auth.imported.recipes import Recipe
from src.config import PasswordHashSettings
from src.exceptions import Busy, FieldError

T = TypeVar("T")

_DEADLINE = 2.0
"""Seconds that a caller waits for a hash, queue included."""
_DEADLINE_OF_IMPORTED = 10.0
"""For one that another system has made, of costs that were not ours to choose."""
_QUEUE_PER_THREAD = 20
_REFUSAL_SECONDS = 1.5
_REFUSED_MAX = 1_000
"""How long those wait whom no thread can take, and how many of them at a time."""
_NICENESS = 19
"""How much threads of hashes give way: a sixtieth of a core beside one that answers."""
_CONTEXT_MIN = 4
_SHORT_PIECE = 4
_COMMON = frozenset(FREQUENCY_LISTS["passwords"])


def normalise(password: str) -> str:
    """The same password typed on another keyboard is the same password (NFKC); never trimmed."""
    return unicodedata.normalize("NFKC", password)


def is_short(password: str) -> bool:
    """Whether it is enough only beside a second factor."""
    return has_fewer(password, PASSWORD_MIN)


def has_fewer(password: str, minimum: int) -> bool:
    """Whether it has fewer characters than that."""
    return len(normalise(password)) < minimum


def too_short_for_all(pointer: str) -> FieldError:
    """What is wrong with a password that is too short, whosever it is going to be."""
    detail = (
        f"Use at least {PASSWORD_MIN} characters;"
        f" beside a second factor, {PASSWORD_MIN_BESIDE} are enough."
    )
    return FieldError(pointer, "password_too_short", detail)


def mistakes(
    password: str,
    *,
    context: Iterable[str],
    pointer: str = "/password",
    minimum: int = PASSWORD_MIN,
) -> list[FieldError]:
    """Why this password may not be taken; empty if it may. `context` is what anyone can guess.

    `pointer` is where it stands in the payload; `minimum` is less beside a second factor.
    """

    def error(code: str, detail: str) -> FieldError:
        return FieldError(pointer, code, detail)

    normal = normalise(password)
    if len(normal) < minimum:
        return [error("password_too_short", f"Use at least {minimum} characters.")]
    if not is_hashable(normal):
        return [error("password_too_long", f"Use at most {PASSWORD_MAX} characters.")]
    folded = normal.casefold()
    if any(len(word) >= _CONTEXT_MIN and word.casefold() in folded for word in context):
        return [error("password_contains_context", "Leave out your name and your email.")]
    if _is_guessable(folded):
        return [breached(pointer)]
    return []


def breached(pointer: str) -> FieldError:
    """What is wrong with a password that attackers know."""
    return FieldError(
        pointer, "password_breached", "This is among the first passwords attackers try."
    )


def _is_guessable(folded: str) -> bool:
    """Whether it is in the list, a run such as `abcdef...`, or one short or listed piece repeated.

    Only what takes no time on any input: this is asked by anyone who likes, on the event loop.
    """
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    if folded in _COMMON or len(steps) == 1:
        return True
    for size in range(1, len(folded) // 2 + 1):
        piece = folded[:size]
        if (piece * (len(folded) // size + 1)).startswith(folded):
            return size <= _SHORT_PIECE or piece in _COMMON
    return False


def is_hashable(normal: str) -> bool:
    """Whether the password is within what is ever hashed."""
    return len(normal) <= PASSWORD_MAX and len(normal.encode()) <= PASSWORD_MAX_BYTES


class Hasher:
    """Argon2id in a bounded pool of threads: past its queue, callers are told to come back.

    A hash is kept as argon2 spells it; with a pepper, `$k=<its id>` stands before that, and then
    `$w=<recipe>` where it is of another system's digest of the password, not of the password.
    """

    def __init__(self, settings: PasswordHashSettings) -> None:
        threads = settings.threads or os.cpu_count() or 1
        self._argon2 = PasswordHasher(
            time_cost=settings.iterations, memory_cost=settings.memory_kib, parallelism=1
        )
        self._peppers = _peppers(settings)
        self._pepper = next(iter(self._peppers), "")
        imported = settings.imported_pepper
        self._imported_pepper = imported.get_secret_value() if imported else ""
        self._threads = ThreadPoolExecutor(
            threads, thread_name_prefix="argon2", initializer=_give_way
        )
        self._places = threads * _QUEUE_PER_THREAD
        self._refused = 0
        # Verified where there is no account, so that an answer takes as long as with one.
        self._dummy = self._hash("no account has this password")

    async def hash(self, password: str) -> str:
        return await self._run(self._hash, normalise(password))

    async def wrap(self, recipe: Recipe, digest: bytes) -> str:
        """Hash what another system has kept of a password.

        For who hashes many one after the other: they wait as long as it takes.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hash, digest.hex(), f"$w={recipe}"
        )

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password fits the hash. Takes as long when there is none."""
        normal = normalise(password)
        if not is_hashable(normal) or not is_hashable(password):
            normal = password = ""  # takes the time, fits nothing
        deadline = _DEADLINE_OF_IMPORTED if hashed and _parts(hashed)[1] else _DEADLINE
        fits = await self._run(
            self._verify, hashed or self._dummy, normal, password, deadline=deadline
        )
        # Others may have had empty passwords, which is what is tried for one that is too long.
        return fits and hashed is not None and password != ""

    def needs_rehash(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than today's, or pepper, or elsewhere."""
        pepper, recipe, plain = _parts(hashed)
        return pepper != self._pepper or bool(recipe) or self._argon2.check_needs_rehash(plain)

    async def measure(self) -> float:
        """How many seconds one hash takes on this machine."""
        return await self._run(self._timed, "how long does this take")

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _hash(self, normal: str, recipe: str = "") -> str:
        hashed = self._argon2.hash(self._peppered(self._pepper, normal))
        return f"$k={self._pepper}{recipe}{hashed}" if self._pepper else f"{recipe}{hashed}"

    def _verify(self, hashed: str, normal: str, typed: str) -> bool:
        pepper, recipe, plain = _parts(hashed)
        try:
            if not _is_affordable(plain):
                return False
            if recipe:
                made = recipes.parse(recipe).digest(typed, pepper=self._imported_pepper)
                normal = made.hex()
            return self._argon2.verify(plain, self._peppered(pepper, normal))
        # A ValueError is of a hash or of a recipe that is none, or asks for too much.
        except (VerificationError, HashingError, LookupError, ValueError):
            return False

    def _timed(self, normal: str) -> float:
        started = time.perf_counter()
        self._hash(normal)
        return time.perf_counter() - started

    def _peppered(self, pepper: str, normal: str) -> str:
        """What is hashed: without the key, nobody can try passwords. Raises LookupError."""
        if not pepper:
            return normal
        return security.keyed_hash(self._peppers[pepper], b"password", normal.encode()).hex()

    async def _refuse(self) -> NoReturn:
        """Raise Busy, after a moment: whoever is refused at once comes again at once."""
        if self._refused < _REFUSED_MAX:
            self._refused += 1
            try:
                await asyncio.sleep(_REFUSAL_SECONDS)
            finally:
                self._refused -= 1
        raise Busy()

    async def _run(self, function: Callable[..., T], *args: str, deadline: float = _DEADLINE) -> T:
        if self._places <= 0:
            await self._refuse()
        self._places -= 1
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, function, *args
                )
        except TimeoutError as exc:
            raise Busy() from exc
        finally:
            self._places += 1


def _give_way() -> None:
    """Let the threads of hashes give way: they fill whole cores, which answers need too."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _peppers(settings: PasswordHashSettings) -> dict[str, bytes]:
    """The keys by their ids, the one for new hashes first."""
    if settings.peppers is None:
        return {}
    parts = [part.partition(":") for part in settings.peppers.get_secret_value().split(",")]
    return {name: key.encode() for name, _, key in parts}


def _parts(hashed: str) -> tuple[str, str, str]:
    """The id of the pepper, the recipe of another system, or nothing, and the hash of argon2's."""
    pepper, hashed = _without("$k=", hashed)
    recipe, plain = _without("$w=", hashed)
    return pepper, recipe, plain


def _without(prefix: str, hashed: str) -> tuple[str, str]:
    """What stands behind the prefix, or nothing where it is not there, and the rest."""
    if not hashed.startswith(prefix):
        return "", hashed
    value, _, rest = hashed.removeprefix(prefix).partition("$")
    return value, f"${rest}"


def _is_affordable(plain: str) -> bool:
    """Whether verifying a hash costs no more than we let ours cost. Raises InvalidHashError."""
    cost = extract_parameters(plain)
    return (
        cost.type is Type.ID
        and cost.memory_cost <= HASH_MEMORY_MAX
        and cost.time_cost <= HASH_ITERATIONS_MAX
        and cost.parallelism <= HASH_LANES_MAX
    )
