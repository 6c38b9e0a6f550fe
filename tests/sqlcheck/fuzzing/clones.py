"""The right statements again, with something changed."""

import dataclasses
import types
import typing
from collections.abc import Mapping

from pydantic import BaseModel, create_model

from sqlcheck.hints import Hint
from tests.sqlcheck.corpus import everything
from tests.sqlcheck.declare import Statement, expected

RIGHT = [each for each in everything() if each.name not in expected]


def clone(statement: Statement, changes: Mapping[str, Hint]) -> Statement:
    """The same statement with other annotations."""
    old = statement.stub
    assert isinstance(old, types.FunctionType)
    new = types.FunctionType(old.__code__, old.__globals__, old.__name__)
    new.__kwdefaults__, new.__module__ = old.__kwdefaults__, old.__module__
    new.__qualname__ = old.__qualname__
    new.__annotations__ = {**typing.get_type_hints(old, include_extras=True), **changes}
    return Statement(
        statement.text, new, missing=statement.missing, constraints=statement.constraints
    )


def rebuilt(row: type, fields: Mapping[str, Hint]) -> type:
    """A row class of the same kind with other fields."""
    if issubclass(row, BaseModel):
        definitions: dict[str, Hint] = {name: (hint, ...) for name, hint in fields.items()}
        model: type[BaseModel] = create_model(row.__name__, **definitions)
        return model
    return dataclasses.make_dataclass(row.__name__, list(fields.items()), slots=True)
