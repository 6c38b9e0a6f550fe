"""Who is in no team is told that there is none, on every route about a team; never a 500."""

from fastapi import FastAPI

from src.config import Settings
from src.database import Transaction
from tests.authorisation import world as worlds
from tests.authorisation.cases import Case, operations
from tests.authorisation.oracle import Transport, table
from tests.authorisation.samples import SAMPLES
from tests.authorisation.world import Who, Whose
from tests.conftest import Execute


async def test_an_outsider_gets_404_on_all_team_routes(
    app: FastAPI, conn: Transaction, execute: Execute, settings: Settings
) -> None:
    world = await worlds.make(app, conn, execute, settings)
    tried = 0
    for operation in operations(app):
        kind = table()[operation.name].on
        if kind is None:
            continue
        for sample in SAMPLES[operation.name]:
            for who in (Who.OUTSIDER, Who.FORMER, Who.NEIGHBOUR, Who.PLATFORM_ADMIN):
                for whose in (Whose.OWN, Whose.MISSING):
                    case = Case(operation, sample, who, whose, Transport.BEARER)
                    answer = await case.answer(app, world)
                    assert (answer.status, answer.code) == (404, f"{kind}_not_found"), case
                    tried += 1
    assert tried > 150
