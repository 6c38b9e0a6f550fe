"""The one function of libpq that psycopg does not wrap."""

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

_MAPS = Path("/proc/self/maps")


@cache
def send_pipeline_sync() -> Callable[[int], int] | None:
    """`PQsendPipelineSync` (libpq 17): a Sync that waits for the next flush.

    psycopg's `pipeline_sync` flushes: a system call for each statement, where one would do for all
    of a moment. It takes `PGconn.pgconn_ptr`, which is there for this, and returns 0 for a failure.
    None where the libpq that this process has loaded cannot be found, or is older.
    """
    try:
        loaded = {line.split()[-1] for line in _MAPS.read_text().splitlines() if "libpq" in line}
    except OSError:
        return None
    for path in sorted(loaded):
        if Path(path).name.startswith("libpq"):
            # Under the interpreter's lock: it only writes into a buffer.
            function = getattr(ctypes.PyDLL(path), "PQsendPipelineSync", None)
            if function is not None:
                function.argtypes = [ctypes.c_void_p]
                function.restype = ctypes.c_int
                return cast("Callable[[int], int]", function)
    return None
