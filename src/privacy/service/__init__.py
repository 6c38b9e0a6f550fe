"""What happens to what the service knows of somebody."""

from src.privacy.service.deleting import (
    begin,
    demand_other_owners,
    request,
    undo,
    withhold_undo,
)
from src.privacy.service.erasing import NotErased, erase_next, say_when
from src.privacy.service.exporting import find_file, get, make, purge, read_file, start

__all__ = [
    "NotErased",
    "begin",
    "demand_other_owners",
    "erase_next",
    "find_file",
    "get",
    "make",
    "purge",
    "read_file",
    "request",
    "say_when",
    "start",
    "undo",
    "withhold_undo",
]
