"""The statements on the store tables. Each holds to one applet."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from src.answers import exceptions
from src.answers.schemas import (
    Answer,
    AnswerId,
    Collected,
    KnownAnswer,
    Submission,
    SubmissionId,
    SubmissionOwner,
)
from src.applets.schemas import AppletId, StoredRevision, StoredVersion, VersionId
from src.database import Connection, sql
from src.users.schemas import UserId


@sql(
    """
    INSERT INTO version_copy (applet_id, id, seq, label, content, content_sha256)
    VALUES (%(applet_id)s, %(version_id)s, %(seq)s, %(label)s, %(content)s, %(sha256)s)
        ON CONFLICT (applet_id, id) DO NOTHING
    """
)
async def _copy_version(
    conn: Connection,
    *,
    applet_id: AppletId,
    version_id: VersionId,
    seq: int,
    label: str,
    content: dict[str, Any],
    sha256: bytes,
) -> int: ...


@sql(
    """
    INSERT INTO activity_revision_copy (applet_id, id, activity_id, sha256, content)
    SELECT %(applet_id)s, revision.id, revision.activity_id, decode(revision.sha256, 'hex'),
           revision.content
      FROM jsonb_to_recordset(%(revisions)s)
           AS revision (id uuid, activity_id uuid, sha256 text, content jsonb)
        ON CONFLICT (applet_id, id) DO NOTHING
    -- Every object that the caller passes has every key.
    -- allow not-null
    """
)
async def _copy_revisions(
    conn: Connection, *, applet_id: AppletId, revisions: list[dict[str, Any]]
) -> int: ...


async def copy_version(
    conn: Connection, *, version: StoredVersion, revisions: Sequence[StoredRevision]
) -> bool:
    """Copy a version and its forms into the store; returns whether all of it stood there before."""
    copied = await _copy_version(
        conn,
        applet_id=version.applet_id,
        version_id=version.id,
        seq=version.seq,
        label=version.label,
        content=version.content,
        sha256=version.content_sha256,
    )
    copied += await _copy_revisions(
        conn,
        applet_id=version.applet_id,
        revisions=[
            {
                "id": str(revision.id),
                "activity_id": str(revision.activity_id),
                "sha256": revision.sha256.hex(),
                "content": revision.content,
            }
            for revision in revisions
        ],
    )
    return copied == 0


@sql(
    """
    WITH part AS (
        SELECT submission_id, answer_id, version_id, activity_id, revision_id, payload, part_sha256,
               scores, warnings, started_at, ended_at, zone
          FROM jsonb_to_recordset(%(parts)s)
               AS part (submission_id uuid, answer_id uuid, version_id uuid, activity_id uuid,
                        revision_id uuid, payload jsonb, part_sha256 text, scores jsonb,
                        warnings jsonb, started_at timestamptz, ended_at timestamptz, zone text)
    ), new_submission AS (
        INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at,
                                completed_at, zone)
        SELECT %(applet_id)s, submission_id, version_id, %(user_id)s, 'complete', started_at,
               ended_at, zone
          FROM part
            ON CONFLICT (applet_id, id) DO NOTHING
    )
    INSERT INTO answer (applet_id, id, submission_id, step, activity_id, activity_revision_id,
                        payload, part_sha256, scores, warnings, started_at, ended_at)
    SELECT %(applet_id)s, answer_id, submission_id, %(step)s, activity_id, revision_id,
           payload, decode(part_sha256, 'hex'), scores, warnings, started_at, ended_at
      FROM part
        ON CONFLICT DO NOTHING
    RETURNING id
    -- Every object that the caller passes has every key, and names what `copy_version` has copied.
    -- allow not-null, constraint(answer_applet_id_activity_revision_id_fkey)
    -- allow constraint(answer_applet_id_submission_id_fkey)
    -- allow constraint(submission_applet_id_applet_version_id_fkey, answer_step_check)
    """
)
async def add_parts(
    conn: Connection,
    *,
    applet_id: AppletId,
    user_id: UserId,
    step: int,
    parts: list[dict[str, Any]],
) -> list[AnswerId]:
    """Keep parts of new submissions; returns those that were not there before."""
    ...


@sql(
    """
    SELECT answer.id, answer.submission_id, submission.account_id AS respondent_id,
           answer.part_sha256
      FROM answer
      JOIN submission
        ON submission.applet_id = answer.applet_id
       AND submission.id = answer.submission_id
     WHERE answer.applet_id = %(applet_id)s
       AND answer.id = ANY(%(answer_ids)s)
     ORDER BY answer.id
    """
)
async def list_known_answers(
    conn: Connection, *, applet_id: AppletId, answer_ids: list[AnswerId]
) -> list[KnownAnswer]: ...


@sql(
    """
    SELECT id, account_id AS respondent_id
      FROM submission
     WHERE applet_id = %(applet_id)s
       AND id = ANY(%(submission_ids)s)
     ORDER BY id
    """
)
async def list_owners(
    conn: Connection, *, applet_id: AppletId, submission_ids: list[SubmissionId]
) -> list[SubmissionOwner]: ...


@sql(
    """
    SELECT answer.id, answer.submission_id, submission.applet_version_id AS version_id,
           answer.activity_id, answer.activity_revision_id AS revision_id, answer.payload,
           answer.scores, answer.warnings, answer.started_at, answer.ended_at, answer.received_at
      FROM answer
      JOIN submission
        ON submission.applet_id = answer.applet_id
       AND submission.id = answer.submission_id
     WHERE answer.applet_id = %(applet_id)s
       AND answer.id = %(answer_id)s
    """,
    missing=exceptions.SubmissionNotFound,
)
async def get_answer(conn: Connection, *, applet_id: AppletId, answer_id: AnswerId) -> Answer: ...


@sql(
    """
    SELECT answer.id, answer.submission_id, submission.applet_version_id AS version_id,
           answer.activity_id, answer.activity_revision_id AS revision_id, answer.payload,
           answer.scores, answer.warnings, answer.started_at, answer.ended_at, answer.received_at
      FROM answer
      JOIN submission
        ON submission.applet_id = answer.applet_id
       AND submission.id = answer.submission_id
     WHERE answer.applet_id = %(applet_id)s
       AND answer.submission_id = %(submission_id)s
     ORDER BY answer.step, answer.id
    """
)
async def list_answers(
    conn: Connection, *, applet_id: AppletId, submission_id: SubmissionId
) -> list[Answer]: ...


@sql(
    """
    SELECT submission.id, submission.applet_version_id AS version_id,
           version_copy.label AS version_label, submission.account_id AS respondent_id,
           submission.status, submission.started_at, submission.completed_at,
           submission.received_at, submission.zone
      FROM submission
      JOIN version_copy
        ON version_copy.applet_id = submission.applet_id
       AND version_copy.id = submission.applet_version_id
     WHERE submission.applet_id = %(applet_id)s
       AND submission.id = %(submission_id)s
       AND (%(respondent_id)s::uuid IS NULL OR submission.account_id = %(respondent_id)s)
    """,
    missing=exceptions.SubmissionNotFound,
)
async def get_submission(
    conn: Connection,
    *,
    applet_id: AppletId,
    submission_id: SubmissionId,
    respondent_id: UserId | None,
) -> Submission:
    """A submission; with `respondent_id`, only if it is that person's."""
    ...


