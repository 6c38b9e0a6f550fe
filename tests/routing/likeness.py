"""What two answers have in common."""

import re

from httpx2 import Response

from tests.routing.pairs import FRESH

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FRESH_WORDS = re.compile(
    r'("(?:access_token|refresh_token|csrf_token|trace_id|token|url'
    r'|ticket|key|prefix|secret|device_secret|otpauth_uri|challenge)": ?)"[^"]*"'
    r'|("recovery_codes": ?)\[[^]]*\]'
    r'|("expires_in": ?)[0-9]+'
    r"|((?:core_at|core_rt|core_browser|core_sso_facebook)=)[^;]*|(expires=)[^;]*|(Max-Age=)[0-9]+"
    r"|((?:state|code_challenge)=)[^&]*"
)


def alike(response: Response) -> object:
    """What two answers have in common: all but ids, times and tokens that are made for each."""
    known: dict[str, str] = {}

    def stable(text: str) -> str:
        text = FRESH_WORDS.sub(lambda found: found[found.lastindex or 0], text)
        text = TIME.sub("<time>", text)
        return IDS.sub(lambda found: known.setdefault(found[0], f"<id {len(known)}>"), text)

    content = response.content
    if "content-length" in response.headers and response.request.method != "HEAD":
        assert int(response.headers["content-length"]) == len(content)
    headers = [
        (name, stable(value))
        for name, value in response.headers.multi_items()
        if name not in FRESH | {"content-length"}
    ]
    text = stable(content.decode("utf-8", "surrogateescape"))
    if response.headers.get("content-type", "").startswith("text/plain; version="):
        text = ""  # metrics count the requests themselves
    return response.status_code, headers, "content-length" in response.headers, text
