"""Secrets come from the operating system's generator, and the database holds none that opens."""

import ast
import base64
import hashlib
from contextlib import suppress

from httpx2 import AsyncClient

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import Settings
from src.database import Transaction
from tests import factories
from tests.auth.mfa.securing import secure
from tests.conftest import RawConnection
from tests.contracts.test_house import SOURCES
from tests.devices.registering import new_id, registered
from tests.http import acting_as
from tests.secrecy.test_canaries import dumped

WEAK = {"random", "numpy.random", "uuid.uuid1", "uuid.uuid3", "uuid.uuid5"}


def test_nothing_of_ours_imports_a_weak_generator() -> None:
    found: set[tuple[str, str]] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names = [f"{node.value.id}.{node.attr}"]
            found |= {(path.name, name) for name in names if name in WEAK}

    assert len(SOURCES) > 100
    assert found == set()


def spellings(secret: str) -> set[str]:
    """What would stand in a dump for a secret that is kept as it is, as bytes, or unpacked."""
    body = secret.rpartition("_")[2]
    found = {secret, secret.encode().hex()}
    with suppress(ValueError):
        found.add(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))[-32:].hex())
    return found


async def test_a_dump_holds_nothing_that_signs_in(
    client: AsyncClient, conn: Transaction, raw: RawConnection, settings: Settings
) -> None:
    ann = await secure(conn)
    team = await factories.team(conn, owner=ann.user)
    made = await client.post(
        f"/v1/teams/{team.id}/invitations", json={"kind": "link"}, headers=acting_as(ann.user)
    )
    issued = [
        await onetime_service.issue(
            conn,
            settings.secret_key,
            purpose=purpose,
            target=ann.user.email,
            user_id=ann.user.id,
        )
        for purpose in Purpose
    ]
    secrets = {
        ann.user.access_token,
        ann.user.refresh_token,
        ann.user.password,
        ann.seed,
        *ann.recovery_codes,
        *(code.replace("-", "") for code in ann.recovery_codes),
        made.json()["token"],
        await registered(client, new_id(), push_token="one-of-this-device"),
        "one-of-this-device",
        *(each.token for each in issued),
    }

    dump = await dumped(raw)

    assert str(ann.user.id) in dump["table account"]
    for table, text in dump.items():
        for secret in secrets:
            assert not [each for each in spellings(secret) if each in text], table
        # Of a million codes anybody can try all: what is kept of them takes a key.
        for code in (each.code for each in issued):
            for algorithm in ("md5", "sha1", "sha256", "sha512"):
                assert hashlib.new(algorithm, code.encode()).hexdigest() not in text, table
