"""Who takes part: the service and its peers, each a process of its own with one worker."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey

from bench import processes, service
from bench.figures import OURS
from bench.postgres import Server
from bench.processes import ROOT, BenchError
from bench.service import Running

Say = Callable[[str], None]
_ALL = ("read", "read_team", "list", "create", "submit", "login", "refresh")
_FOUR = ("read", "read_team", "list", "create", "submit")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to do the same work. `module` is Python's; without one it is Node's.

    `connections` are the most that it gets, where it comes to a standstill with more.
    """

    name: str
    title: str
    endpoints: tuple[str, ...]
    module: str | None = None
    connections: int | None = None


PEERS = {
    peer.name: peer
    for peer in (
        Peer("bare", "bare ASGI + psycopg pool", _ALL, "bench.peers.bare"),
        Peer("textbook", "FastAPI + psycopg pool", _ALL, "bench.peers.textbook"),
        Peer("orm", "FastAPI + SQLAlchemy async", _ALL, "bench.peers.orm"),
        # Its pool is of 15: with more at a time, threads that wait for a connection leave none
        # to those that have one.
        Peer("template", "FastAPI + SQLModel, sync (15)", _FOUR, "bench.peers.template", 15),
        Peer("fastify", "Fastify + pg", _FOUR),
    )
}


@contextmanager
def running(
    server: Server,
    database: str,
    directory: Path,
    names: list[str],
    say: Say,
    *,
    tree: Path | None = None,
) -> Iterator[dict[str, Running]]:
    """The service and the named peers on a database, by name. A peer that cannot run is left out.

    Their output goes to files in `directory`.
    """
    cache = ROOT / ".data" / "bench"
    with ExitStack() as stack:
        url = server.url_of(database)
        ours = stack.enter_context(service.serving(url, directory / f"{OURS}.log", tree=tree))
        up = {OURS: ours}
        with service.Api(ours.port) as api:
            jwk = api.call("GET", "/.well-known/jwks.json")["keys"][0]
        environ = {
            **processes.plain_environment(),
            "PATH": os.environ.get("PATH", ""),
            "BENCH_DATABASE_URL": url,
            "BENCH_SOCKET": server.socket,
            "BENCH_DATABASE": database,
            "BENCH_PUBLIC_KEY": json.dumps(jwk),
            "BENCH_PUBLIC_PEM": ECKey.import_key(jwk).as_pem(private=False).decode(),
            # Their own tokens are signed by another key: ours is sealed.
            "BENCH_PRIVATE_KEY": json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
            "BENCH_SECRET_KEY": service.SECRET_KEY,
            "NODE_ENV": "production",
        }
        for name in names:
            peer, port = PEERS[name], processes.free_port()
            try:
                command = _python(peer.module, cache) if peer.module else _node(cache)
                up[name] = Running(
                    port,
                    stack.enter_context(
                        processes.server(
                            command,
                            port=port,
                            environ={**environ, "BENCH_PORT": str(port)},
                            log=directory / f"{name}.log",
                        )
                    ),
                )
            except BenchError as exc:
                say(f"{peer.title} is left out: {exc}")
        yield up


def _python(module: str, cache: Path) -> list[str]:
    """The command of a Python peer, in an environment that holds what peers need."""
    venv, lock = cache / "venv", ROOT / "requirements-bench.lock"
    stamp = venv / ".installed"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        uv = os.environ.get("UV", "uv")
        if not (venv / "bin" / "python").exists():
            processes.run([uv, "venv", "--quiet", "--python", ">=3.11", str(venv)])
        processes.run(
            [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(venv), str(lock)]
        )
        stamp.write_text(lock.read_text())
    return [str(venv / "bin" / "python"), "-m", module]


def _node(cache: Path) -> list[str]:
    """The command of the Node peer, in a copy that has its packages."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise BenchError("Node.js and npm are not installed")
    source, place = ROOT / "bench" / "peers" / "fastify", cache / "fastify"
    place.mkdir(parents=True, exist_ok=True)
    for module in source.glob("*.js"):
        shutil.copy(module, place)
    package = (source / "package.json").read_bytes()
    stamp, digest = place / ".installed", hashlib.sha256(package).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.copy(source / "package.json", place)
        processes.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place)]
        )
        stamp.write_text(digest)
    return [node, str(place / "server.js")]
