"""The application that the document describes, for tests that only read what it says of itself."""

from functools import cache
from typing import Any

from fastapi import FastAPI

from src.config import Settings
from src.constants import Environment
from src.main import create_app


@cache
def application(environment: Environment = Environment.LOCAL) -> FastAPI:
    """Made once a process; it has no pools, so it serves nobody."""
    return create_app(Settings.model_construct(environment=environment))


def document() -> dict[str, Any]:
    return application().openapi()
