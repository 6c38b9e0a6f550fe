"""Pushes to apps and browsers: whose keys, and where they may go."""

from typing import Annotated, Self

from pydantic import AfterValidator, SecretStr, model_validator

from src.config.values import CommaList, Section, is_base


class FcmSettings(Section):
    project_id: str | None = None
    """The Firebase project that apps get their pushes from; unset: apps get none."""
    client_email: str | None = None
    """The service account of that project, from its JSON key."""
    private_key: SecretStr | None = None
    """The account's private key, from the same file; line breaks may be written as `\\n`."""
    token_url: Annotated[str, AfterValidator(is_base)] = "https://oauth2.googleapis.com/token"  # noqa: S105  (no password)
    """Where the service account gets its access tokens."""
    url: Annotated[str, AfterValidator(is_base)] = "https://fcm.googleapis.com"
    """Where pushes to apps are sent."""

    @property
    def is_given(self) -> bool:
        return self.project_id is not None


class WebPushSettings(Section):
    private_key: SecretStr | None = None
    """The VAPID key by which push services of browsers know this service: 32 bytes in base64url.
    Unset: browsers get no pushes."""
    contact: str | None = None
    """The email that a push service may write to about it."""
    hosts: CommaList = (
        "fcm.googleapis.com",
        "push.services.mozilla.com",
        "push.apple.com",
        "notify.windows.com",
    )
    """Push services of browsers that are called, each with the hosts below its name."""

    @property
    def is_given(self) -> bool:
        return self.private_key is not None


class PushSettings(Section):
    fcm: FcmSettings = FcmSettings()
    web: WebPushSettings = WebPushSettings()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        fcm = (self.fcm.project_id, self.fcm.client_email, self.fcm.private_key)
        if any(fcm) and not all(fcm):
            raise ValueError("PUSH__FCM needs PROJECT_ID, CLIENT_EMAIL and PRIVATE_KEY together")
        if (self.web.private_key is None) != (self.web.contact is None):
            raise ValueError("PUSH__WEB needs PRIVATE_KEY and CONTACT together")
        return self
