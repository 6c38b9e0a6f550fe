"""What is written for a value in a CSV table, by the rules of RFC 4180 and of spreadsheets."""

import re

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NEEDS_QUOTES = re.compile(r'[,"\r\n]')
_KEPT_MAX = 10_000
_KEPT_CHARS = 100


def written(value: object) -> str:
    """A value of an answer, or a score, as its cell. What was not answered is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return quoted(harmless(value))
    if isinstance(value, list):
        return quoted(";".join(str(part) for part in value))
    return str(_number(value))


def quoted(text: str) -> str:
    """A text in quotes, if it needs them."""
    if _NEEDS_QUOTES.search(text):
        return '"{}"'.format(text.replace('"', '""'))
    return text


def harmless(text: str) -> str:
    """Text that a spreadsheet will not take for a formula. A plain number is none."""
    if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _number(value: object) -> object:
    """Whole numbers without a fraction, as they were sent."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


class Written(dict[object, str]):
    """What is written for a value, remembered: in a table most come again and again.

    Numbers that are equal are written alike. Lists cannot be looked up.
    """

    def __missing__(self, value: object) -> str:
        text = written(value)
        if len(text) <= _KEPT_CHARS and len(self) < _KEPT_MAX:
            self[value] = text
        return text
