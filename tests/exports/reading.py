"""Downloads, as a spreadsheet or a program reads them."""

import csv
import io
import json
from typing import Any

from httpx2 import AsyncClient

from tests import factories
from tests.answers.sending import Sheet
from tests.http import acting_as

FIXED = [
    "submission_id",
    "version",
    "respondent_id",
    "started_at",
    "completed_at",
    "received_at",
    "zone",
]


async def table(
    client: AsyncClient, on: Sheet, user: factories.User | None = None
) -> tuple[list[str], list[list[str]]]:
    """The titles of the columns that are no fixed ones, and each row's cells in them."""
    response = await client.get(f"{on.url}/data.csv", headers=acting_as(user or on.owner))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    titles, *rows = csv.reader(io.StringIO(response.content.decode(), newline=""), strict=True)
    assert titles[: len(FIXED)] == FIXED
    assert {len(row) for row in rows} <= {len(titles)}
    assert len(set(titles)) == len(titles)
    return titles[len(FIXED) :], [row[len(FIXED) :] for row in rows]


async def lines(client: AsyncClient, on: Sheet) -> list[dict[str, Any]]:
    response = await client.get(f"{on.url}/data.ndjson", headers=acting_as(on.owner))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.text == "" or response.text.endswith("\n")
    return [json.loads(line) for line in response.text.split("\n")[:-1]]
