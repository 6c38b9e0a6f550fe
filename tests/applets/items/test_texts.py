import re

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.applets.items import sanitise


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "R&D",
        "5 <3 you",
        "&lt;script&gt;",
        "**bold** > quote",
        "[[mood]] & more",
        "a\u00a0b &nbsp; &copy; ©",
        "one\r\ntwo\n\n- three",
        "![picture](https://example.org/a.png)",
        "",
    ],
)
def test_ordinary_text_and_markdown_stay_as_they_are(text: str) -> None:
    assert sanitise(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<b>x</b> & y < z > w", "<b>x</b> & y < z > w"),
        ("<script>alert(1)</script>hi", "hi"),
        ("<b onclick='x()'>k</b>", "<b>k</b>"),
        ("<img src=x onerror=alert(1)>", '<img src="x">'),
        ("<a href='javascript:x'>k</a>", '<a rel="noopener noreferrer">k</a>'),
        ("<style>p {}</style><p>a", "<p>a</p>"),
        ("<iframe src='x'></iframe>a<!-- note -->b", "ab"),
        ("<B><I>x</i></b>", "<b><i>x</i></b>"),
    ],
)
def test_harmless_markup_stays_and_what_could_run_goes(text: str, kept: str) -> None:
    assert sanitise(text) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("if x<y then", "if x&lt;y then"),
        ("<https://example.org>", "&lt;https://example.org>"),
        ("<x onclick=run()>y", "&lt;x onclick=run()>y"),
        ("<svg/onload=run()>", "&lt;svg/onload=run()>"),
        ("<img src=x onerror=run() ", "&lt;img src=x onerror=run() "),
        ("<!-- open", "&lt;!-- open"),
    ],
)
def test_a_sign_that_opens_no_element_is_written_so_that_it_cannot(text: str, kept: str) -> None:
    assert sanitise(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "[go](javascript:run)",
        "[go](  JavaScript:run)",
        "![x](vbscript:run)",
        "[go](data:text/html;base64,x)",
        "[go]: javascript:run",
    ],
)
def test_links_of_markdown_to_scripts_lead_nowhere(text: str) -> None:
    assert "script:" not in sanitise(text).lower()
    assert "data:" not in sanitise(text)
    assert "#" in sanitise(text)


_FRAGMENTS = """
<|<b |>|</b>|<script>|</script>|<x onclick=1>|<img src=x onerror=1>|<!--|-->|&|&lt;|&gt;|&amp;|"|'|/
|=|a|b|<p>|<td>|<table>|<a href="javascript:x">|<svg/onload=1>|!|?|](|javascript:|:| |&nbsp;|<math>
"""
_pieces = st.lists(st.sampled_from(_FRAGMENTS.split("|")) | st.text(max_size=3), max_size=12).map(
    "".join
)


@given(_pieces)
def test_doing_it_twice_changes_nothing_more(text: str) -> None:
    once = sanitise(text)

    assert sanitise(once) == once


@given(_pieces)
def test_no_element_and_no_attribute_is_left_that_the_cleaner_would_take_away(text: str) -> None:
    once = sanitise(text)

    assert nh3.clean(once) == nh3.clean(nh3.clean(once))
    assert _tags(nh3.clean(once)) == _tags(once)


def _tags(text: str) -> list[str]:
    """What a browser could take for a tag: `<` and a letter, to the end of the tag."""
    return [piece.split(">")[0] for piece in text.split("<")[1:] if re.match("[A-Za-z]", piece)]
