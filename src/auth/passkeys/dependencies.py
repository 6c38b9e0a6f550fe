"""Which site passkeys are for."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from src.auth.dependencies import own_origin
from src.auth.passkeys.ceremonies import RelyingParty
from src.auth.passkeys.exceptions import PasskeysDisabled
from src.dependencies import ProcessSettings

_DEFAULT_PORTS = {"http": 80, "https": 443}


async def relying_party(request: Request, settings: ProcessSettings) -> RelyingParty:
    """The site of the settings, else that of PUBLIC_URL; on a developer's machine the request's.

    Elsewhere a request has no say in it: its Host may be anything. Raises PasskeysDisabled.
    """
    given = settings.authentication.passkeys
    base = settings.public_url
    if base is None and settings.environment.is_relaxed:
        base = own_origin(request)
    origin = _origin(base) if base is not None else None
    site = given.rp_id or (urlsplit(origin).hostname if origin else None)
    origins = list(given.origins) or ([origin] if origin else [])
    if not site or not origins:
        raise PasskeysDisabled()
    return RelyingParty(id=site, origins=origins, name=settings.authentication.mfa.name)


async def possible_relying_party(
    request: Request, settings: ProcessSettings
) -> RelyingParty | None:
    """As `relying_party`; None where there are no passkeys, which is no mistake of the caller."""
    try:
        return await relying_party(request, settings)
    except PasskeysDisabled:
        return None


PossibleRelyingParty = Annotated[RelyingParty | None, Depends(possible_relying_party)]
CurrentRelyingParty = Annotated[RelyingParty, Depends(relying_party)]


def _origin(url: str) -> str | None:
    """Scheme, host and port, as a browser writes them; None for what has no host."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    named = f"[{host}]" if ":" in host else host
    is_default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{named}" + ("" if is_default else f":{port}")