@sql(
    """
    SELECT submission.id, submission.applet_version_id AS version_id,
           version_copy.label AS version_label, submission.account_id AS respondent_id,
           submission.status, submission.started_at, submission.completed_at,
           submission.received_at, submission.zone
      FROM submission
      JOIN version_copy
        ON version_copy.applet_id = submission.applet_id
       AND version_copy.id = submission.applet_version_id
     WHERE submission.applet_id = %(applet_id)s
       AND submission.account_id = %(respondent_id)s  -- if respondent_id
       AND (submission.received_at, submission.id) > (%(after_at)s, %(after_id)s)  -- if after_at
     ORDER BY submission.received_at, submission.id
     LIMIT %(limit)s
    """
)
async def list_submissions(
    conn: Connection,
    *,
    applet_id: AppletId,
    respondent_id: UserId | None,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> list[Submission]:
    """Submissions in the order of their arrival; with `respondent_id`, only that person's."""
    ...


@sql(
    """
    SELECT submission.id, submission.applet_version_id AS version_id,
           version_copy.label AS version_label, submission.account_id AS respondent_id,
           submission.status, submission.started_at, submission.completed_at,
           submission.received_at, submission.zone,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                'activity_id', answer.activity_id,
                                'revision_id', answer.activity_revision_id,
                                'payload', answer.payload,
                                'scores', answer.scores) ORDER BY answer.step, answer.id),
                            '[]')
              FROM answer
             WHERE answer.applet_id = submission.applet_id
               AND answer.submission_id = submission.id) AS answers
      FROM submission
      JOIN version_copy
        ON version_copy.applet_id = submission.applet_id
       AND version_copy.id = submission.applet_version_id
     WHERE submission.applet_id = %(applet_id)s
     ORDER BY submission.received_at, submission.id
    """
)
def stream_collected(conn: Connection, *, applet_id: AppletId) -> AsyncIterator[Collected]:
    """Every submission with its answers, in the order of arrival, at constant memory."""
    ...
