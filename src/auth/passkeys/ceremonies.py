"""What browsers are asked, and whether their answers are right. No database, no clock.

An answer is a stranger's text until it has been verified: whatever the library makes of it, a
challenge, an origin, a site or a signature that is not right raises InvalidPasskey.
"""

from dataclasses import dataclass
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from src.auth.passkeys.exceptions import InvalidPasskey
from src.users.schemas import UserId

_TIMEOUT_MS = 300_000


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The site that passkeys are for, and the pages that may ask them."""

    id: str
    origins: list[str]
    name: str


@dataclass(frozen=True, slots=True)
class Registered:
    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    sign_count: int
    is_backed_up: bool


def registration_options(
    party: RelyingParty,
    *,
    user_id: UserId,
    email: str,
    display_name: str,
    challenge: str,
    known: list[bytes],
) -> dict[str, Any]:
    """Ask for a passkey that can be found without a name, and that asks for its user."""
    return options_to_json_dict(
        generate_registration_options(
            rp_id=party.id,
            rp_name=party.name,
            user_id=user_id.bytes,
            user_name=email,
            user_display_name=display_name or email,
            challenge=challenge.encode(),
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
    )


def authentication_options(party: RelyingParty, *, challenge: str) -> dict[str, Any]:
    """Ask any passkey of this site."""
    return options_to_json_dict(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge.encode(),
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def challenge_of(credential: dict[str, Any]) -> str:
    """The challenge that an answer says it is to."""
    try:
        client_data = base64url_to_bytes(credential["response"]["clientDataJSON"])
        return parse_client_data_json(client_data).challenge.decode("ascii")
    except Exception as exc:  # what strangers send breaks in many ways
        raise InvalidPasskey() from exc


def credential_id_of(credential: dict[str, Any]) -> bytes:
    """Which passkey an answer says it is from."""
    try:
        return base64url_to_bytes(credential["id"])
    except Exception as exc:  # what strangers send breaks in many ways
        raise InvalidPasskey() from exc


def registered(party: RelyingParty, credential: dict[str, Any], *, challenge: str) -> Registered:
    """The passkey that a browser has made."""
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge.encode(),
            expected_rp_id=party.id,
            expected_origin=party.origins,
            require_user_verification=True,
        )
    except Exception as exc:  # the library's parsers raise more than they say
        raise InvalidPasskey() from exc
    return Registered(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        is_backed_up=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def asserted(
    party: RelyingParty,
    credential: dict[str, Any],
    *,
    user_id: UserId,
    challenge: str,
    public_key: bytes,
) -> Asserted:
    """What a passkey says, if it is the one of this key and for this user.

    That its counter moves on is for whoever keeps the count.
    """
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge.encode(),
            expected_rp_id=party.id,
            expected_origin=party.origins,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        handle = credential["response"].get("userHandle")
        is_theirs = handle is None or base64url_to_bytes(handle) == user_id.bytes
    except Exception as exc:  # the library's parsers raise more than they say
        raise InvalidPasskey() from exc
    if not is_theirs:
        raise InvalidPasskey()
    return Asserted(
        sign_count=verified.new_sign_count,
        is_backed_up=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )
