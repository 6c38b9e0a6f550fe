"""What can go wrong with being counted."""

import math
from typing import Self

from src.exceptions import TooManyRequests
from src.limits.constants import ErrorCode


class RateLimited(TooManyRequests):
    code = ErrorCode.RATE_LIMITED
    message = "Too many of these requests: wait as long as Retry-After says, then try again."

    @classmethod
    def until(cls, seconds: float) -> Self:
        """For those who may come back after so many seconds."""
        return cls(headers={"Retry-After": str(max(1, math.ceil(seconds)))})
