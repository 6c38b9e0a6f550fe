"""What a team reads off its answers."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from src.applets.schemas import ActivityId

SD = Annotated[
    float | None, Field(description="Standard deviation of a sample (n - 1); null below two.")
]


@dataclass(slots=True)
class Bin:
    """How often one value was given."""

    value: int | float
    n: int


@dataclass(slots=True)
class ItemStatistics:
    """One item over all its answers. A choice of several counts in each of its bins."""

    activity_id: ActivityId
    activity: str
    name: str
    type: str
    n: Annotated[int, Field(description="Answers with a value.")]
    missing: Annotated[int, Field(description="Answers without: skipped, hidden or timed out.")]
    distribution: list[Bin] | None
    mean: float | None
    sd: SD


@dataclass(slots=True)
class ScoreStatistics:
    """One score. `alpha` is Cronbach's, over the `alpha_n` answers with every item answered."""

    activity_id: ActivityId
    activity: str
    name: str
    n: Annotated[int, Field(description="Answers for which the score has a value.")]
    mean: float | None
    sd: SD
    min: float | None
    max: float | None
    alpha: float | None
    alpha_n: int


@dataclass(slots=True)
class Statistics:
    """Of every submission of an applet, laid out by its newest version."""

    submissions: int
    items: list[ItemStatistics]
    scores: list[ScoreStatistics]
