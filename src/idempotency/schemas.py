"""What is kept of a request, and of its answer."""

import json
from dataclasses import dataclass
from typing import Self

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key. Both parts are keyed hashes: they tell nothing of caller or body."""

    key: bytes
    """Who asks for which operation under which key."""
    fingerprint: bytes
    """What is asked, to the byte."""


@dataclass(slots=True)
class KeptSecret:
    """What a key has been used for. `answer` is sealed; None while the request is under way."""

    fingerprint: bytes
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class AnswerSecret:
    """An answer that may be given again. It may hold tokens, so it is sealed where it is kept."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def packed(self) -> bytes:
        head = [
            self.status,
            [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers],
        ]
        return json.dumps(head).encode() + b"\n" + self.body

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        head, _, body = packed.partition(b"\n")
        status, headers = json.loads(head)
        return cls(
            status=status,
            headers=tuple(
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ),
            body=body,
        )
