"""What signing up makes of an invitation, for the domain above that keeps them to say."""

from typing import Protocol

from src.database import Connection, Transaction
from src.users.schemas import UserId


class Invitations(Protocol):
    """Who keeps invitations. What they make of a token is kept with what is mailed."""

    async def invited(self, conn: Connection, *, token: str, email: str) -> dict[str, str] | None:
        """What the token invites this address to; None unless the invitation names it."""
        ...

    async def join(self, conn: Transaction, *, user_id: UserId, invited: dict[str, str]) -> None:
        """Let somebody in whose address has been verified, if the invitation still holds."""
        ...
