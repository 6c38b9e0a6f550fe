"""Words and limits of leaving, and of taking one's data along."""

from datetime import timedelta
from enum import StrEnum

from src.constants import KIB

CONFIRM_MAX = 254
EXPORT_TASK = "privacy:export_account"
"""The job that writes an export, as the queue knows it."""
EXPORT_KEPT = timedelta(hours=24)
"""How long an export can be fetched; also how long its making is tried."""
EXPORT_LOST_AFTER = timedelta(hours=1)
"""One that runs for so long may be asked for again: its job is gone, whatever became of it."""
EXPORT_BYTES_MAX = 1024 * 1024 * KIB
PIECE_BYTES = 256 * KIB


class ExportState(StrEnum):
    """Where an export stands. One that `failed` was too large."""

    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class ErrorCode(StrEnum):
    EXPORT_RUNNING = "export_running"
    EXPORT_NOT_FOUND = "export_not_found"
