"""Passwords are kept under Argon2id or not at all: the database itself refuses everything else."""

import hashlib

import psycopg
import pytest
from httpx2 import AsyncClient
from pydantic import ValidationError

from src.config import PasswordHashSettings
from src.database import Connection
from tests import factories
from tests.conftest import Execute, RawConnection
from tests.http import acting_as

PASSWORD = "eleven owls upon a mossy roof"
FAST = [
    PASSWORD,
    "",
    hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest(),
    hashlib.sha256(PASSWORD.encode()).hexdigest(),
    f"salt${hashlib.sha256(PASSWORD.encode()).hexdigest()}",
    "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
    "$5$salt$Gcm6FsVtF/Qa77ZKD.iwsJlCVPY0XSMgLJL0Hnww/c1",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$x",
    "$k=$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$x",
    "x$argon2id$",
    f"$w=sha256,c2FsdA{hashlib.sha256(PASSWORD.encode()).hexdigest()}",
    "$w=$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$x",
    "$w=sha256,c2FsdA$w=sha256,c2FsdA$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$x",
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "pbkdf2_sha256$600000$salt$W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
]


@pytest.mark.parametrize("hashed", FAST)
async def test_the_database_refuses_a_fast_hash(
    conn: Connection, execute: Execute, raw: RawConnection, hashed: str
) -> None:
    ann = await factories.user(conn)

    with pytest.raises(psycopg.errors.CheckViolation, match="password_hash_check"):
        async with raw.transaction():
            await execute("UPDATE password SET hash = %(hash)s", hash=hashed)
    await execute("DELETE FROM password")
    with pytest.raises(psycopg.errors.CheckViolation, match="password_hash_check"):
        async with raw.transaction():
            await execute(
                "INSERT INTO password (account_id, hash) VALUES (%(id)s, %(hash)s)",
                id=ann.id,
                hash=hashed,
            )


@pytest.mark.parametrize(("iterations", "memory_kib"), [(1, 65536), (2, 19 * 1024 - 1), (0, 8)])
def test_settings_cannot_make_it_fast(iterations: int, memory_kib: int) -> None:
    with pytest.raises(ValidationError):
        PasswordHashSettings(iterations=iterations, memory_kib=memory_kib)


async def test_every_way_to_set_a_password_keeps_it_under_argon2id(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    changed = {"current_password": ann.password, "new_password": PASSWORD}
    await execute("DELETE FROM account WHERE id <> %(id)s", id=ann.id)

    response = await client.put("/v1/users/me/password", json=changed, headers=acting_as(ann))
    assert response.status_code == 204, response.text
    response = await client.post(
        "/v1/auth/signup", json={"email": "new@example.org", "password": PASSWORD}
    )
    assert response.status_code == 201, response.text

    kept = [text for (text,) in await execute("SELECT hash FROM password")]
    assert len(kept) == 2
    for text in kept:
        assert text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert PASSWORD not in text
