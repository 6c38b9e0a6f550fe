"""How an item of each type behaves on the screen, and what may be answered."""

from typing import Annotated

from pydantic import Field

from src.applets.items.fields import (
    OPTIONS,
    Address,
    Flag,
    NotNegative,
    ScoreNumber,
    ShortText,
    TwoDecimals,
    Whole,
)
from src.applets.items.texts import LangLabel, LangText
from src.schemas import Payload


class ExtraText(Payload):
    """A free text beside the answer."""

    enabled: Flag = False
    required: Flag = False


class Screen(Payload):
    remove_back_button: Flag = False
    skippable: Annotated[
        Flag | None,
        Field(
            description="Whether the item may stay unanswered. When absent, texts may and "
            "other items may not."
        ),
    ] = None


class Timed(Payload):
    timer_seconds: Annotated[
        NotNegative | None, Field(description="The screen moves on when this time is over.")
    ] = None


class Extended(Payload):
    extra_text: ExtraText = ExtraText()


class TextConfig(Screen):
    max_length: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 300
    correct_answer: Annotated[
        ShortText | None, Field(min_length=1, description="The only answer that is accepted.")
    ] = None
    correct_answer_required: Annotated[
        Flag | None, Field(description="False keeps `correct_answer` for information only.")
    ] = None
    numeric_only: Flag = False
    is_data_identifier: Flag = False
    required: Flag = False


class ParagraphConfig(Screen):
    max_length: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1_000
    required: Flag = False


class MultiSelectConfig(Screen, Extended, Timed):
    randomize_options: Flag = False
    add_scores: Flag = False
    set_alerts: Flag = False
    add_tooltip: Flag = False
    set_palette: Flag = False
    add_tokens: Flag = False
    portrait_layout: Flag = False


class SingleSelectConfig(MultiSelectConfig):
    auto_advance: Flag = False


class SliderConfig(Screen, Extended, Timed):
    add_scores: Flag = False
    set_alerts: Flag = False
    show_tick_marks: Flag = False
    show_tick_labels: Flag = False
    continuous: Flag = False


class NumberConfig(Screen, Extended):
    pass


class DateConfig(Screen, Extended, Timed):
    pass


class MessageConfig(Timed):
    remove_back_button: Flag = False


class Option(Payload):
    id: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    text: LangText
    image: Address | None = None
    score: ScoreNumber | None = None
    tooltip: LangText | None = None
    is_hidden: Flag = False
    color: Annotated[str | None, Field(max_length=50)] = None
    alert: ShortText | None = None
    value: Annotated[Whole | None, Field(description="When absent, one more than the highest.")] = (
        None
    )


class MultiOption(Option):
    is_none_above: Annotated[
        Flag, Field(description="This option excludes all others of the item.")
    ] = False


class SingleSelectValues(Payload):
    options: Annotated[list[Option], Field(min_length=1, max_length=OPTIONS)]
    palette_name: ShortText | None = None


class MultiSelectValues(Payload):
    options: Annotated[list[MultiOption], Field(min_length=1, max_length=OPTIONS)]
    palette_name: ShortText | None = None


class SliderAlert(Payload):
    """An alert at one step, or between two values of a continuous slider."""

    value: Whole | None = None
    min_value: TwoDecimals | None = None
    max_value: TwoDecimals | None = None
    alert: ShortText


class SliderValues(Payload):
    min_value: NotNegative = 0
    max_value: NotNegative = 12
    min_label: LangLabel | None = None
    max_label: LangLabel | None = None
    min_image: Address | None = None
    max_image: Address | None = None
    scores: Annotated[
        list[ScoreNumber] | None,
        Field(max_length=10_000, description="One score a step, from the lowest to the highest."),
    ] = None
    alerts: Annotated[list[SliderAlert] | None, Field(max_length=OPTIONS)] = None


class NumberValues(Payload):
    min_value: Whole = 0
    max_value: Whole = 100
