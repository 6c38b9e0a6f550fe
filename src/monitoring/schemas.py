"""What operators and load balancers ask."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Ping:
    status: Literal["success"]
    message: Literal["pong!"]


@dataclass(slots=True)
class Liveness:
    """The process runs."""

    status: Literal["live"]


@dataclass(slots=True)
class Readiness:
    """The service can do its work: the database answers and has the schema of this release."""

    status: Literal["ready"]
    revision: str
