"""Which numbers there are, and to which of them codes are sent."""

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from src.auth.phone import exceptions
from src.auth.phone.schemas import Number, PhonePut
from src.exceptions import FieldError, Invalid

_TEXTED = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
"""Others get no messages, or somebody earns by each."""


def read(sent: PhonePut, *, countries: tuple[str, ...]) -> Number:
    """The number that was sent. `countries` are those that are served; none named: all.

    Raises Invalid and PhoneNotAllowed.
    """
    if sent.phone is not None and sent.country_code is None and sent.number is None:
        number, pointer = _parsed(sent.phone, None), "/phone"
    elif sent.phone is None and sent.country_code is not None and sent.number is not None:
        number, pointer = _of_country(sent.country_code, sent.number), "/number"
    else:
        raise _invalid("/phone", "required", "Send `phone`, or `country_code` and `number`.")
    if number is None or not phonenumbers.is_valid_number(number):
        raise _invalid(pointer, "invalid_phone", "There is no such number.")
    country = phonenumbers.region_code_for_number(number) or ""
    is_served = not countries or country in countries
    if not is_served or phonenumbers.number_type(number) not in _TEXTED:
        raise exceptions.PhoneNotAllowed()
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164=e164, country=country)


def _of_country(country_code: str, text: str) -> PhoneNumber | None:
    calling_code = int(country_code.removeprefix("+"))
    region = phonenumbers.region_code_for_country_code(calling_code)
    number = _parsed(text, region)
    return number if number is not None and number.country_code == calling_code else None


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _invalid(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldError(pointer, code, detail)])
