"""Where somebody is signed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from src.auth.constants import Aal, Transport
from src.auth.schemas import SessionId
from src.schemas import Flag, Payload


@dataclass(slots=True)
class OwnSession:
    """A sign-in of the caller's that has not ended."""

    id: SessionId
    transport: Transport
    auth_methods: list[str]
    aal: Aal
    created_at: datetime
    last_seen_at: Annotated[datetime, Field(description="When it was last refreshed.")]
    expires_at: datetime
    ip_prefix: Annotated[
        str, Field(description="Where it began: a network, not an address; empty if not known.")
    ]
    user_agent_summary: Annotated[
        str, Field(description="What the client called itself, 200 characters at most.")
    ]
    current: Annotated[bool, Field(description="Whether this request belongs to it.")]


class SessionsEnd(Payload):
    """Which sessions to end."""

    except_current: Flag = True
