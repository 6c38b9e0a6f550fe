"""The data that requests meet: users, teams, and submissions with real answers.

People and teams are made by SQL. The applet and a hundred submissions go through the service's own
API, so that what is stored is what the service stores; SQL then multiplies them. The result is a
database that runs are cloned from, kept until a migration or this file changes.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from argon2 import PasswordHasher
from psycopg import sql

from bench import processes, service
from bench.postgres import Server
from demo import inventory
from src.config import PasswordHashSettings
from src.database import bootstrap

PASSWORD = "seven herons over cold water"  # noqa: S105  (of users that nobody else can reach)
MEMBERS = 1_000
"""Users who belong to the applet's team; the first of them as admins."""
ADMINS = 64
SEATS = 5
"""Members of every other team: an owner and editors."""
_PATTERNS = 100
"""Submissions that go through the API."""
_CHUNK = 250_000
_OWNER = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows of each kind. `exported` are the submissions of the applet that is exported."""

    name: str
    users: int
    teams: int
    submissions: int
    exported: int = 0


SMALL = Size("small", 10_000, 10_000, 10_000, 10_000)
FULL = Size("full", 1_000_000, 100_000, 1_000_000, 100_000)


@dataclass(frozen=True, slots=True)
class Ids:
    """What requests name. `exported` is the applet whose data is downloaded."""

    applet: str
    version: str
    activity: str
    team: str
    exported: str


def email(number: int) -> str:
    """The address of a user; they are numbered from 1, the members of the team first."""
    return f"user{number}@example.org"


def seeded(
    server: Server,
    size: Size,
    log: Path,
    say: Callable[[str], None],
    *,
    tree: Path | None = None,
) -> tuple[str, Ids]:
    """The database of this size, made unless it is there, and what it holds."""
    name = seed_name(size)
    with psycopg.connect(server.url, autocommit=True) as conn:
        rows = conn.execute(
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE starts_with(datname, 'seed_')"
        ).fetchall()
        # What was made otherwise than today, or not to its end, is of no use.
        for found, comment in rows:
            if not found.endswith(_digest()) or not comment:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(found)))
            elif found == name:
                return name, Ids(**json.loads(comment))
    say(f"Making the data of size {size.name}: {size.submissions:,} submissions (kept for later)")
    bootstrap.create_database(server.url, name)
    url = server.url_of(name)
    processes.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        environ={**processes.plain_environment(), "DATABASE__URL": url},
    )
    _add_people(url, size)
    with service.serving(url, log, tree=tree) as running, service.Api(running.port) as api:
        ids = _publish(api, url)
    _multiply(url, size, ids)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM (FREEZE, ANALYZE)")
        conn.execute("CHECKPOINT")
        conn.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(json.dumps(asdict(ids)))
            )
        )
    return name, ids


def seed_name(size: Size) -> str:
    """The database of this size, as today's migrations and this file make it."""
    return f"seed_{size.name}_{_digest()}"


def payload(values: dict[str, int]) -> dict[str, Any]:
    """Answers as the API takes them."""
    return {name: {"value": value} for name, value in values.items()}


def part(ids: Ids, values: dict[str, int]) -> dict[str, Any]:
    """The body that sends answers."""
    return {
        "version_id": ids.version,
        "activity_id": ids.activity,
        "started_at": "2026-11-20T08:00:00Z",
        "ended_at": "2026-11-20T08:05:00Z",
        "zone": "Europe/Berlin",
        "payload": payload(values),
    }


def complete_answers(count: int) -> list[dict[str, int]]:
    """That many real answer sets, of people who answered all 25 items."""
    every = (answers.values for answers in inventory.answer_sets())
    return list(islice((values for values in every if len(values) == 25), count))


