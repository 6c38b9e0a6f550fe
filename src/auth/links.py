"""Links that are mailed: where each leads, with its secret."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from src.config import PageSettings


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links. `base` is where people reach this service: `https://core.example.org`."""

    base: str
    pages: PageSettings

    def to(self, page: str, token: str = "") -> str:
        """The address of a page, with a token if it needs one. A page is a path here, or an address
        elsewhere."""
        address = page if urlsplit(page).scheme else self.base + page
        return with_token(address, token) if token else address

    def verify_email(self, token: str) -> str:
        return self.to(self.pages.verify_email, token)

    def complete_signup(self, token: str) -> str:
        return self.to(self.pages.complete_signup, token)

    def confirm_email(self, token: str) -> str:
        return self.to(self.pages.confirm_email, token)

    def undo_email(self, token: str) -> str:
        return self.to(self.pages.undo_email, token)

    def account_export(self) -> str:
        return self.to(self.pages.account_export)

    def undo_deletion(self, token: str) -> str:
        return self.to(self.pages.undo_deletion, token)

    def reset_password(self) -> str:
        return self.to(self.pages.reset_password)

    def login_link(self) -> str:
        return self.to(self.pages.login_link)

    def sign_in(self) -> str:
        return self.to(self.pages.sign_in)


def with_token(address: str, token: str) -> str:
    """The address with a token."""
    return f"{address}{'&' if '?' in address else '?'}token={token}"
