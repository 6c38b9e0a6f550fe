from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from src.answers import service
from src.answers.schemas import Part, SubmissionId
from src.applets.schemas import ActivityId, VersionId
from src.exceptions import Invalid


def test_a_payload_that_is_nested_too_deep_is_the_callers_mistake() -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    now = datetime.now(UTC)
    part = Part(
        version_id=VersionId(uuid4()),
        activity_id=ActivityId(uuid4()),
        started_at=now,
        ended_at=now,
        payload={"why": {"value": deep}},
    )

    with pytest.raises(Invalid) as refused:
        service.part_sha256(SubmissionId(uuid4()), part)

    (error,) = refused.value.errors
    assert (error.pointer, error.code) == ("/payload", "too_deep")
