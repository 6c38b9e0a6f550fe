"""Texts that people read: one string per language, with harmless markup only.

A text is HTML or markdown, as its author likes. What is kept and what goes:

- A text in which no `<` could open a tag stays as it is, character for character, so `a < b`, `R&D`
  and markdown survive.
- Elements and attributes that can do no harm stay; scripts, handlers, styles and comments go.
- A `<` that opens none of HTML's elements (`x<y`, `<https://example.org>`) becomes `&lt;`: the one
  way of writing it that HTML and markdown both show as `<`.
- Other characters that HTML would escape are written plainly wherever that means the same.
- Links of markdown to `javascript:` and the like lead nowhere (`#`).
"""

import re
from collections.abc import Callable
from typing import Annotated

import nh3
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticKnownError

TEXT_LENGTH = 20_000
LABEL_LENGTH = 100
LANGUAGES = 200

_DROPPED = (
    "applet base body button embed fieldset font form frame frameset head html iframe input label "
    "legend link main marquee math meta noembed noframes noscript object optgroup option param "
    "plaintext script section select slot style svg template textarea title video audio source"
)
_ELEMENTS = "|".join(sorted({*nh3.ALLOWED_TAGS, *_DROPPED.split()}, key=len, reverse=True))
_MARKUP = re.compile(
    rf"<!--(?:(?!<!--).)*?-->|</?(?:{_ELEMENTS})(?:\s[^<>]*|/)?>",
    re.IGNORECASE | re.DOTALL,
)
_MAY_OPEN = re.compile(r"<(?=[A-Za-z/!?])")
_ESCAPED_AMPERSAND = re.compile(r"&amp;(?![A-Za-z#][A-Za-z0-9]*;)")
_ESCAPED_LESS = re.compile(r"&lt;(?![A-Za-z/!?])")
_HARMFUL_LINK = re.compile(
    r"(\]\(\s*(?:<\s*)?|^[ ]{0,3}\[[^\]\n]{1,200}\]:\s*<?)"
    r"(?:javascript|vbscript|data(?!:image/(?:png|jpeg|gif|webp)))\s*:[^\s)>]*",
    re.IGNORECASE | re.MULTILINE,
)


def sanitise(text: str) -> str:
    """Return the text without anything that could run; doing it twice changes nothing more.

    Broken markup may read differently once it has been mended (tables inside links do), so what
    has changed is read again, a few times at most.
    """
    for _ in range(5):
        cleaned = _clean(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def _fitting(limit: int) -> Callable[[str], str]:
    """Return the sanitiser of a text that must keep to its limit when its markup is mended."""

    def fit(text: str) -> str:
        text = sanitise(text)
        if len(text) > limit:
            raise PydanticKnownError("string_too_long", {"max_length": limit})
        return text

    return fit


def _clean(text: str) -> str:
    text = _HARMFUL_LINK.sub(r"\1#", text)
    if not _MAY_OPEN.search(text):
        return text
    cleaned = nh3.clean(_escape_strays(text))
    cleaned = cleaned.replace("&gt;", ">").replace("&nbsp;", "\u00a0")
    cleaned = _ESCAPED_LESS.sub("<", cleaned)
    return _ESCAPED_AMPERSAND.sub("&", cleaned)


def _escape_strays(text: str) -> str:
    """Escape each `<` that begins neither a comment nor a tag of one of HTML's elements."""
    pieces: list[str] = []
    end = 0
    for tag in _MARKUP.finditer(text):
        pieces += (text[end : tag.start()].replace("<", "&lt;"), tag.group())
        end = tag.end()
    pieces.append(text[end:].replace("<", "&lt;"))
    return "".join(pieces)


def _spread(text: object) -> object:
    """Read a plain string as English."""
    return {"en": text} if isinstance(text, str) else text


Language = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)
]
Prose = Annotated[str, Field(max_length=TEXT_LENGTH), AfterValidator(_fitting(TEXT_LENGTH))]
Label = Annotated[str, Field(max_length=LABEL_LENGTH), AfterValidator(_fitting(LABEL_LENGTH))]

LangText = Annotated[
    dict[Language, Prose],
    Field(
        min_length=1,
        max_length=LANGUAGES,
        description="Text by language; a plain string is English.",
        examples=[{"en": "How are you?", "de": "Wie geht es?"}],
    ),
    BeforeValidator(_spread, json_schema_input_type=dict[Language, Prose] | str),
]
LangLabel = Annotated[
    dict[Language, Label],
    Field(
        min_length=1, max_length=LANGUAGES, description="Short text by language, or plain English."
    ),
    BeforeValidator(_spread, json_schema_input_type=dict[Language, Label] | str),
]
