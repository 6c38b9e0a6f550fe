"""The statements on the store tables. Each holds to one applet."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from src.answers import exceptions
from src.answers.schemas import (
    Answer,
    AnswerCells,
    AnswerId,
    Collected,
    KnownAnswer,
    ListedSubmission,
    SubmissionId,
    SubmissionOwner,
    SubmissionWithAnswers,
)
from src.applets.schemas import (
    ActivityId,
    AppletId,
    RevisionId,
    StoredRevision,
    StoredVersion,
    VersionId,
)
from src.database import Connection, Json, Transaction, sql
from src.schemas import Page
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
    conn: Transaction, *, version: StoredVersion, revisions: Sequence[StoredRevision]
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
    WITH new_submission AS (
        INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at,
                                completed_at, zone)
        VALUES (%(applet_id)s, %(submission_id)s, %(version_id)s, %(user_id)s, 'complete',
                %(started_at)s, %(ended_at)s, %(zone)s)
            ON CONFLICT (applet_id, id) DO NOTHING
        RETURNING applet_id, id, applet_version_id, started_at, completed_at
    ), new_answer AS (
        INSERT INTO answer (applet_id, id, submission_id, step, activity_id, activity_revision_id,
                            payload, part_sha256, scores, warnings, started_at, ended_at)
        SELECT applet_id, %(answer_id)s, id, %(step)s, %(activity_id)s, %(revision_id)s,
               %(payload)s, %(sha256)s, %(scores)s, %(warnings)s, started_at, completed_at
          FROM new_submission
        RETURNING id, submission_id, activity_id, activity_revision_id, payload, scores, warnings,
                  started_at, ended_at, received_at
    ), shown AS (
        SELECT new_answer.id, new_answer.submission_id,
               new_submission.applet_version_id AS version_id, new_answer.activity_id,
               new_answer.activity_revision_id AS revision_id, new_answer.payload,
               new_answer.scores, new_answer.warnings,
               instant(new_answer.started_at) AS started_at,
               instant(new_answer.ended_at) AS ended_at,
               instant(new_answer.received_at) AS received_at
          FROM new_answer
         CROSS JOIN new_submission
    )
    SELECT row_to_json(shown)
      FROM shown
    -- The submission is new, and `copy_version` has copied the form.
    -- allow constraint(answer_applet_id_activity_revision_id_fkey)
    -- allow constraint(answer_applet_id_submission_id_step_key)
    -- allow constraint(submission_applet_id_applet_version_id_fkey, answer_step_check)
    """,
    constraints={"answer_pkey": exceptions.AnswerConflict},
)
async def add_part(
    conn: Connection,
    *,
    applet_id: AppletId,
    user_id: UserId,
    submission_id: SubmissionId,
    answer_id: AnswerId,
    step: int,
    version_id: VersionId,
    activity_id: ActivityId,
    revision_id: RevisionId,
    payload: dict[str, Any],
    sha256: bytes,
    scores: list[dict[str, Any]],
    warnings: list[dict[str, Any]],
    started_at: datetime,
    ended_at: datetime,
    zone: str,
) -> Json[Answer] | None:
    """Keep a part of a new submission. None, or AnswerConflict, where its ids are in use."""
    ...


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
        RETURNING id
    )
    INSERT INTO answer (applet_id, id, submission_id, step, activity_id, activity_revision_id,
                        payload, part_sha256, scores, warnings, started_at, ended_at)
    SELECT %(applet_id)s, answer_id, submission_id, %(step)s, activity_id, revision_id,
           payload, decode(part_sha256, 'hex'), scores, warnings, started_at, ended_at
      FROM part
     -- All submissions before any answer, as `add_part` goes: the two never wait in a circle.
     WHERE submission_id = ANY (ARRAY(SELECT id FROM new_submission))
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
    WITH shown AS (
        SELECT answer.id, answer.submission_id, submission.applet_version_id AS version_id,
               answer.activity_id, answer.activity_revision_id AS revision_id, answer.payload,
               answer.scores, answer.warnings, instant(answer.started_at) AS started_at,
               instant(answer.ended_at) AS ended_at, instant(answer.received_at) AS received_at
          FROM answer
          JOIN submission
            ON submission.applet_id = answer.applet_id
           AND submission.id = answer.submission_id
         WHERE answer.applet_id = %(applet_id)s
           AND answer.id = %(answer_id)s
    )
    SELECT row_to_json(shown)
      FROM shown
    """,
    missing=exceptions.SubmissionNotFound,
)
async def get_answer(
    conn: Connection, *, applet_id: AppletId, answer_id: AnswerId
) -> Json[Answer]: ...


@sql(
    """
    WITH sitting AS (
        SELECT submission.id, submission.applet_version_id AS version_id,
               version_copy.label AS version_label, submission.account_id AS respondent_id,
               submission.status, instant(submission.started_at) AS started_at,
               instant(submission.completed_at) AS completed_at,
               instant(submission.received_at) AS received_at, submission.zone
          FROM submission
          JOIN version_copy
            ON version_copy.applet_id = submission.applet_id
           AND version_copy.id = submission.applet_version_id
         WHERE submission.applet_id = %(applet_id)s
           AND submission.id = %(submission_id)s
           AND (%(respondent_id)s::uuid IS NULL OR submission.account_id = %(respondent_id)s)
    ), shown AS (
        SELECT row_to_json(sitting) AS submission,
               (SELECT coalesce(json_agg(row_to_json(given) ORDER BY answer.step), '[]')
                  FROM answer
                 CROSS JOIN LATERAL
                       (SELECT answer.id, answer.submission_id, sitting.version_id,
                               answer.activity_id, answer.activity_revision_id AS revision_id,
                               answer.payload, answer.scores, answer.warnings,
                               instant(answer.started_at) AS started_at,
                               instant(answer.ended_at) AS ended_at,
                               instant(answer.received_at) AS received_at) AS given
                 WHERE answer.applet_id = %(applet_id)s
                   AND answer.submission_id = sitting.id) AS answers
          FROM sitting
    )
    SELECT row_to_json(shown)
      FROM shown
    """,
    missing=exceptions.SubmissionNotFound,
)
async def get_submission(
    conn: Connection,
    *,
    applet_id: AppletId,
    submission_id: SubmissionId,
    respondent_id: UserId | None,
) -> Json[SubmissionWithAnswers]:
    """A submission with its answers; with `respondent_id`, only if it is that person's."""
    ...


