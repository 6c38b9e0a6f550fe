"""What push tokens say, and whether pushes may be sent there at all."""

import base64
import binascii
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, StringConstraints, ValidationError

from src.auth.constants import DeviceType
from src.config import Settings
from src.devices.constants import PUSH_TOKEN_MAX, Service
from src.devices.schemas import PushAddress
from src.exceptions import FieldError, Invalid

_AUTH_BYTES = 16

Text = Annotated[str, StringConstraints(min_length=1, max_length=PUSH_TOKEN_MAX)]


class Keys(BaseModel):
    p256dh: Text
    auth: Text


class Subscription(BaseModel):
    """A browser's `PushSubscription`, as its `toJSON` writes it."""

    endpoint: Text
    keys: Keys


def read(token: str, *, type: DeviceType, settings: Settings) -> PushAddress:  # noqa: A002
    """What a push token says. Raises Invalid.

    A browser's names an address that we shall call: only push services that the settings name.
    """
    if type is not DeviceType.WEB:
        if not token.isascii() or " " in token:
            raise _invalid("A registration token has neither spaces nor letters beyond ASCII.")
        return PushAddress(Service.FCM, token, token)
    try:
        subscription = Subscription.model_validate_json(token)
    except ValidationError as exc:
        raise _invalid("Send JSON.stringify(subscription): its endpoint and both keys.") from exc
    if not is_of(subscription.endpoint, settings.push.web.hosts):
        raise _invalid("The endpoint is of no push service that this one calls.")
    _check_keys(subscription.keys)
    return PushAddress(Service.WEB, subscription.model_dump_json(), subscription.endpoint)


def is_of(endpoint: str, hosts: tuple[str, ...]) -> bool:
    """Whether an address is of a push service on one of these hosts, or below one."""
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        return False
    host = url.hostname or ""
    is_known = any(host == known or host.endswith(f".{known}") for known in hosts)
    is_plain = url.username is None and url.password is None and port in {None, 443}
    return url.scheme == "https" and is_plain and is_known and endpoint.isascii()


def _check_keys(keys: Keys) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(keys.p256dh))
        is_right = len(decoded(keys.auth)) == _AUTH_BYTES
    except (ValueError, binascii.Error) as exc:
        raise _invalid("The keys of the subscription are not valid.") from exc
    if not is_right:
        raise _invalid("The keys of the subscription are not valid.")


def decoded(text: str) -> bytes:
    """Base64url, padded or not."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _invalid(detail: str) -> Invalid:
    return Invalid(errors=[FieldError("/push_token", "invalid_push_token", detail)])
