"""Kinds of values that settings have."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

_BASE = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def is_issuer(value: str) -> str:
    if not _BASE.fullmatch(value):
        raise ValueError("must be http:// or https://, a host, and at most a path")
    return value  # compared as it is, slash or none


def is_base(value: str) -> str:
    if not _BASE.fullmatch(value):
        raise ValueError("must be http:// or https://, a host, and at most a path")
    return value.rstrip("/")


SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


Times = Annotated[int, Field(ge=0, le=1_000_000)]


def _is_page(value: str) -> str:
    if not value.startswith("/") and not _BASE.match(value):
        raise ValueError("must be a path of this service, or a whole address")
    return value


Page = Annotated[str, AfterValidator(_is_page)]
