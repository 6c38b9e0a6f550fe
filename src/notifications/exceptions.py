"""What can go wrong on the way out. No caller of the API ever sees these."""


class Undelivered(Exception):
    """The message did not go out now; it may later. `reason` is short and holds no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreachable(Undelivered):
    """The server did not answer, or not in time."""


class Refused(Undelivered):
    """The message will never go out: what it is addressed to takes none."""