def _digest() -> str:
    files = [Path(__file__), *sorted((processes.ROOT / "alembic" / "scripts").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def _add_people(url: str, size: Size) -> None:
    today = PasswordHashSettings()
    hasher = PasswordHasher(time_cost=today.iterations, memory_cost=today.memory_kib, parallelism=1)
    with psycopg.connect(url) as conn:
        _without_triggers(conn)
        conn.execute(
            "INSERT INTO account (email, username, given_name, family_name, status,"
            " email_verified_at)"
            " SELECT 'user' || n || '@example.org', 'user' || n, 'Given' || n, 'Family' || n,"
            "        'active', now()"
            "   FROM generate_series(1, %s) AS n",
            [size.users],
        )
        # Ids are made in order of time, so the n-th is user n's.
        conn.execute(
            "CREATE TABLE bench_person AS"
            " SELECT row_number() OVER (ORDER BY id) AS n, id FROM account"
        )
        conn.execute("ALTER TABLE bench_person ADD PRIMARY KEY (n)")
        conn.execute(
            "INSERT INTO password (account_id, hash) SELECT id, %s FROM bench_person ORDER BY n",
            [hasher.hash(PASSWORD)],
        )
        conn.execute(
            "INSERT INTO session (account_id, transport, refresh_key, auth_methods,"
            "                     idle_expires_at, expires_at, ip_prefix, user_agent)"
            " SELECT id, 'bearer', sha256(id::text::bytea) || sha256(id::text::bytea), '{pwd}',"
            "        now() + interval '21 days', now() + interval '30 days', '192.0.2.0/24',"
            "        'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'"
            "   FROM bench_person ORDER BY n"
        )
        conn.execute(
            "CREATE TABLE bench_team AS SELECT n, uuidv7() AS id FROM generate_series(1, %s) AS n",
            [size.teams],
        )
        conn.execute("INSERT INTO team (id, name) SELECT id, 'Team ' || n FROM bench_team")
        # The first user is a viewer in the first 64 as well.
        conn.execute(
            "INSERT INTO team_member (team_id, account_id, role)"
            " SELECT bench_team.id, bench_person.id,"
            "        CASE seat WHEN 0 THEN 'owner' ELSE 'editor' END"
            "   FROM bench_team CROSS JOIN generate_series(0, %(seats)s - 1) AS seat"
            "   JOIN bench_person"
            "     ON bench_person.n = 2 + (bench_team.n * %(seats)s + seat) %% (%(users)s - 1)",
            {"seats": SEATS, "users": size.users},
        )
        conn.execute(
            "INSERT INTO team_member (team_id, account_id, role)"
            " SELECT bench_team.id, bench_person.id, 'viewer'"
            "   FROM bench_team JOIN bench_person ON bench_person.n = %s"
            "  WHERE bench_team.n <= 64",
            [_OWNER],
        )
        conn.execute(
            "INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)"
            " SELECT NULL, id, 'team.created', id, '{}' FROM bench_team"
        )


def _without_triggers(conn: psycopg.Connection[Any]) -> None:
    """What is inserted here fits together: checking each key again takes most of the time."""
    conn.execute("SET LOCAL session_replication_role = replica")
    conn.execute("SET LOCAL synchronous_commit = off")
    conn.execute("SET LOCAL maintenance_work_mem = '512MB'")


def _publish(api: service.Api, url: str) -> Ids:
    """The inventory as an applet, and a hundred people's answers to it; and one to export."""
    api.token = api.sign_in(email(_OWNER), PASSWORD).access_token
    team = api.call("POST", "/v1/teams", {"name": "Bench"})["id"]
    with psycopg.connect(url) as conn:
        conn.execute(
            "INSERT INTO team_member (team_id, account_id, role)"
            " SELECT %s, id, CASE WHEN n <= %s THEN 'admin' ELSE 'viewer' END"
            "   FROM bench_person WHERE n BETWEEN 2 AND %s",
            [team, ADMINS + 1, MEMBERS + 1],
        )
    made = [_applet(api, team, name) for name in ("Inventory", "Exported inventory")]
    (applet, version, activity), (exported, *rest) = made
    ids = Ids(applet=applet, version=version, activity=activity, team=team, exported=exported)
    for values in complete_answers(_PATTERNS):
        _send(api, ids, values)
    other = Ids(applet=exported, version=rest[0], activity=rest[1], team=team, exported=exported)
    _send(api, other, complete_answers(1)[0])
    return ids


def _send(api: service.Api, ids: Ids, values: dict[str, int]) -> None:
    path = f"/v1/applets/{ids.applet}/submissions/{uuid4()}/answers/{uuid4()}"
    api.call("PUT", path, part(ids, values))


def _applet(api: service.Api, team: str, name: str) -> tuple[str, str, str]:
    applet = api.call("POST", f"/v1/teams/{team}/applets", {"name": name})["id"]
    base = f"/v1/applets/{applet}"
    etag = api.send("GET", f"{base}/draft").headers["ETag"]
    tree = {**inventory.questionnaire(), "name": name}
    api.call("PUT", f"{base}/draft", tree, {"If-Match": etag})
    version = api.call("POST", f"{base}/versions", {"note": ""})["id"]
    activity = api.call("GET", f"{base}/content")["activities"][0]["id"]
    return applet, version, activity


def _multiply(url: str, size: Size, ids: Ids) -> None:
    """Fill both applets with copies of what went through the API, spread over the last year."""
    with psycopg.connect(url) as conn:
        conn.execute(
            "CREATE TABLE bench_pattern AS"
            " SELECT row_number() OVER (ORDER BY id) - 1 AS k, payload, scores, warnings, step"
            "   FROM answer WHERE applet_id = %s",
            [ids.applet],
        )
    for applet, count in ((ids.applet, size.submissions), (ids.exported, size.exported)):
        for start in range(0, count, _CHUNK):
            end = min(count, start + _CHUNK)
            with psycopg.connect(url) as conn:
                _without_triggers(conn)
                _add_submissions(conn, applet, start, end, count)
    with psycopg.connect(url) as conn:
        conn.execute("DROP TABLE bench_pattern, bench_team, bench_person")
        conn.execute("DELETE FROM signing_key")


def _add_submissions(
    conn: psycopg.Connection[Any], applet: str, start: int, end: int, count: int
) -> None:
    conn.execute(
        "CREATE TEMP TABLE sent ON COMMIT DROP AS"
        " SELECT place.n, uuidv7() AS id, uuidv7() AS answer_id, bench_person.id AS account_id,"
        "        now() - interval '1 day' - interval '364 days' * ((%(count)s - place.n)::float8"
        "        / %(count)s) AS at"
        "   FROM generate_series(%(start)s, %(end)s - 1) AS place (n)"
        "   JOIN bench_person ON bench_person.n = 2 + place.n %% %(members)s",
        {"start": start, "end": end, "count": count, "members": MEMBERS},
    )
    conn.execute(
        "INSERT INTO submission (applet_id, id, applet_version_id, account_id, status,"
        "                        started_at, completed_at, received_at, zone)"
        " SELECT %(applet)s, sent.id, version_copy.id, account_id, 'complete',"
        "        at - interval '5 minutes', at, at, 'Europe/Berlin'"
        "   FROM sent JOIN version_copy ON version_copy.applet_id = %(applet)s"
        "  ORDER BY n",
        {"applet": applet},
    )
    conn.execute(
        "INSERT INTO answer (applet_id, id, submission_id, step, activity_id,"
        "                    activity_revision_id, payload, part_sha256, scores, warnings,"
        "                    started_at, ended_at, received_at)"
        " SELECT %(applet)s, sent.answer_id, sent.id, step, copy.activity_id, copy.id, payload,"
        "        sha256(sent.id::text::bytea), scores, warnings, at - interval '5 minutes', at, at"
        "   FROM sent"
        "   JOIN bench_pattern ON k = n %% %(patterns)s"
        "   JOIN activity_revision_copy AS copy ON copy.applet_id = %(applet)s"
        "  ORDER BY n",
        {"applet": applet, "patterns": _PATTERNS},
    )
