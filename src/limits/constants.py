"""What is counted, by what, and in which window. How many are allowed is in the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


class Rule(StrEnum):
    """What is counted. A rule's number is the setting of its name: `LIMITS__RATES__LOGIN_IP`."""

    LOGIN_IP = "login_ip"
    LOGIN_IP_HOUR = "login_ip_hour"
    SIGNUP_IP = "signup_ip"
    REFRESH_SESSION = "refresh_session"
    MAIL_ADDRESS_MINUTE = "mail_address_minute"
    MAIL_ADDRESS = "mail_address"
    MAIL_ACCOUNT = "mail_account"
    MAIL_IP = "mail_ip"
    SMS_NUMBER_MINUTE = "sms_number_minute"
    SMS_NUMBER = "sms_number"
    SMS_ACCOUNT = "sms_account"
    SMS_IP = "sms_ip"
    SMS_COUNTRY = "sms_country"
    SMS_TOTAL = "sms_total"
    MFA_ACCOUNT = "mfa_account"
    TEST_NOTIFICATION = "test_notification"
    EXPORT_ACCOUNT = "export_account"


@dataclass(frozen=True, slots=True)
class Window:
    """Over how many seconds a rule counts, and whether its subject is an IP address."""

    seconds: int
    by_ip: bool = False


WINDOWS: Mapping[Rule, Window] = MappingProxyType(
    {
        Rule.LOGIN_IP: Window(5 * _MINUTE, by_ip=True),
        Rule.LOGIN_IP_HOUR: Window(_HOUR, by_ip=True),
        Rule.SIGNUP_IP: Window(_HOUR, by_ip=True),
        Rule.REFRESH_SESSION: Window(_MINUTE),
        Rule.MAIL_ADDRESS_MINUTE: Window(_MINUTE),
        Rule.MAIL_ADDRESS: Window(_HOUR),
        Rule.MAIL_ACCOUNT: Window(_DAY),
        Rule.MAIL_IP: Window(_HOUR, by_ip=True),
        Rule.SMS_NUMBER_MINUTE: Window(_MINUTE),
        Rule.SMS_NUMBER: Window(_DAY),
        Rule.SMS_ACCOUNT: Window(_DAY),
        Rule.SMS_IP: Window(_HOUR, by_ip=True),
        Rule.SMS_COUNTRY: Window(_DAY),
        Rule.SMS_TOTAL: Window(_DAY),
        Rule.MFA_ACCOUNT: Window(15 * _MINUTE),
        Rule.TEST_NOTIFICATION: Window(_MINUTE),
        Rule.EXPORT_ACCOUNT: Window(_DAY),
    }
)


class ErrorCode(StrEnum):
    RATE_LIMITED = "rate_limited"
