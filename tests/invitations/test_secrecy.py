"""The secret of a link is told to who makes it, and to nobody who reads along."""

import json
import logging
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from src import logs, security, tracing
from src.config import LogSettings
from src.constants import Environment
from src.database import Connection
from tests import factories
from tests.conftest import MakeApp, kept_handlers
from tests.http import acting_as, client_of
from tests.invitations.inviting import accept, decline, team_of

CANARY = "core_inv_" + "Canary_7-x" * 4


def shapes(token: str) -> list[str]:
    """A token as a path may hold it, as it is and spelled otherwise."""
    return [token, token.replace("_", "%5F"), token.replace("core", "%63ore")]


@pytest.mark.parametrize("form", ["json", "text"])
async def test_no_line_of_the_log_has_the_secret(
    make_app: MakeApp,
    conn: Connection,
    tmp_path: Path,
    form: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def fail(token: str) -> None:
        raise RuntimeError("no reason")

    app = make_app()
    app.add_api_route("/v1/broken/{token}", fail)
    path = tmp_path / "core-api.log"
    eve = await factories.user(conn)
    with kept_handlers():
        settings = LogSettings(
            file=path, level="DEBUG", format="json" if form == "json" else "text"
        )
        logs.configure(settings, Environment.TEST)
        async with client_of(app) as client:
            team = await team_of(client, conn)
            made = await team.invite(email=eve.email)
            for token in (*shapes(CANARY), *shapes(made["token"])):
                for rest in ("", "/", "/accept", "/acept", "/accept/", "?token=" + token):
                    for method in ("GET", "POST", "DELETE", "HEAD"):
                        await client.request(method, f"/v1/invitations/{token}{rest}")
                await client.get(f"/v1/users/me/invitations/{token}", headers=acting_as(eve))
                await client.get(f"/{token}")
                response = await client.get(f"/v1/broken/{token}")
                assert response.status_code == 500
            await decline(client, made, eve)
            await accept(client, made, eve)
        for handler in logging.getLogger().handlers:
            handler.flush()
        text = path.read_text() + capsys.readouterr().err

    assert text.count("/v1/invitations/core_inv_***") > 100
    secret = made["token"].removeprefix("core_inv_")
    for part in ("Canary", secret, secret[:12], secret[-12:]):
        assert part not in text


async def test_a_line_says_which_operation_it_was(client: AsyncClient, tmp_path: Path) -> None:
    path = tmp_path / "core-api.log"
    with kept_handlers():
        logs.configure(LogSettings(file=path), Environment.TEST)
        await client.get(f"/v1/invitations/{CANARY}")
        for handler in logging.getLogger().handlers:
            handler.flush()

    (line,) = map(json.loads, path.read_text().splitlines())
    assert (line["path"], line["operation"], line["status"]) == (
        "/v1/invitations/core_inv_***",
        "preview_invitation",
        404,
    )


async def test_no_span_has_the_secret(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    spans: list[tracing.Span] = []
    export = tracing._Export(bound=1 << 64, templates={}, send=spans.append)
    monkeypatch.setattr(tracing, "_export", export)

    for token in shapes(CANARY):
        await client.get(f"/v1/invitations/{token}")

    assert len([span for span in spans if span.is_server]) == 3
    told = [(span.name, span.attributes) for span in spans]
    assert "Canary" not in str(told)
    assert "core_inv_***" in str(told)


async def test_a_problem_does_not_repeat_the_secret(client: AsyncClient, conn: Connection) -> None:
    team = await team_of(client, conn)
    made = await team.invite()

    for token in shapes(made["token"]):
        for rest in ("/accept", "/nothing"):
            response = await client.post(f"/v1/invitations/{token}{rest}")
            assert response.status_code in {401, 404}
            assert response.json()["instance"] == f"/v1/invitations/core_inv_***{rest}"
            assert made["token"].removeprefix("core_inv_") not in response.text


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/v1/teams", "/v1/teams"),
        ("/v1/a%0Ab", "/v1/a%0Ab"),
        ("/core_inv_abc/x", "/core_inv_***/x"),
        ("/core_inv_a%2Fb/x", "/core_inv_***/b/x"),
        ("/%63ore_inv_a%0Ab", "/core_inv_***"),
        ("/%0Acore_inv_ab/c", "/%0Acore_inv_***/c"),
        ("/core_team/core_rt_abc/core_inv_d", "/core_team/core_rt_***/core_inv_***"),
    ],
)
def test_secrets_in_a_path_are_masked(path: str, masked: str) -> None:
    assert security.without_tokens(path) == masked
