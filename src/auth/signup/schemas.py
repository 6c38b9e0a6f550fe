"""What callers send to sign up."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from src.auth.constants import Transport
from src.auth.onetime.schemas import SentCode, SentToken
from src.auth.schemas import AnyPassword, CaptchaToken
from src.auth.verification.schemas import check_either
from src.schemas import Payload
from src.users.schemas import Email, Locale, Name, Username


class Signup(Payload):
    """A new account. The password has 15 to 256 characters, of any kind.

    Without one, a link is mailed by which to choose it.
    """

    email: Email
    password: AnyPassword | None = None
    username: Username | None = None
    given_name: Name = ""
    family_name: Name = ""
    locale: Locale = "en"
    invitation_token: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=200),
            Field(
                description="Of an invitation to the email; its team is joined once it is verified."
            ),
        ]
        | None
    ) = None
    captcha_token: CaptchaToken | None = None
    token_transport: Transport = Transport.BEARER


class SignupCheck(Payload):
    """The token of a sign-up mail's link."""

    token: SentToken


class SignupCompletion(Payload):
    """The token of a sign-up mail's link, or its code with the address; and the new password.

    What is left out of the rest is as it was when the mail was asked for.
    """

    token: SentToken | None = None
    email: Email | None = None
    code: SentCode | None = None
    password: AnyPassword
    username: Username | None = None
    given_name: Name = ""
    family_name: Name = ""
    token_transport: Transport = Transport.BEARER

    @model_validator(mode="after")
    def _is_either(self) -> Self:
        check_either(self.token, self.email, self.code)
        return self
