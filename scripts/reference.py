"""What the code says of itself: settings, problem codes, permissions, the OpenAPI document.

With `--check` nothing is written; the files that are not as they would be written are named.
"""

import importlib
import json
import pkgutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefinedType

import src
from scripts.schema import schema
from src.config import Section, Settings
from src.exceptions import CoreError, ErrorCode
from src.main import create_app
from src.permissions import PERMISSIONS
from src.problems import TYPE_PREFIX

ROOT = Path(__file__).parent.parent
WIDTH = 100

CLASSLESS = {
    ErrorCode.METHOD_NOT_ALLOWED: (405, "This address does not take that method."),
    ErrorCode.MALFORMED_JSON: (400, "The body is not JSON."),
}
"""Codes that are answered without an exception of ours."""


def main(arguments: list[str]) -> None:
    app = create_app(Settings.model_construct())
    written = {
        "docs/reference/openapi.json": json.dumps(app.openapi(), indent=1, ensure_ascii=False)
        + "\n",
        "docs/reference/configuration.md": configuration(),
        "docs/reference/errors.md": errors(),
        "docs/reference/permissions.md": permissions(app),
        "docs/reference/schema.md": schema(),
        ".env.example": env_example(),
    }
    check_env(written[".env.example"])
    stale = [name for name, text in written.items() if not is_written(ROOT / name, text)]
    if "--check" in arguments:
        if stale:
            sys.exit(f"Not as the code has it: {', '.join(stale)}. `just reference` writes them.")
        return
    for name in stale:
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written[name], encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")


