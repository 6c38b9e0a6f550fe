"""JSON that PostgreSQL has built: it passes through this process as the bytes that it is."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from psycopg.abc import AdaptContext
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Json(Generic[T]):
    """A JSON text of the shape `T`, as a statement returned it: a response body, or a part of one.

    The checker proves the shape of what the statement builds against `T`.
    """

    text: bytes


class _TextLoader(Loader):
    """For `json` in either format, and for `jsonb` as text."""

    def load(self, data: Buffer) -> Json[object]:
        return Json(bytes(data))


class _BinaryLoader(_TextLoader):
    format = Format.BINARY


class _BinaryJsonbLoader(Loader):
    """For `jsonb` in binary: a byte that tells the version, then the text."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Json[object]:
        return Json(bytes(data)[1:])


def register_json(context: AdaptContext) -> None:
    """Let JSON arrive as `Json` on this connection or cursor, and not as objects of Python."""
    context.adapters.register_loader("json", _TextLoader)
    context.adapters.register_loader("jsonb", _TextLoader)
    context.adapters.register_loader("json", _BinaryLoader)
    context.adapters.register_loader("jsonb", _BinaryJsonbLoader)
