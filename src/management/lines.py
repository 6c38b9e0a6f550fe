"""Files of accounts, as another system has written them: a line is an account, or is refused.

Neither a hash nor anything else that stands in a line is repeated when it is refused: what is said
of it may end up in a log.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from src.auth.imported import recipes, spellings
from src.management.schemas import ImportedUser

_LINE_MAX = 64 * 1024
_FIELD = re.compile("[a-z_]{1,40}")
_FLAGS = {"true": True, "false": False}
_TOO_LONG = "is longer than any account"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that does not come in."""

    number: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.field}: {self.reason}"


@dataclass(frozen=True, slots=True)
class AccountSecret:
    """A line that may come in."""

    number: int
    user: ImportedUser
    password: spellings.Read | None


Line = AccountSecret | Refused


def read(path: Path, *, is_peppered: bool) -> Iterator[list[Line]]:
    """What each line says, by JSON or, in a file of that ending, by CSV: an account, or refusals.

    `is_peppered` says whether hashes of SHA-256 have a pepper. Raises OSError, and ValueError where
    a file of CSV cannot be read on.
    """
    with path.open("rb") as file:
        rows = _csv(file) if path.suffix.lower() == ".csv" else _json(file)
        for number, sent in rows:
            yield _judged(number, sent, is_peppered=is_peppered)


def _json(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_bounded(file), start=1):
        if line is None:
            yield number, _TOO_LONG
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            sent = json.loads(text) if text.strip() else None
        except (ValueError, RecursionError):
            yield number, "is no JSON"
            continue
        if isinstance(sent, dict):
            yield number, sent
        elif sent is not None:
            yield number, "is no object of JSON"


def _csv(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    def lines() -> Iterator[str]:
        for number, line in enumerate(_bounded(file), start=1):
            if line is None:
                raise ValueError(f"line {number}: {_TOO_LONG}")
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as exc:
                raise ValueError(f"line {number}: is no UTF-8") from exc

    reader = csv.DictReader(lines(), strict=True)
    try:
        for row in reader:
            if None in row:
                yield reader.line_num, "has more cells than the first line"
                continue
            sent: dict[str, Any] = {name: value for name, value in row.items() if value}
            if "email_verified" in sent:
                sent["email_verified"] = _FLAGS.get(sent["email_verified"].lower(), "")
            yield reader.line_num, sent
    except csv.Error as exc:
        raise ValueError(f"after line {reader.line_num}: is no CSV") from exc


def _bounded(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines; None for one that is too long to be looked at."""
    while line := file.readline(_LINE_MAX + 1):
        is_bounded = len(line) <= _LINE_MAX
        yield line if is_bounded else None
        while not is_bounded and line and not line.endswith(b"\n"):
            line = file.readline(_LINE_MAX + 1)


def _judged(number: int, sent: dict[str, Any] | str, *, is_peppered: bool) -> list[Line]:
    if isinstance(sent, str):
        return [Refused(number, "line", sent)]
    try:
        user = ImportedUser.model_validate(sent)
    except ValidationError as exc:
        return [_refused(number, error["loc"], error["msg"]) for error in exc.errors()]
    if user.password_hash is None and user.password_salt is not None:
        return [Refused(number, "password_salt", "is there without a `password_hash`")]
    try:
        return [AccountSecret(number, user, _password(user, is_peppered=is_peppered))]
    except ValueError as exc:
        return [Refused(number, "password_hash", str(exc))]


def _password(user: ImportedUser, *, is_peppered: bool) -> spellings.Read | None:
    """Raises ValueError, which says why the hash is refused."""
    text, salt = user.password_hash, user.password_salt
    if text is None:
        return None
    try:
        return spellings.read(text, salt=salt, is_peppered=is_peppered)
    except recipes.CostlyHash as exc:
        raise ValueError("costs too much to check a password against") from exc
    except recipes.UnknownHash as exc:
        kinds = "of a kind that can be checked" if salt is None else "that has a `password_salt`"
        raise ValueError(f"is no hash {kinds}") from exc


def _refused(number: int, place: tuple[int | str, ...], message: str) -> Refused:
    field = str(place[0]) if place else "line"
    return Refused(number, field if _FIELD.fullmatch(field) else "a field", message)
