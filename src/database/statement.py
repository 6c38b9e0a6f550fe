"""`@sql`: a typed stub becomes the statement that its text is."""

import inspect
import itertools
import re
import typing
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from enum import Enum, auto
from functools import update_wrapper
from typing import Any, LiteralString, TypeVar, cast

from src import tracing
from src.database.connection import Executor, closing
from src.database.placeholders import Positional, positional
from src.database.rows import Result, encoder, strip_none
from src.exceptions import CoreError

_GUARD = re.compile(r"--[ ]if[ ](\w+)(?:[ ]=[ ](\S+))?[ ]*$", re.MULTILINE)

_LONG_SECONDS = 0.1
_LONG_TIMES = 3
"""What has taken this long this often, on balance, counts as slow until it is faster."""

_COPIED_COLUMNS = re.compile(r"^\s*COPY\s+\w+\s*\(([^)]*)\)")


class Form(Enum):
    """The kinds of statement that are run in different ways."""

    QUERY = auto()
    COPY_OUT = auto()
    COPY_IN = auto()
    LISTEN = auto()


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
    slow: bool = False,
) -> Callable[[Stub], Stub]:
    """Turn the stub below into the SQL statement `text`.

    One that may take long says so (`slow`): it then holds up nobody else's.
    """

    def decorate(stub: Stub) -> Stub:
        statement = Statement(text, stub, missing=missing, constraints=constraints or {}, slow=slow)
        statements.append(statement)
        if inspect.iscoroutinefunction(stub):

            async def call(conn: Executor, /, **params: Any) -> object:
                if (span := tracing.begin(statement.name)) is None:
                    return await statement.run(conn, params)
                return await statement.run_traced(conn, params, span)

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
        slow: bool = False,
    ) -> None:
        if "<locals>" in stub.__qualname__:
            raise TypeError(f"{stub.__qualname__}: a statement stands at module level")
        self.text: LiteralString = text
        self.stub = stub
        self.name = f"{stub.__module__}.{stub.__qualname__}"
        self.missing = missing
        self.constraints = constraints
        self.form = _form(text)
        self.guards: dict[str, set[str]] = {}
        for guard in _GUARD.finditer(text):
            self.guards.setdefault(guard[1], set()).update([guard[2]] if guard[2] else [])
        self.executed: set[str] = set()
        self.is_slow = slow
        self.is_audited = "INSERT INTO audit_event" in text
        """Whether it writes down who did something, which takes a transaction for an API key."""
        self._slowness = 0
        self._positional: dict[str, Positional] = {}
        self._defaults: dict[str, Any] = dict(getattr(stub, "__kwdefaults__", None) or {})
        self.returns_json = False
        self._texts: dict[tuple[object, ...], LiteralString] = {}
        self._result: Result | None = None
        self._encoders: dict[str, Callable[[Any], Any]] = {}

    async def run_traced(self, conn: Executor, given: dict[str, Any], span: tracing.Span) -> object:
        """`run`, as a span of the request's trace."""
        try:
            returned = await self.run(conn, given)
        except BaseException as exc:
            tracing.end(span, exc)
            raise
        tracing.end(span)
        return returned

    async def run(self, conn: Executor, given: dict[str, Any]) -> object:
        """Run the statement and return what its stub declares."""
        result = self._result or self._prepare()
        if self.form is Form.COPY_IN:
            self.executed.add(self.text)
            fields = self._copied_fields()
            rows = ([getattr(row, name) for name in fields] for row in given["rows"])
            return await conn.copy_in(self, self.text, rows)
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
        """Yield rows as they come from a server-side cursor; a copy's bytes; notifications."""
        span = tracing.begin(self.name)
        error: Exception | None = None
        try:
            async with closing(self._stream(conn, given)) as found:
                async for one in found:
                    yield one
        except Exception as exc:
            error = exc
            raise
        finally:
            if span is not None:
                tracing.end(span, error)

    async def _stream(self, conn: Executor, given: dict[str, Any]) -> AsyncIterator[object]:
        result = self._result or self._prepare()
        if self.form is not Form.QUERY:
            text, params = self._bind(given)
            source: AsyncIterator[object] = (
                conn.notifications(self, text)
                if self.form is Form.LISTEN
                else conn.copy_out(self, text, params)
            )
            async with closing(source) as found:
                async for one in found:
                    yield one
            return
        async with closing(conn.batches(self, *self._bind(given))) as batches:
            async for fetched in batches:
                for row in result.rows(fetched.names or (), fetched.rows):
                    yield row

    @property
    def takes_long(self) -> bool:
        """Whether the statement has turned out to be slow."""
        return self._slowness >= _LONG_TIMES

    def took(self, seconds: float) -> None:
        """Learn how long the server has taken for it."""
        if seconds > _LONG_SECONDS:
            self._slowness = min(self._slowness + 1, 2 * _LONG_TIMES)
        elif self._slowness:
            self._slowness -= 1

    def positional(self, text: LiteralString) -> Positional:
        """One of the statement's texts with numbered parameters."""
        found = self._positional.get(text)
        if found is None:
            found = self._positional[text] = positional(text)
        return found

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

    def _copied_fields(self) -> list[str]:
        """The fields of the rows, in the order of the columns that the text names."""
        columns = _COPIED_COLUMNS.search(self.text)
        if columns is None:
            raise TypeError(f"{self.name}: COPY names its columns")
        return [name.strip() for name in columns[1].split(",")]

    def _prepare(self) -> Result:
        hints = typing.get_type_hints(self.stub, include_extras=True)
        self._result = Result(hints.pop("return"))
        self.returns_json = self._result.has_json
        self._encoders = {
            name: encode for name, hint in hints.items() if (encode := encoder(hint)) is not None
        }
        return self._result


def _form(text: str) -> Form:
    words = text.split()
    if words[:1] == ["LISTEN"]:
        return Form.LISTEN
    if words[:1] != ["COPY"]:
        return Form.QUERY
    return Form.COPY_IN if " ".join(words).find(" FROM STDIN") > 0 else Form.COPY_OUT


def _is_kept(line: str, params: Mapping[str, object]) -> bool:
    guard = _GUARD.search(line)
    if guard is None:
        return True
    value = params.get(guard[1])
    return value is not None if guard[2] is None else value == guard[2]
