"""`just demo`: a real inventory, 2,800 real answer sets, and what the service makes of them."""

import asyncio
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO
from uuid import UUID, uuid4, uuid5

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo import inventory, local, verify
from demo.client import ApiError, Client
from demo.inventory import AnswerSet

console = Console()
cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Url = Annotated[
    str | None, typer.Option(help="A service that runs; without it, one is started for the demo.")
]
Output = Annotated[Path, typer.Option(help="Where the exported table goes.")]
Batch = Annotated[
    int, typer.Option(min=1, max=500, help="Answer sets a request; 1 sends each by itself.")
]
Connections = Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.")]
Ledger = Annotated[
    Path | None,
    typer.Option(help="A file that gets a line for each answer set as it is acknowledged."),
]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the answers are to be sent."""

    batch: int
    connections: int
    output: Path
    ledger: Path | None


@dataclass(frozen=True, slots=True)
class Target:
    """What the answers are sent to."""

    applet_id: str
    version_id: str
    activity_id: str


@cli.command()
def main(
    url: Url = None,
    output: Output = Path(".data/demo/answers.csv"),
    batch: Batch = 1,
    connections: Connections = 8,
    ledger: Ledger = None,
) -> None:
    """Publish the inventory, send 2,800 answer sets, read the five scales back, export the CSV."""
    plan = Plan(batch=batch, connections=connections, output=output, ledger=ledger)
    with ExitStack() as stack:
        try:
            if url is None:
                console.print("Starting a service on a temporary directory ...")
                url = stack.enter_context(local.service())
            is_right = asyncio.run(_run(url, plan))
        except (ApiError, local.StartError, httpx2.HTTPError, httpx2.InvalidURL) as exc:
            console.print(str(exc), style="red", markup=False)
            raise typer.Exit(1) from exc
    raise typer.Exit(0 if is_right else 1)


async def _run(url: str, plan: Plan) -> bool:
    client = Client(url, connections=plan.connections, on_wait=_Waiting())
    try:
        target = await _publish(client)
        sent = {uuid5(namespace, a.person): a for namespace in [uuid4()] for a in _everyone()}
        seconds = await _send_all(client, target, plan, sent)
        base = f"/v1/applets/{target.applet_id}"
        found = await client.call("GET", f"{base}/statistics")
        table = await client.download(f"{base}/data.csv")
    finally:
        await client.close()
    plan.output.parent.mkdir(parents=True, exist_ok=True)
    plan.output.write_bytes(table)
    return _report(found, table, sent, seconds, plan)


def _everyone() -> list[AnswerSet]:
    return list(inventory.answer_sets())


async def _publish(client: Client) -> Target:
    email = f"demo-{secrets.token_hex(4)}@example.org"
    await client.sign_up(email, secrets.token_urlsafe(24))
    team = await client.call("POST", "/v1/teams", {"name": "Demo"})
    applet = await client.call(
        "POST", f"/v1/teams/{team['id']}/applets", {"name": "Personality inventory"}
    )
    base = f"/v1/applets/{applet['id']}"
    draft = await client.send("GET", f"{base}/draft")
    await client.call(
        "PUT", f"{base}/draft", inventory.questionnaire(), {"If-Match": draft.headers["ETag"]}
    )
    version = await client.call("POST", f"{base}/versions", {"note": "as published"})
    content = await client.call("GET", f"{base}/content")
    console.print(f"{email} has published version {version['label']} of the inventory.")
    return Target(applet["id"], version["id"], content["activities"][0]["id"])


async def _send_all(
    client: Client, target: Target, plan: Plan, sent: dict[UUID, AnswerSet]
) -> float:
    """Send everything; returns the seconds it took."""
    pending = list(sent.items())
    chunks = [pending[start : start + plan.batch] for start in range(0, len(pending), plan.batch)]
    chunks.reverse()
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(*columns, console=console))
        ledger = stack.enter_context(plan.ledger.open("w")) if plan.ledger else None
        task = progress.add_task("answers", total=len(pending))

        async def work() -> None:
            while chunks:
                chunk = chunks.pop()
                _note(ledger, await _send(client, target, chunk))
                progress.advance(task, len(chunk))

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(plan.connections):
                group.create_task(work())
        return time.perf_counter() - started


async def _send(
    client: Client, target: Target, chunk: list[tuple[UUID, AnswerSet]]
) -> list[tuple[UUID, int]]:
    """Send some answer sets; returns what each was acknowledged with."""
    base = f"/v1/applets/{target.applet_id}/submissions"
    parts = [_part(target, key, answers) for key, answers in chunk]
    if len(parts) == 1:
        ((key, _),) = chunk
        path = f"{base}/{parts[0].pop('submission_id')}/answers/{parts[0].pop('answer_id')}"
        response = await client.send("PUT", path, parts[0])
        return [(key, response.status_code)]
    results = (await client.call("POST", f"{base}/batch", {"parts": parts}))["results"]
    for result in results:
        if result["problem"] is not None:
            console.print(result["problem"], style="red")
    return [(key, result["status"]) for (key, _), result in zip(chunk, results, strict=True)]


_NOW = datetime.now(UTC).isoformat()


def _part(target: Target, key: UUID, answers: AnswerSet) -> dict[str, Any]:
    return {
        "submission_id": str(key),
        "answer_id": str(uuid5(key, "answer")),
        "version_id": target.version_id,
        "activity_id": target.activity_id,
        "started_at": _NOW,
        "ended_at": _NOW,
        "payload": {name: {"value": value} for name, value in answers.values.items()},
    }


def _note(ledger: TextIO | None, acknowledged: list[tuple[UUID, int]]) -> None:
    if ledger is not None:
        ledger.writelines(f"{key} {status}\n" for key, status in acknowledged)
        ledger.flush()


class _Waiting:
    """Says once in a while that the service is away."""

    def __init__(self) -> None:
        self._said_at = 0.0

    def __call__(self, reason: str) -> None:
        if time.monotonic() - self._said_at > 2:
            self._said_at = time.monotonic()
            console.print(f"Waiting: {reason}.", style="yellow")


def _report(
    found: dict[str, Any],
    exported: bytes,
    sent: dict[UUID, AnswerSet],
    seconds: float,
    plan: Plan,
) -> bool:
    """Print the scales and the throughput; returns whether the export agrees with everything."""
    rows = verify.read(exported)
    by_name = {score["name"]: score for score in found["scores"]}
    table = Table(title="Five scales, as the service computes them")
    for title in ("scale", "n", "mean", "sd", "alpha", "complete cases", "alpha from the CSV"):
        table.add_column(title, justify="left" if title == "scale" else "right")
    agrees = True
    for scale in inventory.scales():
        score, again = by_name[scale.name], verify.figures(rows, scale)
        agrees &= abs(score["alpha"] - again.alpha) < 0.0005 and score["alpha_n"] == again.alpha_n
        table.add_row(
            scale.name,
            str(score["n"]),
            f"{score['mean']:.3f}",
            f"{score['sd']:.3f}",
            f"{score['alpha']:.3f}",
            str(score["alpha_n"]),
            f"{again.alpha:.3f}",
        )
    console.print(table)
    differences = verify.differences(rows, sent)
    for difference in differences[:10]:
        console.print(difference, style="red")
    how = f"{plan.connections} connections, {plan.batch} a request"
    console.print(
        f"{len(sent)} answer sets in {seconds:.1f} s: {len(sent) / seconds:.0f} a second ({how})."
    )
    console.print(
        f"The export has {len(rows)} rows; {len(differences)} differ from what was sent: "
        f"{plan.output.resolve()}",
        soft_wrap=True,
    )
    return agrees and not differences


if __name__ == "__main__":
    cli()
