"""Messages in words: subject, text and HTML, in the reader's language.

A folder of `templates/` is a template. `<language>.txt` is the text, of which the first line is the
subject of a mail; `<language>.mjml` is what stands in the layout of its HTML. Both are Jinja2. MJML
is compiled once, placeholders and all; what fills them is escaped in HTML. It takes a thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import jinja2
from babel import negotiate_locale
from babel.dates import format_datetime
from mjml import mjml2html

from src.notifications.constants import LANGUAGES, NEEDS, Channel, Template
from src.notifications.schemas import Rendered

_ROOT = Path(__file__).parent / "templates"
_SUBJECT = "Subject: "
_CONTENT = "<!-- content -->"


@dataclass(frozen=True, slots=True)
class _Compiled:
    subject: jinja2.Template
    text: jinja2.Template
    html: jinja2.Template


def language_of(locale: str) -> str:
    """The language that we have for a tag: `fr-CA` is French, what we do not know is English."""
    tag = locale.replace("_", "-").lower()
    return negotiate_locale([tag], LANGUAGES, sep="-") or LANGUAGES[0]


def render(
    template: Template, locale: str, params: Mapping[str, str], *, service: str, at: datetime
) -> Rendered:
    """Put a message into words. `service` is what we are called, `at` when it was written.

    Raises KeyError for a param that is missing, and jinja2.TemplateError.
    """
    needs = NEEDS[template]
    language = language_of(locale)
    words = {
        **dict.fromkeys(needs.optional, ""),
        **params,
        "service": service,
        "at": format_datetime(at.astimezone(UTC), "long", locale=language),
    }
    compiled = _compiled(template, language)
    # A name with a line break in it would begin a header of its own.
    subject = " ".join(compiled.subject.render(words).split())
    return Rendered(
        language=language,
        subject=subject,
        text=compiled.text.render(words),
        html=compiled.html.render({**words, "subject": subject}),
    )


@cache
def _compiled(template: Template, language: str) -> _Compiled:
    folder = _ROOT / template
    text = (folder / f"{language}.txt").read_text("utf-8")
    subject, html = "", ""
    if NEEDS[template].channel is Channel.MAIL:
        head, text = text.split("\n\n", 1)
        subject = head.removeprefix(_SUBJECT)
        content = (folder / f"{language}.mjml").read_text("utf-8")
        layout = (_ROOT / "layout.mjml").read_text("utf-8")
        layout = layout.replace("<mjml>", f'<mjml lang="{language}" dir="ltr">')
        html = mjml2html(layout.replace(_CONTENT, content), disable_comments=True)
    plain, escaping = _environment(is_html=False), _environment(is_html=True)
    return _Compiled(
        subject=plain.from_string(subject),
        text=plain.from_string(text),
        html=escaping.from_string(html),
    )


@cache
def _environment(*, is_html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROOT),
        autoescape=is_html,  # noqa: S701  (text is no HTML)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not is_html,
    )
