"""What signing in, out and up does to devices and invitations, for the domains above to say.

The application makes them known to each other.
"""

from typing import Annotated, Protocol, cast

from fastapi import Depends, Header, Request

from src.auth.joining import Invitations
from src.auth.schemas import DeviceId, SentDevice
from src.database import Connection, Transaction
from src.users.schemas import UserId


class Devices(Protocol):
    """Who keeps devices."""

    async def sign_in(
        self, conn: Transaction, *, user_id: UserId, device: SentDevice, secret: str | None
    ) -> None:
        """Somebody is about to be signed in on a device. Raises a CoreError that refuses it."""
        ...

    async def is_proved(
        self, conn: Connection, *, user_id: UserId | None, device_id: DeviceId, secret: str
    ) -> bool:
        """Whether the user has signed in on it with this secret. As slow without a user."""
        ...

    async def sign_out(self, conn: Transaction, *, user_id: UserId, device_id: DeviceId) -> None:
        """Somebody has signed out on a device; one that is not theirs stays as it is."""
        ...


async def request_invitations(request: Request) -> Invitations:
    return cast("Invitations", request.app.state.invitations)


ProcessInvitations = Annotated[Invitations, Depends(request_invitations)]


async def request_devices(request: Request) -> Devices:
    return cast("Devices", request.app.state.devices)


ProcessDevices = Annotated[Devices, Depends(request_devices)]


async def device_secret(
    x_device_secret: Annotated[
        str | None,
        Header(max_length=200, description="What the device was told when it was first heard of."),
    ] = None,
) -> str | None:
    return x_device_secret


DeviceSecret = Annotated[str | None, Depends(device_secret)]
