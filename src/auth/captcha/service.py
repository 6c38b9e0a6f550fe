"""When signing in takes a CAPTCHA: while far more passwords are wrong than usual.

Each process counts for itself, and every two seconds adds what it has to the minute that all
share, and looks how all stand. A minute has one row, a day 1,440. Counts that a process has not
said yet are lost with it; the table is unlogged, so that a crash of the database begins anew.

With `f` wrong of `n` passwords in the last five minutes, and `F` of `N` in the day before them, it
is an attack while `f >= 100` and `f / n > min(0.9, 5 * max(0.04, F / N))`.
"""

from dataclasses import dataclass

from src import logs
from src.auth.captcha.client import Captcha
from src.auth.captcha.constants import (
    FAILURES_MIN,
    LOOK_SECONDS,
    TIMES_USUAL,
    UNUSUAL_MAX,
    USUAL_MIN,
    WINDOW_MINUTES,
)
from src.auth.captcha.exceptions import CaptchaRequired
from src.database import Connection, Pools, sql

log = logs.get_logger("core_api.auth")


@dataclass(slots=True)
class Share:
    """Passwords that were tried, and how many of them were wrong: lately, and before."""

    attempts: int
    failures: int
    usual_attempts: int
    usual_failures: int

    @property
    def is_unusual(self) -> bool:
        if self.failures < FAILURES_MIN:
            return False
        usual = max(USUAL_MIN, self.usual_failures / max(1, self.usual_attempts))
        return self.failures / self.attempts > min(UNUSUAL_MAX, TIMES_USUAL * usual)


@sql(
    """
    INSERT INTO login_outcome (minute, attempts, failures)
    VALUES (date_trunc('minute', statement_timestamp()), %(attempts)s, %(failures)s)
        ON CONFLICT (minute) DO UPDATE
       SET attempts = login_outcome.attempts + excluded.attempts,
           failures = login_outcome.failures + excluded.failures
    """
)
async def _add(conn: Connection, *, attempts: int, failures: int) -> None: ...


@sql(
    """
    SELECT coalesce(sum(attempts) FILTER (WHERE is_recent), 0)::integer AS attempts,
           coalesce(sum(failures) FILTER (WHERE is_recent), 0)::integer AS failures,
           coalesce(sum(attempts) FILTER (WHERE NOT is_recent), 0)::integer AS usual_attempts,
           coalesce(sum(failures) FILTER (WHERE NOT is_recent), 0)::integer AS usual_failures
      FROM (SELECT attempts, failures,
                   minute > statement_timestamp() - interval '1 minute' * %(minutes)s AS is_recent
              FROM login_outcome
             WHERE minute > statement_timestamp() - interval '1 day') AS counted
    """
)
async def _share(conn: Connection, *, minutes: int) -> Share: ...


@sql("DELETE FROM login_outcome WHERE minute < now() - interval '2 days'")
async def purge(conn: Connection) -> int:
    """Forget the minutes of before yesterday; returns how many."""
    ...


def count(pools: Pools, *, is_right: bool) -> None:
    """Note that a password was tried."""
    pools.counting.outcomes.count(is_right=is_right)


async def is_attacked(pools: Pools) -> bool:
    """Whether far more passwords are wrong than usual, as of two seconds ago at most."""
    outcomes = pools.counting.outcomes
    if outcomes.are_due(LOOK_SECONDS):
        attempts, failures = outcomes.take()
        if attempts:
            await _add(pools.write.single, attempts=attempts, failures=failures)
        share = await _share(pools.deciding.single, minutes=WINDOW_MINUTES)
        if share.is_unusual != outcomes.is_unusual:
            outcomes.is_unusual = share.is_unusual
            say = log.error if share.is_unusual else log.warning
            say(
                "far more passwords are wrong than usual"
                if share.is_unusual
                else "no more passwords are wrong than usual again",
                attempts=share.attempts,
                failures=share.failures,
            )
    return outcomes.is_unusual


async def demand(captcha: Captcha, *, token: str | None, ip: str) -> None:
    """Raise CaptchaRequired unless a CAPTCHA was solved; where none is set up, nobody need."""
    if captcha.is_given and (token is None or not await captcha.is_solved(token, ip=ip)):
        raise CaptchaRequired()
