"""Words and limits of devices and of pushes."""

from enum import StrEnum

from src.security import TOKEN_PREFIX

SECRET_PREFIX = f"{TOKEN_PREFIX}dev_"
"""How the secret of a device begins."""

APP_VERSION_MAX = 50
PUSH_TOKEN_MAX = 4096

TARGETS_MAX = 50
"""Devices of a user that a push goes to: those seen last."""
FORGOTTEN_DAYS = 90
"""How long a device is kept that nobody is signed in on and that is not heard of."""

PUSH_TASK = "devices:push"
"""The job that sends a push, as the queue knows it."""


class Service(StrEnum):
    """Who carries a push to a device: Firebase Cloud Messaging, or a browser's push service."""

    FCM = "fcm"
    WEB = "web"


class Push(StrEnum):
    """What a push is about. Its words are in `pushing`."""

    TEST = "test"


class ErrorCode(StrEnum):
    DEVICE_NOT_FOUND = "device_not_found"
