"""What can be done with accounts."""

from src.database import Connection, Json, sql
from src.users import exceptions
from src.users.schemas import User, UserId


@sql(
    """
    INSERT INTO account (email, username, given_name, family_name, locale, status)
    VALUES (%(email)s, %(username)s, %(given_name)s, %(family_name)s, %(locale)s, 'active')
    RETURNING id, email, username, given_name, family_name, display_name, locale, time_zone,
              status, email_verified_at, created_at, updated_at
    -- The payload holds to both.
    -- allow constraint(account_email_length_check, account_username_format_check)
    """,
    constraints={
        "account_email_key_key": exceptions.EmailTaken,
        "account_username_key_key": exceptions.UsernameTaken,
    },
)
async def create(
    conn: Connection,
    *,
    email: str,
    username: str | None,
    given_name: str,
    family_name: str,
    locale: str,
) -> User:
    """Create an active account; its email still waits for verification."""
    ...


@sql(
    """
    SELECT id, email, username, given_name, family_name, display_name, locale, time_zone,
           status, email_verified_at, created_at, updated_at
      FROM account
     WHERE id = %(user_id)s
    """,
    missing=exceptions.UserNotFound,
)
async def get(conn: Connection, *, user_id: UserId) -> User: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, email, username, given_name, family_name, display_name, locale, time_zone,
                   status, instant(email_verified_at) AS email_verified_at,
                   instant(created_at) AS created_at, instant(updated_at) AS updated_at
              FROM account
             WHERE id = %(user_id)s) AS shown
    """,
    missing=exceptions.UserNotFound,
)
async def show(conn: Connection, *, user_id: UserId) -> Json[User]:
    """The account as its owner sees it, ready to be sent."""
    ...