@sql(
    """
    WITH at_most AS (
        SELECT id, applet_version_id, account_id, status, started_at, completed_at, received_at,
               zone
          FROM submission
         WHERE applet_id = %(applet_id)s
           AND account_id = %(respondent_id)s  -- if respondent_id
           AND (received_at, id) > (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY received_at, id
         -- No page has more. A parameter alone tells the planner nothing: it would take a tenth of
         -- the table to be meant, and plan anew each time rather than keep a plan for that.
         LIMIT 101
    ), sitting AS (
        SELECT at_most.id, at_most.applet_version_id AS version_id,
               version_copy.label AS version_label, at_most.account_id AS respondent_id,
               at_most.status, instant(at_most.started_at) AS started_at,
               instant(at_most.completed_at) AS completed_at,
               instant(at_most.received_at) AS received_at, at_most.zone
          FROM at_most
          JOIN version_copy
            ON version_copy.applet_id = %(applet_id)s
           AND version_copy.id = at_most.applet_version_id
         ORDER BY at_most.received_at, at_most.id
         LIMIT %(limit)s + 1
    ), shown AS (
        SELECT sitting.id, sitting.version_id, sitting.version_label, sitting.respondent_id,
               sitting.status, sitting.started_at, sitting.completed_at, sitting.received_at,
               sitting.zone,
               CASE WHEN %(with_answers)s THEN
               (SELECT coalesce(json_agg(row_to_json(given) ORDER BY answer.step), '[]')
                  FROM answer
                 CROSS JOIN LATERAL
                       (SELECT answer.id, answer.submission_id, sitting.version_id,
                               answer.activity_id, answer.activity_revision_id AS revision_id,
                               answer.payload, answer.scores, answer.warnings,
                               instant(answer.started_at) AS started_at,
                               instant(answer.ended_at) AS ended_at,
                               instant(answer.received_at) AS received_at) AS given
                 WHERE answer.applet_id = %(applet_id)s
                   AND answer.submission_id = sitting.id)
               END AS answers
          FROM sitting
    ), listed AS (
        SELECT row_to_json(shown) AS body, received_at, id,
               row_number() OVER (ORDER BY received_at, id) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY received_at, id) FILTER (WHERE place <= %(limit)s),
                        '[]') AS items,
               CASE WHEN count(*) > %(limit)s
                    THEN max(received_at || '_' || id) FILTER (WHERE place = %(limit)s)
               END AS next_cursor
          FROM listed
    )
    SELECT row_to_json(page)
      FROM page
    """
)
async def list_submissions(
    conn: Connection,
    *,
    applet_id: AppletId,
    respondent_id: UserId | None,
    with_answers: bool,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[ListedSubmission]]:
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
                                'scores', answer.scores) ORDER BY answer.step),
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
def stream_collected(conn: Transaction, *, applet_id: AppletId) -> AsyncIterator[Collected]:
    """Every submission with its answers, in the order of arrival, at constant memory."""
    ...


