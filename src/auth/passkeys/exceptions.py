"""What can go wrong with passkeys."""

from src.auth.passkeys.constants import PASSKEYS_MAX, ErrorCode
from src.exceptions import BadRequest, Conflict, NotFound


class InvalidPasskey(BadRequest):
    """The challenge that came stays used, although the answer is an error."""

    code = ErrorCode.INVALID_PASSKEY
    message = (
        "This is no answer of a passkey that is known here, for this site, to a challenge of the "
        "last five minutes: ask for new options."
    )
    commits = True


class PasskeysDisabled(NotFound):
    code = ErrorCode.PASSKEYS_DISABLED
    message = "Passkeys need to know their site: set PUBLIC_URL or AUTHENTICATION__PASSKEYS__RP_ID."


class PasskeyNotFound(NotFound):
    code = ErrorCode.PASSKEY_NOT_FOUND
    message = "You have no such passkey."


class PasskeyLimit(Conflict):
    code = ErrorCode.PASSKEY_LIMIT
    message = f"An account holds {PASSKEYS_MAX} passkeys: remove one first."


class PasskeyKnown(Conflict):
    code = ErrorCode.PASSKEY_KNOWN
    message = "This passkey is registered already."
