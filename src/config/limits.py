"""How much may be sent, and how often anybody may ask."""

from typing import Annotated

from pydantic import Field

from src.config.values import Section, Times
from src.constants import KIB, MIB


class RateSettings(Section):
    login_ip: Times = 30
    """Attempts to sign in by password from one IP address in 5 minutes. An IPv6 address counts as
    its /64, here and below. 0 switches a rule off."""
    login_ip_hour: Times = 300
    """The same in an hour."""
    login_failures: Times = 10
    """Wrong passwords of one account until each further one has to wait: 1 second, 2, 4, and so on
    up to 15 minutes. It starts anew after 15 minutes without one, or with the right one. Whoever
    comes too soon is answered as by a wrong password."""
    login_failures_in_a_row: Times = 100
    """Wrong passwords in a row, over any time, until the account's password is no way in any more:
    then it has to be reset."""
    signup_ip: Times = 10
    """Sign-ups from one IP address in an hour."""
    refresh_session: Times = 30
    """Times in a minute that one session may have its tokens refreshed."""
    mail_address_minute: Times | None = None
    """Mails to one address in a minute. Mails that nobody asks for, such as notices of security,
    are not counted. The default is 1; in `local` 0, for one's own mailbox is quickly full there."""
    mail_address: Times | None = None
    """Mails to one address in an hour. The default is 5; in `local` 0."""
    mail_account: Times = 20
    """Mails that one account may ask for in a day."""
    mail_ip: Times = 30
    """Mails that may be asked for from one IP address in an hour."""
    sms_number_minute: Times = 1
    """Text messages to one number in a minute."""
    sms_number: Times = 5
    """Text messages to one number in a day."""
    sms_account: Times = 5
    """Text messages that one account may ask for in a day."""
    sms_ip: Times = 10
    """Text messages that may be asked for from one IP address in an hour."""
    sms_country: Times = 200
    """Text messages to the numbers of one country in a day."""
    sms_total: Times = 500
    """Text messages of the whole service in a day: what they may cost at most."""
    mfa_account: Times = 5
    """Attempts at a second factor of one account in 15 minutes."""
    test_notification: Times = 3
    """Test notifications that one account may send itself in a minute."""
    export_account: Times = 5
    """Exports of all its data that one account may ask for in a day."""
    api_burst: Times = 0
    """Requests of any kind in 10 seconds from one access token, or from one IP address where no
    `Authorization` came; 100 would be usual. It is off by default, for it costs each request some
    microseconds; off, it costs nothing. Each process counts by itself."""
    api_minute: Times = 0
    """The same in a minute; 600 would be usual."""


MAILS_TO_AN_ADDRESS = {"mail_address_minute": 1, "mail_address": 5}
"""Where there is anybody else to be protected from them."""


class LimitSettings(Section):
    body_bytes: Annotated[int, Field(ge=KIB)] = MIB
    """Largest request body, in bytes, where a route does not say otherwise."""
    teams_per_user: Annotated[int, Field(ge=1)] | None = None
    """Teams that one user may own, deleted ones not counted; without it there is no limit."""
    rates: RateSettings = RateSettings()