@sql(
    """
    SELECT submission.id::text AS submission_id, version_copy.label AS version_label,
           submission.account_id::text AS respondent_id,
           replace(instant(submission.started_at), '.000000Z', 'Z') AS started_at,
           replace(instant(submission.completed_at), '.000000Z', 'Z') AS completed_at,
           replace(instant(submission.received_at), '.000000Z', 'Z') AS received_at,
           submission.zone, answer.activity_id::text AS activity_id,
           (SELECT (SELECT json_agg(
                               CASE WHEN wanted.rank < 0
                                    THEN whole.payload -> wanted.name -> wanted.kind
                                    WHEN whole.scores -> wanted.rank ->> 'name' = wanted.name
                                    THEN whole.scores -> wanted.rank -> 'value'
                                    ELSE jsonb_path_query_first(
                                             whole.scores, '$[*] ? (@.name == $name).value',
                                             jsonb_build_object('name', wanted.name))
                               END ORDER BY wanted.place)
                      FROM unnest(%(activities)s::uuid[], %(kinds)s::text[], %(names)s::text[],
                                  %(ranks)s::int[])
                           WITH ORDINALITY AS wanted (activity_id, kind, name, rank, place)
                     WHERE wanted.activity_id = answer.activity_id)::text
              -- A large document is unpacked here, once, and not again for each cell.
              FROM (SELECT answer.payload || '{}' AS payload, answer.scores || '[]' AS scores
                    OFFSET 0) AS whole) AS cells
      FROM submission
      JOIN version_copy
        ON version_copy.applet_id = submission.applet_id
       AND version_copy.id = submission.applet_version_id
      LEFT JOIN answer
        ON answer.applet_id = submission.applet_id
       AND answer.submission_id = submission.id
     WHERE submission.applet_id = %(applet_id)s
     ORDER BY submission.received_at, submission.id, answer.step
    """
)
def stream_cells(
    conn: Transaction,
    *,
    applet_id: AppletId,
    activities: list[ActivityId],
    kinds: list[str],
    names: list[str],
    ranks: list[int],
) -> AsyncIterator[AnswerCells]:
    """Every answer with the values asked for, as its submission arrived and its step came.

    A value is found by its activity, its kind (`value` or `text` of an item, or `score`) and its
    name. The rank is where a score stands among those of its activity, and is tried first; that
    of an item is below zero.
    """
    ...
