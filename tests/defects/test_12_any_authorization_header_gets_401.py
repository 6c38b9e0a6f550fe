"""No header is odd enough to fail on: each is a token, or none."""

import random

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.http import problem

draw = random.Random(12)  # noqa: S311  (an order, no secret)

ODD = [
    b"", b" ", b"Bearer", b"Bearer ", b"bearer\t", b"Bearer  ", b"Bearer\xa0x", b"Basic YTpi",
    b"Bearer a b c", b"Bearer ..", b"Bearer a.b.c", b"Bearer " + b"a" * 8000, b"Bearer \xff\xfe",
    b"Bearer null", b"Bearer eyJhbGciOiJub25lIn0.e30.", b"Bearer {}", b"Digest x", b"\x80",
    b"Bearer,Bearer x", b"Bearer:x", b"Token x", b"Bearer=x", b"=", b",", b'Bearer "x"',
]  # fmt: skip


def twisted(header: bytes) -> bytes:
    """The header with some bytes gone, changed or doubled; none that HTTP itself refuses."""
    twisted = bytearray(header)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(twisted))
        kind = draw.randrange(3)
        if kind == 0:
            twisted[place] = draw.randrange(0x20, 0x7F)
        elif kind == 1 and len(twisted) > 1:
            del twisted[place]
        else:
            twisted.insert(place, draw.randrange(0x80, 0x100))
    return bytes(twisted)


@pytest.mark.parametrize("header", ODD)
async def test_an_odd_header_gets_401(client: AsyncClient, header: bytes) -> None:
    for path in ("/v1/users/me", "/v1/auth/session"):
        response = await client.get(path, headers=[(b"authorization", header)])
        problem(response, 401, "invalid_token")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_a_twisted_token_gets_401(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    right = f"Bearer {ann.access_token}".encode()

    for _ in range(300):
        header = twisted(right)
        if header.split(b" ")[-1] == right.split(b" ")[-1]:
            continue  # only the scheme's spelling has changed
        response = await client.get("/v1/users/me", headers=[(b"authorization", header)])
        problem(response, 401, "invalid_token")
