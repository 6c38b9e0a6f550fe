"""A page to try a passkey on, from our own files and on a developer's machine only."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from src.config import Settings
from src.constants import API_PREFIX, Environment

_STATIC = Path(__file__).parent / "static" / "passkeys"
_PATH = f"{API_PREFIX}/local/passkeys"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def install(app: FastAPI, settings: Settings) -> None:
    """Serve the page at `/v1/local/passkeys`, in `local` alone."""
    if settings.environment is not Environment.LOCAL:
        return
    page = (_STATIC / "page.html").read_text()

    async def get_passkey_page(_: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    app.add_route(_PATH, get_passkey_page, include_in_schema=False)
    app.mount(f"{_PATH}/assets", StaticFiles(directory=_STATIC), name="passkey_page_assets")
