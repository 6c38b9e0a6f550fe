"""The draft of an applet, as its editors send it."""

from typing import Annotated, Literal, LiteralString, Self, get_args
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from src.applets.items import configs, rules
from src.applets.items.conditions import Condition
from src.applets.items.fields import Flag, ItemName, Title
from src.applets.items.locations import Loc, pointer, without_tags
from src.applets.items.texts import LangText
from src.exceptions import FieldError
from src.schemas import Payload

_OWN: dict[str, LiteralString] = {
    "too_many_decimals": "too_many_decimals",
    "invalid_date": "invalid_date",
    "invalid_characters": "invalid_characters",
}
_BUILT_IN = frozenset(get_args(ErrorType))
_CODES = {"extra_forbidden": "unknown_field"}


class ItemBase(Payload):
    id: Annotated[
        UUID | None, Field(description="A handle of the editor's own, kept as it is sent.")
    ] = None
    name: ItemName
    question: LangText
    is_hidden: Flag = False
    allow_edit: Flag = False
    condition: Condition | None = None


class TextItem(ItemBase):
    type: Literal["text"]
    config: configs.TextConfig = configs.TextConfig()
    values: None = None


class ParagraphItem(ItemBase):
    type: Literal["paragraph_text"]
    config: configs.ParagraphConfig = configs.ParagraphConfig()
    values: None = None


class SingleSelectItem(ItemBase):
    type: Literal["single_select"]
    config: configs.SingleSelectConfig = configs.SingleSelectConfig()
    values: configs.SingleSelectValues


class MultiSelectItem(ItemBase):
    type: Literal["multi_select"]
    config: configs.MultiSelectConfig = configs.MultiSelectConfig()
    values: configs.MultiSelectValues


class SliderItem(ItemBase):
    type: Literal["slider"]
    config: configs.SliderConfig = configs.SliderConfig()
    values: configs.SliderValues = configs.SliderValues()


class NumberItem(ItemBase):
    type: Literal["number_select"]
    config: configs.NumberConfig = configs.NumberConfig()
    values: configs.NumberValues = configs.NumberValues()


class DateItem(ItemBase):
    type: Literal["date"]
    config: configs.DateConfig = configs.DateConfig()
    values: None = None


class MessageItem(ItemBase):
    type: Literal["message"]
    config: configs.MessageConfig = configs.MessageConfig()
    values: None = None


Item = Annotated[
    TextItem
    | ParagraphItem
    | SingleSelectItem
    | MultiSelectItem
    | SliderItem
    | NumberItem
    | DateItem
    | MessageItem,
    Field(discriminator="type"),
]


class ScoreItem(Payload):
    item: ItemName
    reverse: Annotated[
        Flag, Field(description="Count min + max - value, of the scores that the item can reach.")
    ] = False

    @model_serializer
    def shortest(self) -> str | dict[str, object]:
        """Write a name alone where nothing else is to say."""
        return {"item": self.item, "reverse": True} if self.reverse else self.item


def _name_alone(raw: object) -> object:
    return {"item": raw} if isinstance(raw, str) else raw


class Score(Payload):
    name: Title
    calculation: Literal["sum", "average", "percentage"]
    items: Annotated[
        list[
            Annotated[
                ScoreItem, BeforeValidator(_name_alone, json_schema_input_type=ScoreItem | str)
            ]
        ],
        Field(min_length=1, max_length=2_000),
    ]


class ScoresAndReports(Payload):
    scores: list[Score] = Field(default_factory=list, max_length=200)


class Activity(Payload):
    key: Annotated[
        str | None, Field(min_length=1, max_length=100, description="The editor's own handle.")
    ] = None
    id: Annotated[
        UUID | None, Field(description="Given by the server; sent back, the activity keeps it.")
    ] = None
    name: Title
    description: LangText | None = None
    is_hidden: Flag = False
    items: list[Item] = Field(default_factory=list, max_length=2_000)
    scores_and_reports: ScoresAndReports = ScoresAndReports()


class AppletDraft(Payload):
    """The whole tree. Everything wrong with it is reported at once: its shape and its rules."""

    name: Title
    description: LangText | None = None
    about: LangText | None = None
    activities: list[Activity] = Field(default_factory=list, max_length=200)
    flows: list[object] = Field(
        default_factory=list, max_length=0, description="Must be empty: flows come later."
    )

    @model_validator(mode="wrap")
    @classmethod
    def report_everything(cls, raw: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Run the rules on what was sent even where its shape is broken, and raise all findings."""
        faults: list[InitErrorDetails] = []
        draft = None
        try:
            draft = handler(raw)
        except ValidationError as error:
            faults = [_again(fault) for fault in error.errors(include_url=False)]
        faults += [
            InitErrorDetails(
                type=_custom(finding.code, finding.detail),
                loc=finding.loc,
                input=None,
            )
            for finding in rules.findings(raw)
        ]
        if faults or draft is None:
            raise ValidationError.from_exception_data(cls.__name__, faults, hide_input=True)
        return draft


def _again(fault: ErrorDetails) -> InitErrorDetails:
    """Return one of Pydantic's findings, to be raised once more at its true place."""
    kind = fault["type"]
    return InitErrorDetails(
        type=kind if kind in _BUILT_IN else _custom(_OWN[kind], fault["msg"]),
        loc=_place(kind, fault["loc"]),
        input=fault["input"],
        ctx=fault.get("ctx", {}),
    )


def _custom(code: LiteralString, detail: str) -> PydanticCustomError:
    """Return a finding of our own; its text is no template, so braces in it mean nothing."""
    return PydanticCustomError(code, "{detail}", {"detail": detail})


def _place(kind: str, loc: Loc) -> Loc:
    """Return where the fault is, seen by the caller: a wrong `type` is the fault of that field."""
    place = without_tags(loc)
    return (*place, "type") if kind in {"union_tag_invalid", "union_tag_not_found"} else place


def check(raw: object) -> list[FieldError]:
    """Return everything wrong with a draft, outside of HTTP; nothing when it is sound."""
    try:
        AppletDraft.model_validate(raw)
    except ValidationError as error:
        return [
            FieldError(
                pointer=pointer(fault["loc"]),
                code=_CODES.get(fault["type"], fault["type"]),
                detail=fault["msg"],
            )
            for fault in error.errors(include_url=False, include_input=False)
        ]
    return []
