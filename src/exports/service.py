"""Data out: every submission of an applet as lines of text, read and sent a little at a time."""

from collections.abc import AsyncIterator, Sequence

from pydantic import TypeAdapter

from src.answers import service as answers_service
from src.answers.schemas import Collected
from src.applets.schemas import AppletId
from src.database import Transaction, closing
from src.exports.layout import Column, ranks
from src.exports.lines import Lines

_CHUNK_CHARS = 64 * 1024
_COLLECTED: TypeAdapter[Collected] = TypeAdapter(Collected)


async def csv_chunks(
    conn: Transaction, *, applet_id: AppletId, layout: Sequence[Column]
) -> AsyncIterator[bytes]:
    """RFC 4180 CSV in UTF-8: a line of titles, then one line a submission."""
    table = Lines(layout)
    taken, size = [table.titles], 0
    found = answers_service.stream_cells(
        conn,
        applet_id=applet_id,
        activities=[column.activity_id for column in layout],
        kinds=[column.kind for column in layout],
        names=[column.name for column in layout],
        ranks=ranks(layout),
    )
    async with closing(found) as answers, closing(table.of(answers)) as lines:
        async for line in lines:
            taken.append(line)
            size += len(line)
            if size >= _CHUNK_CHARS:
                yield _ended(taken)
                taken.clear()
                size = 0
    yield _ended(taken)


async def ndjson_chunks(conn: Transaction, *, applet_id: AppletId) -> AsyncIterator[bytes]:
    """One JSON object a line, one line a submission."""
    lines: list[bytes] = []
    size = 0
    async with closing(answers_service.stream_collected(conn, applet_id=applet_id)) as rows:
        async for collected in rows:
            line = _COLLECTED.dump_json(collected)
            lines.append(line)
            size += len(line)
            if size >= _CHUNK_CHARS:
                yield b"\n".join([*lines, b""])
                lines.clear()
                size = 0
    if lines:
        yield b"\n".join([*lines, b""])


def _ended(lines: Sequence[str]) -> bytes:
    return "\r\n".join([*lines, ""]).encode()