def is_written(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def settings(
    model: type[BaseModel] = Settings, prefix: str = ""
) -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its name in the environment, in the order of `src/config/`."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from settings(kind, f"{prefix}{name.upper()}__")
        elif get_origin(kind) is dict:
            yield f"{prefix}{name.upper()}", field
            yield from settings(get_args(kind)[1], f"{prefix}{name.upper()}__{ANY}__")
        else:
            yield f"{prefix}{name.upper()}", field


def described(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"{name} has no docstring")
    return " ".join(field.description.split())


def value(field: FieldInfo) -> str:
    """The default as the environment would give it; empty where there is none."""
    default = field.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    match default:
        case None | PydanticUndefinedType():
            return ""
        case dict():
            return json.dumps(default)
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
        case Enum():
            return str(default.value)
        case _:
            return str(default)


def allowed(field: FieldInfo) -> str:
    """What may be given, in words."""
    kinds = [kind for kind in members(field.annotation) if kind is not type(None)]
    words = [", ".join(choices(kind)) or NAMES.get(kind, "text") for kind in kinds]
    limits: dict[str, Any] = {}
    for limit in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if (bound := getattr(limit, name, None)) is not None:
                limits[name] = bound
    lower = f"from {limits['ge']}" if "ge" in limits else ""
    lower = f"above {limits['gt']}" if "gt" in limits else lower
    upper = f"to {limits['le']}" if "le" in limits else ""
    return " ".join(part for part in (" or ".join(words), lower, upper) if part)


ANY = "<NAME>"
"""Stands in a setting's name for what the operator chooses."""
NAMES: dict[object, str] = {
    dict: "JSON object",
    int: "whole number",
    float: "number",
    bool: "`true`, `false`",
    Path: "path",
    SecretStr: "secret",
    tuple: "list, with commas",
}


def members(kind: object) -> tuple[object, ...]:
    if get_origin(kind) in (Union, UnionType):
        return tuple(member for part in get_args(kind) for member in members(part))
    return (get_origin(kind) or kind,) if get_origin(kind) in (tuple, dict) else (kind,)


def choices(kind: object) -> list[str]:
    if get_origin(kind) is Literal:
        return [f"`{choice}`" for choice in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [f"`{choice.value}`" for choice in kind]
    return []


def configuration() -> str:
    lines = [
        "# Configuration",
        "",
        "Settings come from the environment, then from `.env`. An empty value is as good as none.",
        "A setting that is wrong keeps the service from starting, and the message names it.",
        "`.env.example` has them all with their defaults: copy it to `.env` and change what you",
        "need. `just reference` writes this page from `src/config/`.",
        "",
        "| setting | default | may be | what it is |",
        "|---|---|---|---|",
    ]
    for name, field in settings():
        default = f"`{value(field)}`".replace(",", ", ") if value(field) else ""
        lines.append(f"| `{name}` | {default} | {allowed(field)} | {described(name, field)} |")
    return "\n".join(lines) + "\n"


def env_example() -> str:
    lines = [
        "# Every setting, with its default: copy this file to .env and change what you need.",
        "# An empty value is as good as none. `just reference` writes this from src/config/.",
    ]
    section = ""
    for name, field in settings():
        if name.partition("__")[0] != section:
            section = name.partition("__")[0]
            lines.append("")
        lines += [f"# {line}" for line in textwrap.wrap(described(name, field), WIDTH - 2)]
        # One of a name that is still to be chosen is not set by the file.
        lines.append(f"{'# ' if ANY in name else ''}{name}={value(field)}")
    return "\n".join(lines) + "\n"


def check_env(text: str) -> None:
    """Raise unless the file, as it stands, means what no file means."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ".env"
        path.write_text(text, encoding="utf-8")
        given, default = Settings(_env_file=path), Settings(_env_file=None)
    if given != default:
        raise ValueError("The written .env.example does not mean the defaults.")


def errors() -> str:
    lines = [
        "# Problem codes",
        "",
        "Every failure is an RFC 9457 problem (`application/problem+json`). `code` is stable: it",
        f"never changes its meaning, and `type` is `{TYPE_PREFIX}` with the code behind it.",
        "`detail` is a sentence for people; it may change, and may say more than here.",
        "`request_id` and `trace_id` are on the log lines of the request.",
        "",
        "`just reference` writes this page from the exceptions in `src/`.",
    ]
    by_status: dict[int, set[tuple[str, str]]] = {}
    known = set()
    for error in failures():
        by_status.setdefault(error.status, set()).add((str(error.code), error.message))
        known.add(str(error.code))
    for code, (status, sentence) in CLASSLESS.items():
        by_status.setdefault(status, set()).add((str(code), sentence))
        known.add(str(code))
    if unknown := {str(code) for code in ErrorCode} - known:
        raise ValueError(f"Codes that nothing answers with: {', '.join(sorted(unknown))}")
    for status, codes in sorted(by_status.items()):
        lines += ["", f"## {status}", "", "| code | says |", "|---|---|"]
        lines += [f"| `{code}` | {sentence} |" for code, sentence in sorted(codes)]
    return "\n".join(lines) + "\n"


def permissions(app: FastAPI) -> str:
    lines = [
        "# Who may do what",
        "",
        "Every operation of the API, in the order of `PERMISSIONS` in `src/permissions.py`. Why it",
        "is so: [Permissions](../explanation/permissions.md).",
        "",
        "`just reference` writes this page from the table and the routes.",
        "",
        "| operation | method | path | who |",
        "|---|---|---|---|",
    ]
    routes = {context.name: context for context in iter_route_contexts(app.routes)}
    for name, permission in PERMISSIONS.items():
        context = routes[name]
        methods = ", ".join(sorted(context.methods or ()))
        lines.append(
            f"| `{name}` | {methods} | `{context.path_format}` | {permission.sentence()} |"
        )
    return "\n".join(lines) + "\n"


def failures() -> Iterator[type[CoreError]]:
    """Every exception that is an answer."""
    for name in modules():
        importlib.import_module(name)
    waiting: list[type[CoreError]] = [CoreError]
    while waiting:
        error = waiting.pop()
        yield error
        waiting += error.__subclasses__()


def modules() -> Iterator[str]:
    """Every module of ours, but for tables and commands."""
    for module in pkgutil.walk_packages(src.__path__, "src."):
        if not module.name.endswith((".models", ".__main__")):
            yield module.name


if __name__ == "__main__":
    main(sys.argv[1:])
