"""Small pages behind mailed links, for services that have no front end of their own.

Opening one changes nothing: mail scanners open links too. Its button posts the token, which the
page takes from its own address; nothing of the request is written into it, and it asks nobody else.
"""

import base64
import hashlib
from html import escape

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import TypeAdapter

from src.auth.verification.schemas import LinkState
from src.openapi import Responses

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem}"
    "button,input{font:inherit;padding:.5rem 1rem}"
    "input{display:block;width:100%;box-sizing:border-box;margin:.25rem 0 1rem}"
)
_SCRIPT = """\
"use strict";
const form = document.querySelector("form");
const said = document.querySelector("output");
const token = new URLSearchParams(location.search).get("token") || "";
history.replaceState(null, "", location.pathname);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const body = {token, ...Object.fromEntries(new FormData(form))};
  const headers = {"Content-Type": "application/json"};
  try {
    if (form.dataset.session) {
      const session = await fetch(form.dataset.session);
      if (session.ok) headers["X-CSRF-Token"] = (await session.json()).csrf_token || "";
    }
    const answer = await fetch(form.dataset.action, {
      method: "POST", headers, body: JSON.stringify(body),
    });
    if (answer.ok) {
      said.textContent = form.dataset.done;
      form.hidden = true;
      return;
    }
    const problem = await answer.json();
    const mistakes = (problem.errors || []).map((one) => one.detail);
    said.textContent = answer.status === 401 && form.dataset.unknown
      ? form.dataset.unknown : [problem.detail, ...mistakes].join(" ");
  } catch {
    said.textContent = "The service cannot be reached: try again.";
  }
  button.disabled = false;
});
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
<form data-action="{action}" data-done="{done}" data-session="{session}" data-unknown="{unknown}">
{fields}<button>{button}</button>
</form>
<p><output></output></p>
<noscript>This page needs scripts. The code in the mail works without it.</noscript>
<script>{script}</script>
</body>
</html>
"""


def _hashed(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_hashed(_SCRIPT)}; style-src {_hashed(_STYLE)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def page(
    *,
    title: str,
    text: str,
    button: str,
    action: str,
    done: str,
    fields: str = "",
    session: str = "",
    unknown: str = "",
) -> HTMLResponse:
    """A page with a button that posts the token of its address to the path `action`.

    `done` is said when that has worked. `fields` is HTML of inputs to post along. `has_code` says
    whether the mail has a code too, which needs no page. With `session`, the path that tells about
    the session, it posts by the visitor's cookies; `unknown` is said to one who has none.
    """
    shown = {
        "title": title,
        "text": text,
        "button": button,
        "action": action,
        "done": done,
        "session": session,
        "unknown": unknown,
    }
    content = _PAGE.format(
        **{name: escape(value) for name, value in shown.items()},
        fields=fields,
        style=_STYLE,
        script=_SCRIPT,
    )
    return HTMLResponse(content, headers=HEADERS)


_LINK_STATE = TypeAdapter(LinkState)


def shown(description: str) -> Responses:
    """What the document says of such a page, which is JSON for who accepts that."""
    html = {"text/html": {"schema": {"type": "string"}}}
    return {200: {"model": LinkState, "description": description, "content": html}}


def wants_json(request: Request) -> bool:
    """Whether a program asks, not a browser."""
    return "application/json" in request.headers.get("accept", "")


def as_json(state: LinkState) -> JSONResponse:
    """The same as the page, for programs."""
    return JSONResponse(
        _LINK_STATE.dump_python(state, mode="json"), headers={"Cache-Control": "no-store"}
    )
