"""The keys that seal what is secret: the one of today, and those before it."""

from pydantic import SecretStr

from src.config.values import SecretList, Section


class SecretsSettings(Section):
    secret_key: SecretStr | None = None
    """At least 32 characters; seals what the database keeps secret. A `local` service makes one in
    `DATA_DIR`. Elsewhere it must be given: `openssl rand -base64 48` makes one."""
    previous_keys: SecretList = ()
    """Keys that were `SECRETS__SECRET_KEY` before, or will be next: what they have sealed opens,
    and nothing new is sealed by them."""
