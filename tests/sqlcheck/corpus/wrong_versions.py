"""Wrong statements: on a tenant's tables, with what only newer servers know."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tests.sqlcheck.corpus.types import BranchId, Taken, VisitId
from tests.sqlcheck.declare import Connection, sql, wrong


@wrong("version", "RETURNING old")
@sql(
    """
    UPDATE visit
       SET left_at = now()
     WHERE branch_id = %(b)s AND id = %(visit_id)s
    RETURNING old.left_at
    """
)
async def returning_old(conn: Connection, *, b: BranchId, visit_id: VisitId) -> "Left | None": ...


@dataclass(slots=True)
class Left:
    left_at: datetime | None


@wrong("version", "MERGE ... RETURNING")
@sql(
    """
    MERGE INTO visit
    USING (VALUES (%(b)s::uuid, %(visit_id)s::uuid)) AS gone (branch_id, id)
       ON visit.branch_id = gone.branch_id AND visit.id = gone.id AND visit.branch_id = %(b)s
     WHEN MATCHED THEN DELETE
    RETURNING visit.id
    """
)
async def merge_returning(conn: Connection, *, b: BranchId, visit_id: VisitId) -> list[VisitId]: ...


@wrong("version", "WHEN NOT MATCHED BY SOURCE")
@sql(
    """
    MERGE INTO visit
    USING (SELECT branch_id, id FROM visit AS other WHERE other.branch_id = %(b)s) AS kept
       ON visit.branch_id = kept.branch_id AND visit.id = kept.id AND visit.branch_id = %(b)s
     WHEN NOT MATCHED BY SOURCE AND visit.branch_id = %(b)s THEN DELETE
    """
)
async def merge_by_source(conn: Connection, *, b: BranchId) -> int: ...


@wrong("version", "uuidv7()")
@sql(
    """
    INSERT INTO visit (branch_id, id, reader_id)
    VALUES (%(b)s, uuidv7(), %(reader_id)s)
    """
)
async def new_uuid(conn: Connection, *, b: BranchId, reader_id: UUID) -> None: ...


@wrong("version", "any_value()")
@sql("SELECT any_value(room) AS room FROM visit_stop WHERE branch_id = %(b)s")
async def any_room(conn: Connection, *, b: BranchId) -> "Room": ...


@dataclass(slots=True)
class Room:
    room: str | None


@wrong("version", "random(min, max)")
@sql("SELECT random(1, 6) FROM visit WHERE branch_id = %(b)s AND id = %(visit_id)s")
async def dice(conn: Connection, *, b: BranchId, visit_id: VisitId) -> int | None: ...


@wrong("version", "IS JSON")
@sql(
    """
    SELECT room IS JSON
      FROM visit_stop
     WHERE branch_id = %(b)s
     ORDER BY branch_id, visit_id, place
    """
)
async def is_json(conn: Connection, *, b: BranchId) -> list[bool]: ...


@wrong("version", "JSON_ARRAYAGG")
@sql("SELECT JSON_ARRAYAGG(room RETURNING text) AS room FROM visit_stop WHERE branch_id = %(b)s")
async def json_arrayagg(conn: Connection, *, b: BranchId) -> Room: ...


@wrong("version", "JSON_EXISTS")
@sql(
    """
    SELECT id
      FROM visit
     WHERE branch_id = %(b)s
       AND JSON_EXISTS(jsonb_build_object('at', came_at), '$.at')
     ORDER BY id
    """
)
async def json_exists(conn: Connection, *, b: BranchId) -> list[VisitId]: ...


@wrong("version", "JSON_TABLE")
@sql(
    """
    SELECT visit_id
      FROM visit_stop
      JOIN JSON_TABLE(%(wanted)s::jsonb, '$[*]' COLUMNS (place integer PATH '$')) AS wanted
        ON wanted.place = visit_stop.place
     WHERE branch_id = %(b)s
     ORDER BY visit_id, visit_stop.place
    """
)
async def json_table(
    conn: Connection, *, b: BranchId, wanted: dict[str, object]
) -> list[VisitId]: ...


@wrong("version", "a hexadecimal number")
@sql("SELECT room FROM visit_stop WHERE branch_id = %(b)s AND place = 0x1F ORDER BY visit_id")
async def hexadecimal(conn: Connection, *, b: BranchId) -> list[str]: ...


@wrong("version", "a number with underscores")
@sql("SELECT room FROM visit_stop WHERE branch_id = %(b)s AND place = 1_000 ORDER BY visit_id")
async def underscores(conn: Connection, *, b: BranchId) -> list[str]: ...


@wrong("version", "array_sort()")
@sql("SELECT array_sort(array_agg(room)) AS rooms FROM visit_stop WHERE branch_id = %(b)s")
async def sorted_rooms(conn: Connection, *, b: BranchId) -> "Rooms": ...


@dataclass(slots=True)
class Rooms:
    rooms: list[str] | None


@wrong("version", "casefold()")
@sql("SELECT count(*) FROM visit_stop WHERE branch_id = %(b)s AND casefold(room) = %(room)s")
async def folded(conn: Connection, *, b: BranchId, room: str) -> int: ...


@wrong("version", "a sub-query without a name")
@sql("SELECT count(*) FROM (SELECT id FROM visit WHERE branch_id = %(b)s)")
async def unnamed(conn: Connection, *, b: BranchId) -> int: ...


@wrong("version", "AT LOCAL")
@sql(
    "SELECT came_at AT LOCAL FROM visit WHERE branch_id = %(b)s AND id = %(visit_id)s -- allow type"
)
async def at_local(conn: Connection, *, b: BranchId, visit_id: VisitId) -> datetime | None: ...


@wrong("version", "a function in a copy")
@sql("COPY (SELECT crc32(room::bytea) FROM visit_stop WHERE branch_id = %(b)s) TO STDOUT")
def copied_checksums(conn: Connection, *, b: BranchId) -> AsyncIterator[bytes]: ...


@dataclass(slots=True)
class NewVisit:
    branch_id: BranchId
    id: VisitId
    reader_id: UUID


@wrong("version", "COPY ... ON_ERROR")
@sql(
    "COPY visit (branch_id, id, reader_id) FROM STDIN WITH (ON_ERROR ignore)",
    constraints={"visit_pkey": Taken},
)
async def copied_in(conn: Connection, *, rows: Iterable[NewVisit]) -> int: ...


@wrong("version", "a method of jsonpath")
@sql(
    """
    SELECT count(*)
      FROM visit
     WHERE branch_id = %(b)s
       AND jsonb_path_exists(to_jsonb(came_at), '$.date()')
    """
)
async def path_method(conn: Connection, *, b: BranchId) -> int: ...
