"""What PostgreSQL refuses, in our words. Its own text never reaches a caller."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import errors

from src.exceptions import BadRequest, CoreError, Unavailable

_COME_BACK = (
    errors.QueryCanceled,
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.DiskFull,
    psycopg.OperationalError,  # lost, refused, shutting down; and what the pool raises
)


_TOO_MUCH = (
    errors.ProgramLimitExceeded,
    errors.StatementTooComplex,
    errors.TooManyColumns,
    errors.TooManyArguments,
)


def unstorable() -> BadRequest:
    """For a value that no column can hold."""
    return BadRequest("A value has characters or a size that cannot be stored.")


@contextmanager
def translated(constraints: Mapping[str, type[CoreError]] | None = None) -> Iterator[None]:
    """Raise our exceptions for psycopg's.

    A violated constraint becomes the exception that the statement names for it; a value that no
    column can hold is the caller's mistake; a lost, full or overloaded database is `Unavailable`.
    Anything else is a defect of ours and passes through.
    """
    try:
        yield
    except psycopg.IntegrityError as exc:
        refusal = (constraints or {}).get(exc.diag.constraint_name or "")
        if refusal is None:
            raise
        raise refusal() from exc
    except (psycopg.DataError, *_TOO_MUCH) as exc:
        raise unstorable() from exc
    except _COME_BACK as exc:
        raise Unavailable() from exc
