"""What another site's page makes a browser send, cookies and all, changes nothing."""

import pytest
from fastapi import FastAPI

from src.config import Settings
from src.database import Transaction
from tests.authorisation import world as worlds
from tests.authorisation.calling import call
from tests.authorisation.cases import Case, operations
from tests.authorisation.oracle import SAFE, Transport, table
from tests.authorisation.samples import SAMPLES, Scene
from tests.authorisation.world import Who, Whose
from tests.conftest import Execute, RawConnection

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
"""All that a page can send without asking first."""
ORIGINS = ("https://evil.example", "null", "http://test.local.evil.example")


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_of_another_site_is_refused(
    app: FastAPI,
    conn: Transaction,
    execute: Execute,
    settings: Settings,
    raw: RawConnection,
    form: str,
) -> None:
    world = await worlds.make(app, conn, execute, settings)
    sent = 0
    await raw.execute("SAVEPOINT untouched")
    for operation in operations(app):
        if operation.method in SAFE or table()[operation.name].principal.name == "ANONYMOUS":
            continue
        who = (
            Who.PLATFORM_ADMIN
            if table()[operation.name].principal.name == "PLATFORM"
            else Who.OWNER
        )
        for sample in SAMPLES[operation.name]:
            case = Case(operation, sample, who, Whose.OWN, Transport.CROSS_SITE)
            scene = Scene(world, world.callers[who], world.places[Whose.OWN], Transport.CROSS_SITE)
            for origin in ORIGINS:
                answer = await call(
                    app,
                    operation.method,
                    case.address(scene),
                    query=sample.query,
                    headers={
                        "cookie": f"core_at={scene.caller.token}",
                        "origin": origin,
                        "content-type": form,
                        "sec-fetch-site": "cross-site",
                        "sec-fetch-mode": "navigate",
                    },
                    body=b"name=Herons&reason=none",
                )
                await raw.execute("ROLLBACK TO SAVEPOINT untouched")
                assert (answer.status, answer.code) == (403, "csrf_failed"), (case, answer.body)
                sent += 1
    assert sent > 50


async def test_nor_does_one_sign_its_visitor_in_or_out(
    app: FastAPI, conn: Transaction, execute: Execute, settings: Settings
) -> None:
    world = await worlds.make(app, conn, execute, settings)
    owner = world.callers[Who.OWNER]
    for path in ("/v1/auth/token/refresh", "/v1/auth/logout"):
        for form in FORMS:
            answer = await call(
                app,
                "POST",
                path,
                headers={
                    "cookie": f"core_at={owner.token}; core_rt={owner.refresh_token}",
                    "origin": ORIGINS[0],
                    "content-type": form,
                },
            )
            assert (answer.status, answer.code) == (403, "csrf_failed"), path
            assert "set-cookie" not in answer.headers
