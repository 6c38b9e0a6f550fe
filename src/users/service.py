"""What can be done with accounts."""

from uuid import uuid4

from src.audit.constants import Action
from src.database import Connection, Json, Transaction, sql
from src.users import exceptions
from src.users.constants import SERVICE_DOMAIN, ThemeMode
from src.users.schemas import (
    KnownUser,
    LockedUser,
    Preferences,
    PreferencesUpdate,
    ProfileUpdate,
    TakenNames,
    User,
    UserId,
)


@sql(
    """
    INSERT INTO account (email, username, given_name, family_name, locale, status)
    VALUES (%(email)s, %(username)s, %(given_name)s, %(family_name)s, %(locale)s, 'active')
    RETURNING id, email, username, given_name, family_name, display_name, locale, time_zone,
              status, email_verified_at, created_at, updated_at
    -- The payload holds to both; people have whatever address they have.
    -- allow constraint(account_email_length_check, account_username_format_check)
    -- allow constraint(account_service_email_check)
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
    INSERT INTO account (email, given_name, family_name, locale, status, email_verified_at)
    VALUES (%(email)s, %(given_name)s, %(family_name)s, 'en', 'active',
            CASE WHEN %(is_email_verified)s THEN now() END)
        ON CONFLICT (email_key) DO NOTHING
    RETURNING id
    -- An email of this type is no longer, there is no username, and it is a person's.
    -- allow constraint(account_email_length_check, account_service_email_check)
    """
)
async def create_unless_known(
    conn: Connection, *, email: str, given_name: str, family_name: str, is_email_verified: bool
) -> UserId | None:
    """Create an active account, unless there is one with this email: None then."""
    ...


@sql(
    """
    INSERT INTO account (email, username, given_name, family_name, display_name, locale,
                         time_zone, status, email_verified_at)
    VALUES (%(email)s, %(username)s, %(given_name)s, %(family_name)s, %(display_name)s, %(locale)s,
            %(time_zone)s, CASE WHEN %(is_email_verified)s OR %(has_password)s
                                THEN 'active' ELSE 'pending' END,
            CASE WHEN %(is_email_verified)s THEN now() END)
        ON CONFLICT DO NOTHING
    RETURNING id
    -- Whoever brings the account has held it to both. It is a person's, and nobody deletes it.
    -- allow constraint(account_email_length_check, account_username_format_check)
    -- allow constraint(account_service_email_check, account_erase_at_check)
    """
)
async def create_imported(
    conn: Transaction,
    *,
    email: str,
    username: str | None,
    given_name: str,
    family_name: str,
    display_name: str,
    locale: str,
    time_zone: str,
    is_email_verified: bool,
    has_password: bool,
) -> UserId | None:
    """Create an account that another system has had. None if email or username are somebody's."""
    ...


@sql(
    """
    INSERT INTO account (kind, email, display_name, locale, status, email_verified_at)
    VALUES ('service', %(email)s, %(name)s, 'en', 'active', now())
    RETURNING id
    -- The address is made of a random number.
    -- allow constraint(account_email_length_check, account_service_email_check)
    """
)
async def _create_service(conn: Transaction, *, email: str, name: str) -> UserId: ...


async def create_service(conn: Transaction, *, name: str) -> UserId:
    """Create the account of a program: nobody signs in to it, and no mail reaches it."""
    return await _create_service(conn, email=f"{uuid4()}@{SERVICE_DOMAIN}", name=name)


@sql(
    """
    SELECT id, status IN ('active', 'pending') AS is_active, status = 'deleting' AS is_deleting,
           email_verified_at IS NOT NULL AS is_email_verified
      FROM account
     WHERE email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       AND kind = 'person'
       FOR NO KEY UPDATE
    """
)
async def lock_by_email(conn: Transaction, *, email: str) -> LockedUser | None:
    """The account with this email, held until the transaction ends."""
    ...


