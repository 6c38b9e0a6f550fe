"""Every route, for everybody who may call, for everything that they may call for, in every way.

What must come is worked out from the table of permissions alone (`oracle`); what comes is what the
running application answers, compiled and as FastAPI serves it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.authorisation.calling import Answer
from tests.authorisation.cases import Case, Operation, cases, operations
from tests.authorisation.oracle import LET_IN, Transport, has, table
from tests.authorisation.report import CASES
from tests.authorisation.samples import SAMPLES
from tests.authorisation.world import Who, Whose, World, role_of
from tests.conftest import AppBy, RawConnection
from tests.contracts import test_openapi

OPERATIONS = {each.name: each for each in operations(test_openapi.APP)}
PLAIN = {Transport.BEARER, Transport.COOKIE, Transport.CROSS_SITE}
"""Ways that are tried without compiled routes too."""
EMAILS = {"list_members": "admin", "update_member": "admin"}
"""Who sees other people's emails: from which role on, in answers of which operation."""
SHOWING_EMAILS = {"log_in", "list_outbox"}
"""What shows the email of whoever the payload signs in; and all mails, which is for developers."""
HIDDEN = {Whose.OTHER, Whose.DELETED}
_EMAIL = re.compile(rb"[\w.+-]+@example\.org")
_IDS = {"request_id", "trace_id", "instance"}


def test_every_route_is_in_the_table_and_in_the_samples() -> None:
    assert OPERATIONS.keys() == SAMPLES.keys()
    assert OPERATIONS.keys() == table().keys()
    assert sum(1 for each in OPERATIONS.values() for _ in cases(each)) > 15_000


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
async def test_what_comes_is_what_the_table_says(
    operation: Operation,
    world: World,
    app_by: AppBy,
    raw: RawConnection,
    record_property: Callable[[str, object], None],
) -> None:
    compiled, plain = app_by(is_compiled=True), app_by(is_compiled=False)
    # Hashing passwords twice as often would show nothing more.
    ways = set() if table()[operation.name].principal.name == "ANONYMOUS" else PLAIN
    wrong: list[str] = []
    refused: dict[tuple[str, Who, Transport], dict[Whose, object]] = {}
    count = 0
    await raw.execute("SAVEPOINT untouched")
    for case in cases(operation):
        for app in (compiled, plain) if case.transport in ways else (compiled,):
            answer = await case.answer(app, world)
            await raw.execute("ROLLBACK TO SAVEPOINT untouched")
            wrong += [f"{case}: {mistake}" for mistake in mistakes(case, answer, world)]
            count += 1
            if answer.status == 404:
                place = case.sample.label, case.who, case.transport
                refused.setdefault(place, {})[case.whose] = told(answer)

    # What is another team's, or deleted, is told from what never was by nobody.
    for where, by_whose in refused.items():
        for whose, said in by_whose.items():
            if whose in HIDDEN and said != by_whose.get(Whose.MISSING, said):
                wrong.append(f"{where}: {whose} is not as {Whose.MISSING}: {said}")
    assert wrong == [], f"{len(wrong)} of {count} wrong:\n" + "\n".join(wrong[:40])
    record_property(CASES, count)


def mistakes(case: Case, answer: Answer, world: World) -> list[str]:
    """What is wrong with an answer: its status, its code, whose emails it shows."""
    verdict = case.expected(world)
    found = []
    if verdict is LET_IN:
        if answer.status not in case.sample.answers:
            found.append(f"{answer.status} {answer.code}, but it is for them")
    elif answer.status != verdict.status or verdict.code not in {None, answer.code}:
        found.append(f"{answer.status} {answer.code}, not {verdict.status} {verdict.code}")
    shown = set(_EMAIL.findall(answer.body)) - {world.callers[case.who].email.encode()}
    least = EMAILS.get(case.operation.name)
    may_see = least is not None and has(role_of(case.who, case.whose), least)
    is_for_operators = table()[case.operation.name].principal.name == "PLATFORM"
    may_see = may_see or (is_for_operators and verdict is LET_IN)
    if shown and not may_see and case.operation.name not in SHOWING_EMAILS:
        found.append(f"it shows {shown}")
    return found


def told(answer: Answer) -> object:
    """All that an answer tells, but for what tells one request from another."""
    body: dict[str, Any] = json.loads(answer.body)
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return headers, {name: value for name, value in body.items() if name not in _IDS}
