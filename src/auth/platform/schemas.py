"""Who operates the platform."""

from dataclasses import dataclass

from src.permissions import PlatformRole
from src.users.schemas import UserId


@dataclass(slots=True)
class Standing:
    """What a session and its account say for acting as an operator."""

    roles: list[str]
    """Each a `PlatformRole`."""
    has_second_factor: bool
    is_recent: bool
    """Whether the session is young enough, and was refreshed lately enough."""


@dataclass(slots=True)
class Operator:
    """A caller who may do what the route demands."""

    id: UserId
    roles: list[PlatformRole]

    def has(self, demanded: PlatformRole) -> bool:
        """Whether one of the roles includes the one that is demanded."""
        return any(role.includes(demanded) for role in self.roles)
