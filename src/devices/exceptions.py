"""What can go wrong with devices."""

from src.devices.constants import ErrorCode
from src.exceptions import NotFound


class DeviceNotFound(NotFound):
    code = ErrorCode.DEVICE_NOT_FOUND
    message = "You have no such device."