@sql(
    """
    UPDATE account
       SET email_verified_at = coalesce(email_verified_at, now()),
           status = CASE WHEN status = 'pending' THEN 'active' ELSE status END,
           updated_at = now()
     WHERE id = %(user_id)s
    """
)
async def mark_verified(conn: Transaction, *, user_id: UserId) -> int:
    """Somebody has proved that the account's email is theirs."""
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
    SELECT json_build_object(
               'id', id,
               'email', email,
               'username', username,
               'given_name', given_name,
               'family_name', family_name,
               'display_name', display_name,
               'locale', locale,
               'time_zone', time_zone,
               'status', status,
               'email_verified_at', instant(email_verified_at),
               'created_at', instant(created_at),
               'updated_at', instant(updated_at)
           )
      FROM account
     WHERE id = %(user_id)s
    """,
    missing=exceptions.UserNotFound,
)
async def show(conn: Connection, *, user_id: UserId) -> Json[User]:
    """As `get`, ready to be sent."""
    ...


@sql(
    """
    UPDATE account
       SET email_verified_at = coalesce(email_verified_at, now()),
           status = 'active',
           updated_at = now()
     WHERE id = %(user_id)s
       AND email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       AND status IN ('active', 'pending')
    RETURNING old.email_verified_at IS NOT NULL
    """
)
async def prove_email(conn: Connection, *, user_id: UserId, email: str) -> bool | None:
    """Note that the user has this mailbox; whether that was known before.

    None if it is not the account's address any more, or the account is not in use.
    """
    ...


@sql(
    """
    WITH changed AS (
        UPDATE account
           SET username = coalesce(%(username)s, username),
               given_name = coalesce(%(given_name)s, given_name),
               family_name = coalesce(%(family_name)s, family_name),
               display_name = coalesce(%(display_name)s, display_name),
               locale = coalesce(%(locale)s, locale),
               time_zone = coalesce(%(time_zone)s, time_zone),
               updated_at = now()
         WHERE id = %(user_id)s
        RETURNING id, email, username, given_name, family_name, display_name, locale, time_zone,
                  status, email_verified_at, created_at, updated_at
    ), event AS (
        INSERT INTO audit_event (actor_id, action, object_id, detail)
        SELECT %(user_id)s, %(action)s, id, '{}'
          FROM changed
    ), shown AS (
        SELECT id, email, username, given_name, family_name, display_name, locale, time_zone,
               status, instant(email_verified_at) AS email_verified_at,
               instant(created_at) AS created_at, instant(updated_at) AS updated_at
          FROM changed
    )
    SELECT row_to_json(shown)
      FROM shown
    -- The payload holds to it.
    -- allow constraint(account_username_format_check)
    """,
    missing=exceptions.UserNotFound,
    constraints={"account_username_key_key": exceptions.UsernameTaken},
)
async def _update(
    conn: Connection,
    *,
    user_id: UserId,
    username: str | None,
    given_name: str | None,
    family_name: str | None,
    display_name: str | None,
    locale: str | None,
    time_zone: str | None,
    action: Action,
) -> Json[User]: ...


async def update(conn: Connection, *, user_id: UserId, changes: ProfileUpdate) -> Json[User]:
    """Change how a user is called and where they are. Raises UsernameTaken."""
    return await _update(
        conn,
        user_id=user_id,
        username=changes.username,
        given_name=changes.given_name,
        family_name=changes.family_name,
        display_name=changes.display_name,
        locale=changes.locale,
        time_zone=changes.time_zone,
        action=Action.USER_CHANGED,
    )


@sql(
    """
    SELECT json_build_object(
               'theme', json_build_object(
                   'mode', coalesce(account_preference.theme_mode, 'system'),
                   'accent', account_preference.theme_accent),
               'notifications', json_build_object(
                   'mails', coalesce(account_preference.mails, true),
                   'pushes', coalesce(account_preference.pushes, true)))
      FROM account
      LEFT JOIN account_preference ON account_preference.account_id = account.id
     WHERE account.id = %(user_id)s
    """,
    missing=exceptions.UserNotFound,
)
async def get_preferences(conn: Connection, *, user_id: UserId) -> Json[Preferences]:
    """A user's preferences; the usual ones for who has never set any."""
    ...


