"""Results as tables on a terminal, as JSON, and as a chart."""

import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench import processes
from bench.figures import OURS, Line
from bench.growth import Cost
from bench.processes import ROOT

_PEER_PACKAGES = ("sqlalchemy", "asyncpg", "sqlmodel", "pyjwt")
_PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "psycopg", "pydantic")


def facts(url: str) -> dict[str, Any]:
    """The machine and the versions: what a figure cannot be read without. No name, no path."""
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'),"
            " current_setting('synchronous_commit'), current_setting('shared_buffers')"
        ).fetchone()
    server, fsync, commit, buffers = row or ("", "", "", "")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": server,
        "fsync": fsync,
        "synchronous_commit": commit,
        "shared_buffers": buffers,
        "packages": {name: _version(name) for name in _PACKAGES},
        "peers": _peers(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor())


def _peers() -> dict[str, str]:
    """The versions that peers have and the service has not."""
    locked = (ROOT / "requirements-bench.lock").read_text().splitlines()
    pinned = dict(line.split(" ")[0].split("==") for line in locked if "==" in line)
    package = json.loads((ROOT / "bench" / "peers" / "fastify" / "package.json").read_text())
    node = shutil.which("node")
    return {
        **{name: pinned[name] for name in _PEER_PACKAGES},
        **package["dependencies"],
        "node": processes.run([node, "--version"]).strip().removeprefix("v") if node else "none",
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their titles; the first to the left, the others to the right."""
    widths = [max(len(row[n]) for row in [headers, *rows]) for n in range(len(headers))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(headers), line(["-" * width for width in widths]), *map(line, rows)])


def endpoint_table(title: str, lines: Sequence[Line], titles: Mapping[str, str]) -> str:
    """One endpoint, a line a contender."""
    headers = ("contender", "req/s", "min..max", "p50 ms", "p99 ms", "API µs", "PG µs", "ours is")
    rows = [
        (
            titles.get(line.contender, line.contender) + (" !" if line.errors else ""),
            f"{line.rate:,.0f}",
            f"{line.least:,.0f}..{line.most:,.0f}",
            number(line.p50),
            number(line.p99),
            number(line.api_us, 0),
            number(line.postgres_us, 0),
            "" if line.contender == OURS else f"x {number(line.ratio, 2)}",
        )
        for line in lines
    ]
    notes = [
        f"! {titles.get(line.contender, line.contender)}: {line.errors} answers that were not right"
        for line in lines
        if line.errors
    ]
    return "\n".join([title, table(headers, rows), *notes, ""])


def growth_table(costs: Sequence[Cost]) -> str:
    """A line an endpoint and size; what grows too fast is marked."""
    headers = ("endpoint", "rows", "req/s", "p50 ms", "CPU µs", "CPU ratio", "p50 ratio")
    rows = [
        (
            cost.endpoint + (" !" if cost.is_steep else ""),
            f"{cost.size:,}",
            f"{cost.rate:,.0f}",
            number(cost.p50),
            number(cost.cpu_us, 0),
            number(cost.cpu_ratio, 2),
            number(cost.p50_ratio, 2),
        )
        for cost in costs
    ]
    return table(headers, rows)


def number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def as_json(machine: Mapping[str, Any], options: Mapping[str, Any], results: object) -> str:
    """The whole result. Dataclasses are not known here: pass plain values."""
    whole = {"machine": machine, "options": options, "results": results}
    return json.dumps(whole, indent=1, ensure_ascii=False)


def plain(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [
        {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(line).items()
        }
        for line in lines
    ]
