"""Settings: read once from the environment (and `.env`), checked, then frozen.

Nested names take two underscores: `DATABASE__URL`. Lists take commas. The text under each field is
its documentation: `docs/reference/configuration.md` and `.env.example` are generated from it.
"""

from src.config.authentication import (
    AccessTokenSettings,
    AuthenticationSettings,
    MfaSettings,
    OperatorSessionSettings,
    PasskeySettings,
    PasswordHashSettings,
    RefreshTokenSettings,
)
from src.config.captcha import CaptchaSettings
from src.config.database import DatabaseSettings
from src.config.limits import LimitSettings, RateSettings
from src.config.messages import MailingSettings, MailSettings, PhoneSettings, SmsSettings, TlsMode
from src.config.push import FcmSettings, PushSettings, WebPushSettings
from src.config.secrets import SecretsSettings
from src.config.settings import (
    SECRET_KEY_MIN_LENGTH,
    LogSettings,
    PrivacySettings,
    Settings,
    setting_names,
    unknown_settings,
)
from src.config.sso import GOOGLE_ISSUER, SsoProviderSettings, SsoSettings
from src.config.values import CommaList, Page, SecretList, Section, Times
from src.config.web import CorsSettings, PageSettings

__all__ = [
    "GOOGLE_ISSUER",
    "SECRET_KEY_MIN_LENGTH",
    "AccessTokenSettings",
    "AuthenticationSettings",
    "CaptchaSettings",
    "CommaList",
    "CorsSettings",
    "DatabaseSettings",
    "FcmSettings",
    "LimitSettings",
    "LogSettings",
    "MailSettings",
    "MailingSettings",
    "MfaSettings",
    "OperatorSessionSettings",
    "Page",
    "PageSettings",
    "PasskeySettings",
    "PasswordHashSettings",
    "PhoneSettings",
    "PrivacySettings",
    "PushSettings",
    "RateSettings",
    "RefreshTokenSettings",
    "SecretList",
    "SecretsSettings",
    "Section",
    "Settings",
    "SmsSettings",
    "SsoProviderSettings",
    "SsoSettings",
    "Times",
    "TlsMode",
    "WebPushSettings",
    "setting_names",
    "unknown_settings",
]
