"""A vendor of CAPTCHAs, as hCaptcha, Turnstile and reCAPTCHA are asked whether one was solved."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

SECRET = "what-the-vendor-gave"


@dataclass
class Siteverify:
    """`solved` holds what is good once; `fault` is what goes wrong with the vendor itself."""

    solved: set[str] = field(default_factory=set)
    extra: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        sent = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        self.asked.append({**sent, "address": str(request.url)})
        if self.fault == "slow":
            await asyncio.sleep(30)
        if self.fault is not None and self.fault.isdigit():
            return PlainTextResponse("No", int(self.fault))
        if self.fault == "garbage":
            return PlainTextResponse("<html>")
        if self.fault == "list":
            return JSONResponse([])
        if sent["secret"] != SECRET:
            return JSONResponse({"success": False, "error-codes": ["invalid-input-secret"]})
        is_solved = sent["response"] in self.solved
        self.solved.discard(sent["response"])
        errors = [] if is_solved else ["invalid-input-response"]
        said = {"success": is_solved, "hostname": "app.example.org", "error-codes": errors}
        return JSONResponse({**said, **self.extra})
