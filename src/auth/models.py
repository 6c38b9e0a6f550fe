"""Passwords, sessions and signing keys, for migrations only."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from src.models import id_column, instant, metadata

password = Table(
    "password",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False),
    # Under 15 characters: enough only beside a second factor.
    Column("is_short", Boolean, nullable=False, server_default="false"),
    instant("changed_at"),
    # Nothing that is quick to guess by can be kept. `k` names the pepper; `w` says by what another
    # system has made the digest that was hashed then.
    CheckConstraint(
        r"hash ~ '^(\$k=[A-Za-z0-9_.-]{1,32})?(\$w=[a-z0-9-]+(,[0-9]+)*,[A-Za-z0-9_-]*)?"
        r"\$argon2id\$'",
        name="hash",
    ),
    comment="core: argon2id hashes",
)

session = Table(
    "session",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("transport", Text, nullable=False),
    # Refresh tokens are derived from this key and the counter; neither alone makes one.
    Column("refresh_key", LargeBinary, nullable=False),
    Column("refresh_counter", Integer, nullable=False, server_default="0"),
    instant("rotated_at"),
    Column("auth_methods", ARRAY(Text), nullable=False),
    Column("aal", Text, nullable=False, server_default="aal1"),
    instant("authenticated_at"),
    instant("created_at"),
    instant("last_seen_at"),
    instant("idle_expires_at", default=None),
    instant("expires_at", default=None),
    instant("revoked_at", nullable=True),
    Column("revoke_reason", Text),
    Column("ip_prefix", Text, nullable=False, server_default=""),
    Column("user_agent", Text, nullable=False, server_default=""),
    # As the client named it when it signed in; that device may be gone.
    Column("device_id", Uuid),
    CheckConstraint("transport IN ('bearer', 'cookie')", name="transport"),
    CheckConstraint("aal IN ('aal1', 'aal2')", name="aal"),
    CheckConstraint("(revoked_at IS NULL) = (revoke_reason IS NULL)", name="revoke_reason"),
    Index("session_expires_at_idx", "expires_at"),
    comment="core: one row a sign-in; refreshing changes it and adds none",
)

identity = Table(
    "identity",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    # As the provider said it last; nothing is decided by it.
    Column("email", Text),
    instant("created_at"),
    instant("last_used_at"),
    # Who somebody is: never the email.
    UniqueConstraint("issuer", "subject"),
    comment="core: accounts at providers, and whose they are",
)

sso_nonce = Table(
    "sso_nonce",
    metadata,
    Column("nonce_hash", LargeBinary, primary_key=True),
    instant("used_at"),
    Index("sso_nonce_used_at_idx", "used_at"),
    comment="core: what signing in with a provider has used up",
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    Column("private_key", LargeBinary, nullable=False),
    instant("created_at"),
    instant("activated_at", nullable=True),
    instant("retired_at", nullable=True),
    CheckConstraint("state IN ('next', 'active', 'retired')", name="state"),
    # One key of a kind: the loser of a race reads the winner's.
    Index(
        "signing_key_state_idx", "state", unique=True, postgresql_where=text("state <> 'retired'")
    ),
    comment="core: ES256 keys of access tokens, private halves sealed",
)

one_time_token = Table(
    "one_time_token",
    metadata,
    id_column(),
    Column("purpose", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("code_hash", LargeBinary, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("created_at"),
    instant("expires_at", default=None),
    instant("code_expires_at", default=None),
    instant("used_at", nullable=True),
    CheckConstraint(
        "purpose IN ('signup', 'verify_email', 'verify_phone', 'change_email', 'undo_email',"
        " 'reset_password', 'magic_link', 'sso_login', 'mfa', 'passkey', 'add_passkey',"
        " 'account_export', 'restore_account')",
        name="purpose",
    ),
    # One lives at a time: asking again replaces it.
    UniqueConstraint("purpose", "target"),
    Index("one_time_token_expires_at_idx", "expires_at"),
    comment="core: secrets of one use, as hashes",
)

platform_role = Table(
    "platform_role",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    instant("granted_at"),
    CheckConstraint("role IN ('support', 'user_admin', 'admin')", name="role"),
    Index("platform_role_role_idx", "role", "account_id"),
    comment="core: who operates the platform; a trigger keeps the last active admin",
)

totp = Table(
    "totp",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    # No code of this time step or of one before it is taken any more.
    Column("last_step", BigInteger, nullable=False, server_default="0"),
    instant("created_at"),
    instant("confirmed_at", nullable=True),
    comment="core: seeds of authenticator apps, sealed",
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    instant("created_at"),
    instant("used_at", nullable=True),
    comment="core: codes for who has lost their second factor, as hashes",
)

passkey = Table(
    "passkey",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    # How often it was used, by its own account; many do not count and say 0.
    Column("sign_count", BigInteger, nullable=False),
    Column("is_backed_up", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    instant("created_at"),
    instant("last_used_at", nullable=True),
    CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
    comment="core: public keys of passkeys; the private halves never leave their owners",
)

login_attempt = Table(
    "login_attempt",
    metadata,
    # A keyed hash of the account, or of what was typed where there is none.
    Column("key", LargeBinary, primary_key=True),
    Column("recent", Integer, nullable=False),
    Column("in_a_row", Integer, nullable=False),
    # When the next password is looked at.
    instant("free_at", default=None),
    comment="core: attempts at a password since the last right one; unlogged",
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": "70"},
)

login_outcome = Table(
    "login_outcome",
    metadata,
    Column("minute", TIMESTAMP(timezone=True), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    comment="core: how many passwords were tried in a minute, and were wrong; unlogged",
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": "70"},
)

phone = Table(
    "phone",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    # In E.164. It is here once somebody has proved to read what is sent there.
    Column("number", Text, nullable=False, unique=True),
    instant("verified_at"),
    CheckConstraint(r"number ~ '^\+[1-9][0-9]{6,14}$'", name="number_format"),
    comment="core: verified phone numbers, each of one account",
)

api_key = Table(
    "api_key",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    # How the key begins: its owner knows it by that.
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    instant("created_at"),
    # Written every few minutes at the most, and after the request.
    instant("last_used_at", nullable=True),
    instant("expires_at", nullable=True),
    CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
    CheckConstraint(
        "cardinality(scopes) > 0 AND scopes <@ ARRAY['profile:read', 'profile:write',"
        " 'devices:read', 'devices:write', 'teams:join', 'teams:read', 'teams:write',"
        " 'members:read', 'members:write', 'applets:read', 'applets:write', 'answers:read',"
        " 'answers:write', 'exports:read', 'statistics:read']::text[]",
        name="scopes",
    ),
    CheckConstraint("expires_at > created_at", name="expires_at"),
    comment="core: keys of programs, as hashes; each acts for its account",
)
