"""`@sql`: a typed stub becomes the statement that its text is."""

import inspect
import itertools
import re
import typing
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import update_wrapper
from typing import Any, LiteralString, TypeVar, cast

from src.database.connection import Executor, closing
from src.database.rows import Result, encoder, strip_none
from src.exceptions import CoreError

_GUARD = re.compile(r"--[ ]if[ ](\w+)(?:[ ]=[ ](\S+))?[ ]*$", re.MULTILINE)

Stub = TypeVar("Stub", bound=Callable[..., object])


class NoRow(RuntimeError):
    """A statement that must return a row returned none, and names no exception for it."""


class ManyRows(RuntimeError):
    """A statement that must return at most one row returned more."""


statements: list["Statement"] = []


def sql(
    text: LiteralString,
    /,
    *,
    missing: type[CoreError] | None = None,
    constraints: Mapping[str, type[CoreError]] | None = None,
) -> Callable[[Stub], Stub]:
    """Turn the stub below into the SQL statement `text`."""

    def decorate(stub: Stub) -> Stub:
        statement = Statement(text, stub, missing=missing, constraints=constraints or {})
        statements.append(statement)
        if inspect.iscoroutinefunction(stub):

            async def call(conn: Executor, /, **params: Any) -> object:
                return await statement.run(conn, params)

            return cast("Stub", update_wrapper(call, stub))

        def stream(conn: Executor, /, **params: Any) -> AsyncIterator[object]:
            return statement.stream(conn, params)

        return cast("Stub", update_wrapper(stream, stub))

    return decorate


class Statement:
    """One SQL statement and the stub that declares it."""

    def __init__(
        self,
        text: LiteralString,
        stub: Callable[..., object],
        *,
        missing: type[CoreError] | None,
        constraints: Mapping[str, type[CoreError]],
    ) -> None:
        if "<locals>" in stub.__qualname__:
            raise TypeError(f"{stub.__qualname__}: a statement stands at module level")
        self.text: LiteralString = text
        self.stub = stub
        self.name = f"{stub.__module__}.{stub.__qualname__}"
        self.missing = missing
        self.constraints = constraints
        self.guards: dict[str, set[str]] = {}
        for guard in _GUARD.finditer(text):
            self.guards.setdefault(guard[1], set()).update([guard[2]] if guard[2] else [])
        self.executed: set[str] = set()
        self._defaults: dict[str, Any] = dict(getattr(stub, "__kwdefaults__", None) or {})
        self._texts: dict[tuple[object, ...], LiteralString] = {}
        self._result: Result | None = None
        self._encoders: dict[str, Callable[[Any], Any]] = {}

    async def run(self, conn: Executor, given: dict[str, Any]) -> object:
        """Run the statement and return what its stub declares."""
        result = self._result or self._prepare()
        fetched = await conn.fetch(self, *self._bind(given))
        if fetched.names is None:
            return fetched.affected if result.row is int else None
        if result.is_list:
            return result.rows(fetched.names, fetched.rows)
        if len(fetched.rows) > 1:
            raise ManyRows(self.name)
        if fetched.rows:
            return result.rows(fetched.names, fetched.rows)[0]
        if result.is_optional:
            return None
        raise self.missing() if self.missing else NoRow(self.name)

    async def stream(self, conn: Executor, given: dict[str, Any]) -> AsyncIterator[object]:
        """Yield rows as they come from a server-side cursor."""
        result = self._result or self._prepare()
        async with closing(conn.batches(self, *self._bind(given))) as batches:
            async for fetched in batches:
                for row in result.rows(fetched.names or (), fetched.rows):
                    yield row

    def variants(self) -> Iterator[tuple[str, LiteralString]]:
        """Every text this statement can send, each with a label."""
        hints = typing.get_type_hints(self.stub)
        options = []
        for name in self.guards:
            kind, optional = strip_none(hints.get(name, object))
            is_literal = typing.get_origin(kind) is typing.Literal
            values = typing.get_args(kind) if is_literal else (True,)
            options.append([(name, value) for value in (*values, *([None] if optional else []))])
        for chosen in map(dict, itertools.product(*options)):
            label = ", ".join(
                name if value is True else f"{name} = {value}"
                for name, value in chosen.items()
                if value is not None
            )
            yield label, self.text_for(chosen)

    def text_for(self, params: Mapping[str, object]) -> LiteralString:
        """The text sent for these parameters: a guarded line is kept or left blank."""
        if not self.guards:
            return self.text
        key = tuple(
            (value if value in values else None) if values else value is None
            for name, values in self.guards.items()
            for value in [params.get(name)]
        )
        if (text := self._texts.get(key)) is None:
            lines = [line if _is_kept(line, params) else "" for line in self.text.split("\n")]
            text = self._texts[key] = "\n".join(lines)
        return text

    def _bind(self, given: dict[str, Any]) -> tuple[LiteralString, dict[str, Any]]:
        params = {**self._defaults, **given} if self._defaults else given
        for name, encode in self._encoders.items():
            if params[name] is not None:
                params = {**params, name: encode(params[name])}
        text = self.text_for(params)
        self.executed.add(text)
        return text, params

    def _prepare(self) -> Result:
        hints = typing.get_type_hints(self.stub, include_extras=True)
        self._result = Result(hints.pop("return"))
        self._encoders = {
            name: encode for name, hint in hints.items() if (encode := encoder(hint)) is not None
        }
        return self._result


def _is_kept(line: str, params: Mapping[str, object]) -> bool:
    guard = _GUARD.search(line)
    if guard is None:
        return True
    value = params.get(guard[1])
    return value is not None if guard[2] is None else value == guard[2]
