"""Lay out a domain: the standard files around one table, a test, and its place in the contracts.

What it writes passes every check once its router is in `src/main.py` and its table is migrated.
"""

import re
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).parent.parent

FILES = {
    "src/$domain/__init__.py": "",
    "src/$domain/constants.py": '''\
"""Words and limits of $domain."""

from enum import StrEnum


class ErrorCode(StrEnum):
    ${UPPER}_NOT_FOUND = "${thing}_not_found"
''',
    "src/$domain/exceptions.py": '''\
"""What can go wrong with $domain."""

from src.$domain.constants import ErrorCode
from src.exceptions import NotFound


class ${Class}NotFound(NotFound):
    code = ErrorCode.${UPPER}_NOT_FOUND
    message = "There is no such $words, or you may not see it."
''',
    "src/$domain/models.py": '''\
"""${Domain}, for migrations only."""

from sqlalchemy import Column, ForeignKey, Table

from src.models import id_column, instant, metadata

$thing = Table(
    "$thing",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    instant("created_at"),
    comment="core: what a $words is for",
)
''',
    "src/$domain/schemas.py": '''\
"""${Domain} as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

${Class}Id = NewType("${Class}Id", UUID)


@dataclass(slots=True)
class $Class:
    """A $words, as seen by its owner."""

    id: ${Class}Id
    created_at: datetime
''',
    "src/$domain/service.py": '''\
"""What can be done with $domain."""

from src.$domain import exceptions
from src.$domain.schemas import $Class, ${Class}Id
from src.database import Connection, sql
from src.users.schemas import UserId


@sql(
    """
    SELECT $thing.id, $thing.created_at
      FROM $thing
     WHERE $thing.id = %(${thing}_id)s
       AND $thing.account_id = %(user_id)s
    """,
    missing=exceptions.${Class}NotFound,
)
async def get(conn: Connection, *, ${thing}_id: ${Class}Id, user_id: UserId) -> $Class:
    """Return a $words of the user's; to anybody else it does not exist."""
    ...
''',
    "src/$domain/dependencies.py": '''\
"""The $words of a route."""

from typing import Annotated

from fastapi import Depends

from src.$domain import schemas, service
from src.auth.dependencies import CurrentUser
from src.dependencies import Database


async def own_$thing(
    ${thing}_id: schemas.${Class}Id, user: CurrentUser, conn: Database
) -> schemas.$Class:
    return await service.get(conn, ${thing}_id=${thing}_id, user_id=user.id)


Own$Class = Annotated[schemas.$Class, Depends(own_$thing)]
''',
    "src/$domain/router.py": '''\
"""`/v1/$path`."""

from fastapi import APIRouter

from src.$domain import exceptions, schemas
from src.$domain.dependencies import Own$Class
from src.auth.exceptions import InvalidToken
from src.openapi import private_problems
from src.routing import Route

router = APIRouter(prefix="/$path", tags=["$path"], route_class=Route)


@router.get(
    "/{${thing}_id}",
    summary="Show a $words",
    responses=private_problems(exceptions.${Class}NotFound, InvalidToken),
)
async def get_$thing($thing: Own$Class) -> schemas.$Class:
    """Shows one of your own."""
    return $thing
''',
    "tests/$domain/__init__.py": "",
    "tests/$domain/test_router.py": """\
from uuid import uuid4

from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.http import acting_as, problem


async def test_an_unknown_${thing}_is_not_found(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.get(f"/v1/$path/{uuid4()}", headers=acting_as(ann))

    problem(response, 404, "${thing}_not_found")
""",
}

NEXT = """\
Next:
  1. say in src/$domain/models.py what a $words is, then: just mm "create $thing"
  2. say in src/permissions.py who may do what: "get_$thing": user("each sees their own")
  3. add the router of src.$domain to src/main.py, and a request to tests/authorisation/samples.py
  4. move "$domain" to its step in the first contract of pyproject.toml
  5. just fmt reference check
"""


def main(domain: str, thing: str) -> None:
    for name in (domain, thing):
        if not re.fullmatch(r"[a-z][a-z_]*", name):
            sys.exit(f"{name}: lower-case letters and underscores, please.")
    words = {
        "domain": domain,
        "Domain": domain.replace("_", " ").capitalize(),
        "path": domain.replace("_", "-"),
        "thing": thing,
        "words": thing.replace("_", " "),
        "Class": thing.title().replace("_", ""),
        "UPPER": thing.upper(),
    }
    if (ROOT / "src" / domain).exists():
        sys.exit(f"src/{domain} is there already.")
    for name, text in FILES.items():
        path = ROOT / Template(name).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words))
    enter_contracts(domain)
    sys.stdout.write(Template(NEXT).substitute(words))


def enter_contracts(domain: str) -> None:
    """Put the domain on the highest step, and among those that the core does not know."""
    path = ROOT / "pyproject.toml"
    text = path.read_text()
    for marker, entry in (
        ('containers = ["src"]\nlayers = [\n', domain),
        ("forbidden_modules = [\n", f"src.{domain}"),
    ):
        if marker not in text:
            sys.exit(f"pyproject.toml has no place for a contract entry: {marker!r}")
        text = text.replace(marker, f'{marker}    "{entry}",\n', 1)
    path.write_text(text)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Which name? In the plural, such as: just new-domain badges")
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else sys.argv[1].removesuffix("s"))
