"""The keys that sign access tokens, from their announcement to their end."""

from src.auth.schemas import SigningKeySecret
from src.database import Connection, Transaction, sql


@sql(
    """
    SELECT kid, state, public_jwk, private_key
      FROM signing_key
     WHERE state <> 'retired'
        OR retired_at > now() - interval '65 minutes'
     ORDER BY created_at, kid
    -- A handful of rows.
    -- allow scan
    """
)
async def list_signing_keys(conn: Connection) -> list[SigningKeySecret]:
    """The keys whose tokens may still live: an access token lives an hour at the most."""
    ...


@sql(
    """
    INSERT INTO signing_key (kid, state, public_jwk, private_key, activated_at)
    VALUES (%(kid)s, 'active', %(public_jwk)s, %(private_key)s, now())
        ON CONFLICT (state) WHERE state <> 'retired' DO NOTHING
    -- The name is the thumbprint of a random key.
    -- allow constraint(signing_key_pkey)
    """
)
async def add_first_signing_key(
    conn: Transaction, *, kid: str, public_jwk: dict[str, str], private_key: bytes
) -> None:
    """Start with this key, unless another process has just started with its own."""
    ...


@sql(
    """
    INSERT INTO signing_key (kid, state, public_jwk, private_key)
    SELECT %(kid)s, 'next', %(public_jwk)s, %(private_key)s
      FROM signing_key
     WHERE state = 'active'
       AND activated_at < now() - interval '1 day' * %(days)s
        ON CONFLICT (state) WHERE state <> 'retired' DO NOTHING
    -- The name is the thumbprint of a random key.
    -- allow constraint(signing_key_pkey)
    """
)
async def announce_signing_key(
    conn: Transaction, *, kid: str, public_jwk: dict[str, str], private_key: bytes, days: int
) -> int:
    """Publish the successor of a key that has signed for `days`."""
    ...


@sql(
    """
    UPDATE signing_key
       SET state = 'retired', retired_at = now()
     WHERE state = 'active'
       AND EXISTS (SELECT FROM signing_key AS successor
                    WHERE successor.state = 'next'
                      AND successor.created_at
                          < now() - interval '1 second' * %(published_seconds)s)
    """
)
async def retire_signing_key(conn: Transaction, *, published_seconds: float) -> int:
    """Stop signing with the active key once its successor has been published so long."""
    ...


@sql(
    """
    UPDATE signing_key
       SET state = 'active', activated_at = now()
     WHERE state = 'next'
       AND created_at < now() - interval '1 second' * %(published_seconds)s
    """
)
async def activate_signing_key(conn: Transaction, *, published_seconds: float) -> int:
    """Sign with the key that was announced. The active one is retired first."""
    ...


@sql("DELETE FROM signing_key WHERE true")
async def drop_signing_keys(conn: Transaction) -> int:
    """Let no key count any more, and no token that one has signed."""
    ...
