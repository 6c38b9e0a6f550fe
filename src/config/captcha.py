"""CAPTCHAs: whose, and where they are asked for."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from src.config.values import CommaList, Section, is_base

_CAPTCHAS = {
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}


class CaptchaSettings(Section):
    provider: Literal["hcaptcha", "turnstile", "recaptcha"] | None = None
    """Whose CAPTCHA your pages show. Unset: none is ever required."""
    secret: SecretStr | None = None
    """The secret key that its vendor gave."""
    signup: bool = False
    """Whether each sign-up takes one. Signing in takes one only while far more passwords are wrong
    than usual."""
    hosts: CommaList = ()
    """Hosts of the pages that show it, such as `app.example.org`; none named: any."""
    score: Annotated[float, Field(ge=0, le=1)] = 0.5
    """What reCAPTCHA v3 must give at the least."""
    url: Annotated[str, AfterValidator(is_base)] | None = None
    """Where the vendor is asked, if it is elsewhere than usual."""

    @property
    def is_given(self) -> bool:
        return self.provider is not None

    @property
    def address(self) -> str:
        return self.url or _CAPTCHAS[self.provider or ""]

    @property
    def secret_text(self) -> str:
        return self.secret.get_secret_value() if self.secret else ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.provider is None) != (self.secret is None):
            raise ValueError("CAPTCHA needs PROVIDER and SECRET together")
        return self
