"""Messages in words: every template, in every language."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import jinja2
import pytest

from src.notifications import rendering
from src.notifications.constants import LANGUAGES, NEEDS, Channel, SecurityEvent, Template

AT = datetime(2026, 3, 29, 0, 58, 11, tzinfo=UTC)
LINK = "https://core.example.org/page?token=core_once_abc&then=%2Fhome"
SERVICE = "Birds & <Bees>"
TEMPLATES = Path(rendering.__file__).parent / "templates"

each = pytest.mark.parametrize(
    ("template", "language"), [(one, other) for one in Template for other in LANGUAGES]
)


def params_of(template: Template, *, with_optional: bool = True) -> dict[str, str]:
    """A value for each param, of which none is like another and each has HTML in it."""
    needs = NEEDS[template]
    names = needs.params | (needs.optional if with_optional else frozenset())
    known = {"link": LINK, "code": "927461", "event": "password_changed"}
    return {name: known.get(name, f'<b>{name}</b> & "{name}\'s"') for name in names}


def words(html: str) -> str:
    """What a reader sees of HTML, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@each
def test_every_template_is_whole_in_every_language(template: Template, language: str) -> None:
    params = params_of(template)

    rendered = rendering.render(template, language, params, service=SERVICE, at=AT)

    assert rendered.language == language
    is_mail = NEEDS[template].channel is Channel.MAIL
    assert bool(rendered.subject) == bool(rendered.html) == is_mail
    for name, value in params.items():
        if name == "event":
            continue
        assert value in rendered.text, name
        if is_mail:
            seen = unescape(rendered.html) if name == "link" else words(rendered.html)
            assert value in seen, name
    assert bool(re.search(rf'<html [^>]*lang="{language}"', rendered.html)) == is_mail
    assert 'lang="und"' not in rendered.html
    for text in (rendered.subject, rendered.text, rendered.html):
        assert not re.search(r"\{\{|\{%|%\}|\}\}|<mj|<!-- content", text)


@each
def test_what_may_be_left_out_leaves_no_gap(template: Template, language: str) -> None:
    params = params_of(template, with_optional=False)

    rendered = rendering.render(template, language, params, service=SERVICE, at=AT)

    assert rendered.text.strip()
    assert "None" not in rendered.text
    assert "\n\n\n" not in rendered.text
    assert 'href=""' not in rendered.html


@each
def test_a_param_that_is_missing_is_an_error(template: Template, language: str) -> None:
    params = params_of(template)
    for name in NEEDS[template].params:
        fewer = {key: value for key, value in params.items() if key != name}
        with pytest.raises(jinja2.UndefinedError, match=name):
            rendering.render(template, language, fewer, service=SERVICE, at=AT)


@pytest.mark.parametrize("template", [t for t in Template if NEEDS[t].channel is Channel.MAIL])
def test_html_is_escaped_and_calls_nobody(template: Template) -> None:
    rendered = rendering.render(template, "en", params_of(template), service=SERVICE, at=AT)

    assert "<b>" not in rendered.html
    assert "<Bees>" not in rendered.html
    assert "<script" not in rendered.html
    links = set(
        re.findall(r"""(?:href|src|url\()\s*=?\s*["'(]?(https?:[^"')\s>]+)""", rendered.html)
    )
    assert {unescape(link) for link in links} <= {LINK}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_makes_no_header_of_its_own(language: str) -> None:
    params = {"team": "Birds\r\nBcc: bob@example.org", "inviter": "Ann\nX: y", "link": LINK}

    rendered = rendering.render(Template.TEAM_INVITATION, language, params, service=SERVICE, at=AT)

    assert "Birds Bcc: bob@example.org" in rendered.subject
    assert rendered.subject.isprintable()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_has_a_sentence_of_its_own(language: str) -> None:
    texts = {
        event: rendering.render(
            Template.SECURITY_NOTICE, language, {"event": event}, service=SERVICE, at=AT
        ).text
        for event in [*SecurityEvent, "something_new"]
    }

    assert len(set(texts.values())) == len(texts)
    assert [event for event, text in texts.items() if event in text] == ["something_new"]
    assert all("2026" in text for text in texts.values())


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en", "en"),
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("fr_BE", "fr"),
        ("FR", "fr"),
        ("el-GR", "el"),
        ("de", "en"),
        ("zh-Hans-CN", "en"),
        ("", "en"),
        ("../../etc", "en"),
    ],
)
def test_a_reader_gets_the_nearest_language(locale: str, language: str) -> None:
    assert rendering.language_of(locale) == language


def test_no_words_lie_about_that_nothing_sends() -> None:
    found = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}

    assert found == set(Template)
    mails = {template for template in Template if NEEDS[template].channel is Channel.MAIL}
    for template in Template:
        kinds = {"txt", "mjml"} if template in mails else {"txt"}
        expected = {f"{language}.{kind}" for language in LANGUAGES for kind in kinds}
        files = {path.name for path in (TEMPLATES / template).iterdir()}
        assert {name for name in files if not name.endswith(".event")} == expected
