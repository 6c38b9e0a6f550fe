"""Secrets come from the operating system's generator, and the database holds none that opens."""

import ast
import base64

from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.conftest import RawConnection
from tests.contracts.test_house import SOURCES
from tests.secrecy.test_canaries import dumped

WEAK = {"random", "numpy.random", "uuid.uuid1", "time.clock_seq"}


def test_nothing_of_ours_imports_a_weak_generator() -> None:
    found: set[tuple[str, str]] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {(path.name, name) for name in names if name in WEAK}

    assert len(SOURCES) > 100
    assert found == set()


async def test_a_dump_holds_nothing_that_signs_in(
    client: AsyncClient, conn: Transaction, raw: RawConnection
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    made = await client.post(
        f"/v1/teams/{team.id}/invitations",
        json={"kind": "link"},
        headers={"Authorization": f"Bearer {ann.access_token}"},
    )
    secret_texts = (ann.access_token, ann.refresh_token, made.json()["token"], ann.password)

    dump = await dumped(raw)

    assert str(ann.id) in dump["table account"]
    for table, text in dump.items():
        for secret in secret_texts:
            assert secret not in text, table
            assert secret.encode().hex() not in text, table
        # Nor the part of a refresh token that makes it one.
        body = ann.refresh_token.removeprefix("core_rt_")
        mac = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))[-32:]
        assert mac.hex() not in text, table
