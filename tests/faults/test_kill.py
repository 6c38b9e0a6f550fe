"""What was acknowledged survives the worst end: service and PostgreSQL killed in mid-sentence."""

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest

from demo.client import Client
from tests import factories
from tests.test_serve import Service, starting

Json = dict[str, Any]

SENDERS = 6
BEFORE, AFTER = 150, 60
"""Answers acknowledged before the end, and after the new start."""


class Sender:
    """Clients that send answers one by one and remember what they were told."""

    def __init__(self, url: str, token: str, base: str, part: Json) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url, timeout=30, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )
        self._base = base
        self._part = part
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []

    async def send(self, key: str) -> int:
        """Send an answer whose ids and content follow from the key."""
        path = f"{self._base}/submissions/{key}/answers/{key}"
        return (await self._http.put(path, json=self._part)).status_code

    async def send_until(self, wanted: int) -> None:
        """Send new answers until there are enough, or nobody answers."""
        while len(self.acknowledged) < wanted:
            key = str(uuid4())
            try:
                status = await self.send(key)
            except httpx2.TransportError:
                self.unsure.append(key)
                return
            if status == 201:
                self.acknowledged.append(key)
            else:
                assert status == 503
                self.unsure.append(key)

    async def close(self) -> None:
        await self._http.aclose()


async def published(url: str) -> tuple[str, str, Json]:
    """A new person with a published diary: token, the applet's path, and a part to send."""
    client = Client(url, connections=2, on_wait=lambda _: None)
    try:
        await client.sign_up("ann@example.org", factories.PASSWORD)
        login = {"identifier": "ann@example.org", "password": factories.PASSWORD}
        token = (await client.call("POST", "/v1/auth/login", login))["tokens"]["access_token"]
        team = await client.call("POST", "/v1/teams", {"name": "Birds"})
        made = await client.call("POST", f"/v1/teams/{team['id']}/applets", {"name": "Diary"})
        base = f"/v1/applets/{made['id']}"
        await client.call("PUT", f"{base}/draft", factories.DIARY, {"If-Match": "*"})
        version = await client.call("POST", f"{base}/versions")
        content = await client.call("GET", f"{base}/content")
    finally:
        await client.close()
    part = {
        "version_id": version["id"],
        "activity_id": content["activities"][0]["id"],
        "started_at": "2026-03-29T00:58:11Z",
        "ended_at": "2026-03-29T01:04:02Z",
        "payload": {"mood": {"value": 2}, "why": {"value": "rain"}},
    }
    return token, base, part


async def kept(service: Service, base: str, token: str) -> Counter[str]:
    """How often each submission is in the database, and that each has its one answer."""
    async with httpx2.AsyncClient(base_url=service.url, timeout=30, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {token}"}
        response = await client.get(f"{base}/data.ndjson", headers=headers)
        assert response.status_code == 200, response.text
    lines = response.text.splitlines()
    found = [httpx2.Response(200, text=line).json() for line in lines]
    assert all(len(line["answers"]) == 1 for line in found)
    return Counter(line["id"] for line in found)


def kill(service: Service) -> None:
    """End the service and every process of its PostgreSQL at once, as a lost machine would."""
    servers = service.servers()
    assert servers
    doomed = [service.process.pid, *(server.pid for server in servers)]
    for server in servers:
        doomed += [child.pid for child in server.children(recursive=True)]
    for pid in doomed:
        try:
            psutil.Process(pid).send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    service.process.wait(30)


@pytest.mark.slow
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with starting(data) as service:
        service.wait_until_ready()
        token, base, part = await published(service.url)
        sender = Sender(service.url, token, base, part)
        async with asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(sender.send_until(1_000_000))
            async with asyncio.timeout(60):
                while len(sender.acknowledged) < BEFORE:  # noqa: ASYNC110  (others fill it)
                    await asyncio.sleep(0.001)
            kill(service)
        await sender.close()
    assert len(sender.acknowledged) >= BEFORE
    assert sender.unsure

    with starting(data) as service:
        service.wait_until_ready()
        found = await kept(service, base, token)
        assert set(found.values()) == {1}
        assert found.keys() >= set(sender.acknowledged)
        assert found.keys() <= {*sender.acknowledged, *sender.unsure}

        # Whoever was told nothing sends again, and loses and doubles nothing by it.
        again = Sender(service.url, token, base, part)
        for key in sender.unsure:
            assert await again.send(key) == (200 if key in found else 201)
        for key in sender.acknowledged[-5:]:
            assert await again.send(key) == 200
        await again.send_until(AFTER)
        await again.close()
        expected = {*sender.acknowledged, *sender.unsure, *again.acknowledged}
        assert await kept(service, base, token) == Counter(expected)
