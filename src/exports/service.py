"""Data out: every submission of an applet as lines of text, read and sent a little at a time."""

import csv
import io
from collections.abc import AsyncIterator, Sequence

from pydantic import TypeAdapter

from src.answers import service as answers_service
from src.answers.schemas import Collected
from src.applets.schemas import AppletId
from src.database import Transaction, closing
from src.exports.layout import FIXED, Column, cells

_CHUNK_CHARS = 64 * 1024
_COLLECTED: TypeAdapter[Collected] = TypeAdapter(Collected)


async def csv_chunks(
    conn: Transaction, *, applet_id: AppletId, layout: Sequence[Column]
) -> AsyncIterator[bytes]:
    """RFC 4180 CSV in UTF-8: a line of titles, then one line a submission."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*FIXED, *(column.title for column in layout)])
    async with closing(answers_service.stream_collected(conn, applet_id=applet_id)) as rows:
        async for collected in rows:
            writer.writerow(cells(collected, layout))
            if buffer.tell() >= _CHUNK_CHARS:
                yield _taken(buffer)
    yield _taken(buffer)


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


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
