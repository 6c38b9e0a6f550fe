"""Whose pages may call, and the pages that links lead to."""

import re
from typing import Annotated

from pydantic import AfterValidator

from src.config.values import CommaList, Page, Section


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as exc:
        raise ValueError(f"is not a regular expression: {exc}") from exc
    return value


class CorsSettings(Section):
    allow_origins: CommaList = ()
    """Origins that browsers may call from; `*` for any (then without credentials)."""
    allow_origins_regex: Annotated[str, AfterValidator(_is_pattern)] | None = None
    """A pattern of such origins; the whole origin must match."""
    allow_credentials: bool = True
    """Whether browsers may send cookies from those origins."""
    allow_methods: CommaList = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    """Methods that those origins may use."""
    allow_headers: CommaList = (
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "X-CSRF-Token",
        "X-Device-Secret",
        "X-Request-Id",
    )
    """Request headers that those origins may send."""


class PageSettings(Section):
    verify_email: Page = "/v1/auth/email/verify"
    """Where the link of a verification mail leads, with `?token=`: a path of this service, or the
    address of a page of your own. The pages that come with the service are in English."""
    complete_signup: Page = "/v1/auth/signup/complete"
    """Where the link of a sign-up mail leads."""
    confirm_email: Page = "/v1/users/me/email/confirm"
    """Where the link leads that confirms a new email."""
    undo_email: Page = "/v1/auth/email/undo"
    """Where the link leads that takes a change of the email back."""
    reset_password: Page = "/v1/auth/password/reset"  # noqa: S105  (no password)
    """Where the link of a recovery mail leads, to a page that asks for the new password."""
    login_link: Page = "/v1/auth/login/link/redeem"
    """Where the link of a mail to sign in leads."""
    account_export: Page = "/v1/users/me/export/file"
    """Where the link leads that fetches an export of one's data."""
    undo_deletion: Page = "/v1/auth/deletion/undo"
    """Where the link leads that keeps an account from being erased."""
    sign_in: Page = "/docs"
    """Where people sign in."""