@sql(
    """
    INSERT INTO account_preference (account_id, theme_mode, theme_accent, mails, pushes)
    VALUES (%(user_id)s, coalesce(%(mode)s, 'system'), %(accent)s, coalesce(%(mails)s, true),
            coalesce(%(pushes)s, true))
        ON CONFLICT (account_id) DO UPDATE
       SET theme_mode = coalesce(%(mode)s, account_preference.theme_mode),
           theme_accent = coalesce(%(accent)s, account_preference.theme_accent),
           mails = coalesce(%(mails)s, account_preference.mails),
           pushes = coalesce(%(pushes)s, account_preference.pushes),
           updated_at = now()
    RETURNING json_build_object(
                  'theme', json_build_object('mode', theme_mode, 'accent', theme_accent),
                  'notifications', json_build_object('mails', mails, 'pushes', pushes))
    -- The caller has just been seen, the payload holds to the checks.
    -- allow constraint(account_preference_account_id_fkey)
    -- allow constraint(account_preference_theme_accent_check)
    """
)
async def _set_preferences(
    conn: Connection,
    *,
    user_id: UserId,
    mode: ThemeMode | None,
    accent: str | None,
    mails: bool | None,
    pushes: bool | None,
) -> Json[Preferences]: ...


async def update_preferences(
    conn: Connection, *, user_id: UserId, changes: PreferencesUpdate
) -> Json[Preferences]:
    """Change some preferences, and return all of them."""
    return await _set_preferences(
        conn,
        user_id=user_id,
        mode=changes.theme.mode,
        accent=changes.theme.accent,
        mails=changes.notifications.mails,
        pushes=changes.notifications.pushes,
    )


@sql(
    """
    SELECT EXISTS (SELECT FROM account
                    WHERE account.email_key
                          = casefold(sent.email COLLATE pg_unicode_fast) COLLATE "default")
           AS has_email,
           EXISTS (SELECT FROM account
                    WHERE account.username_key
                          = casefold(sent.username COLLATE pg_unicode_fast) COLLATE "default")
           AS has_username
      FROM unnest(%(emails)s::text[], %(usernames)s::text[])
           WITH ORDINALITY AS sent(email, username, place)
     ORDER BY sent.place
    """
)
async def list_taken(
    conn: Connection, *, emails: list[str], usernames: list[str]
) -> list[TakenNames]:
    """Which of these names are somebody's, in their order. No username is an empty one."""
    ...


@sql(
    """
    SELECT id, email, locale, email_verified_at IS NOT NULL AS is_verified
      FROM account
     WHERE id = %(user_id)s
    """,
    missing=exceptions.UserNotFound,
)
async def find(conn: Connection, *, user_id: UserId) -> KnownUser:
    """Where to write to the user."""
    ...


@sql(
    """
    SELECT id, email, locale, email_verified_at IS NOT NULL AS is_verified
      FROM account
     WHERE email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       AND kind = 'person'
    """
)
async def find_by_email(conn: Connection, *, email: str) -> KnownUser | None:
    """Whose address this is."""
    ...


@sql(
    """
    SELECT id, email, locale, email_verified_at IS NOT NULL AS is_verified
      FROM account
     WHERE id = %(user_id)s
       FOR NO KEY UPDATE
    """,
    missing=exceptions.UserNotFound,
)
async def hold(conn: Transaction, *, user_id: UserId) -> KnownUser:
    """Where to write to the user; changes of the address take turns until the transaction ends."""
    ...


@sql(
    """
    UPDATE account
       SET email_verified_at = now(),
           status = CASE status WHEN 'pending' THEN 'active' ELSE status END,
           updated_at = now()
     WHERE id = %(user_id)s
       AND email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       AND email_verified_at IS NULL
    """
)
async def verify_email(conn: Connection, *, user_id: UserId, email: str) -> int:
    """The address is the user's own, if it is still this one; 0 if it is not, or was verified."""
    ...


@sql(
    """
    SELECT id
      FROM account
     WHERE id = %(user_id)s
       AND email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       AND email_verified_at IS NOT NULL
    """
)
async def _verified(conn: Connection, *, user_id: UserId, email: str) -> UserId | None: ...


async def is_verified(conn: Connection, *, user_id: UserId, email: str) -> bool:
    """Whether this is the user's address, and verified."""
    return await _verified(conn, user_id=user_id, email=email) is not None


@sql(
    """
    UPDATE account
       SET email = %(email)s,
           email_verified_at = now(),
           status = CASE status WHEN 'pending' THEN 'active' ELSE status END,
           updated_at = now()
     WHERE id = %(user_id)s
    -- The payload holds to the length, and a service account proves no address.
    -- allow constraint(account_email_length_check, account_service_email_check)
    """,
    constraints={"account_email_key_key": exceptions.EmailTaken},
)
async def change_email(conn: Transaction, *, user_id: UserId, email: str) -> int:
    """Give the account another address, which its owner has just proved to be theirs."""
    ...
