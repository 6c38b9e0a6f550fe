"""`[tool.sqlcheck]` in pyproject.toml.

[tool.sqlcheck]
registry = "src.database:statements"      # where statements collect when modules are imported
modules = ["src.*"]                       # what to import; `.*` is everything below
sources = ["src"]                         # Python to look through for doors and empty bodies
migrate = "python -m alembic upgrade head"
url_variable = "DATABASE__URL"
small_tables = ["country"]                # may be read from end to end
tenant_column = "applet_id"               # pinned by every statement on a tenant's table
tenant_comment = "store"                  # how the comment of such a table starts
store_version = 15                        # the oldest PostgreSQL that such a table may be on
ordered = true                            # every list has an ORDER BY that ends in a unique key

[tool.sqlcheck.doors]                     # who may import a driver
psycopg = ["src/database/*"]
"""

import importlib
import pkgutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlcheck.session import Options
from sqlcheck.statement import StatementLike


@dataclass(frozen=True, slots=True)
class Config:
    registry: str = ""
    modules: Sequence[str] = ()
    sources: Sequence[str] = ()
    migrate: str = ""
    url_variable: str = "DATABASE_URL"
    small_tables: Sequence[str] = ()
    tenant_column: str = ""
    tenant_comment: str = "store"
    store_version: int = 0
    ordered: bool = False
    doors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def options(self) -> Options:
        return Options(
            small_tables=frozenset(self.small_tables),
            tenant_column=self.tenant_column,
            tenant_comment=self.tenant_comment,
            store_version=self.store_version,
            ordered=self.ordered,
        )


def read_config(path: Path = Path("pyproject.toml")) -> Config:
    """The project's settings; an unknown key raises TypeError."""
    if not path.is_file():
        return Config()
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    return Config(**table.get("sqlcheck", {}))


def import_modules(names: Iterable[str]) -> None:
    """Import modules, so that their statements register; `package.*` means all below it."""
    for name in names:
        for each in _expanded(name):
            importlib.import_module(each)


def _expanded(name: str) -> Iterator[str]:
    if not name.endswith(".*"):
        yield name
        return
    package = importlib.import_module(name.removesuffix(".*"))
    yield package.__name__
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            yield found.name


def registered(registry: str) -> list[StatementLike]:
    """The list that `module:name` stands for."""
    module, _, name = registry.partition(":")
    if not name:
        raise SystemExit("sqlcheck: say where statements collect: --registry module:name")
    found: list[StatementLike] = getattr(importlib.import_module(module), name)
    return list(found)
