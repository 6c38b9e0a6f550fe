"""Writes a plan down as a function, and compiles it.

The source is kept where tracebacks look for it. Of the request nothing has run when the first part
of a handler ends: whatever is unusual about it goes to FastAPI, untouched.
"""

import builtins
import linecache
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import cache
from types import CodeType, FunctionType
from typing import Any
from zlib import crc32

from fastapi.utils import is_body_allowed_for_status_code
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from src.database import Json
from src.routing import runtime
from src.routing.at_once import function_of
from src.routing.plan import Argument, Plan, Value, adapter

Handler = Callable[[Scope, Receive, Send, Sequence[str]], Awaitable[None]]


def handler(plan: Plan, *, passed_on: ASGIApp, limit: int) -> Handler:
    """The function that serves a route: given the scope, the channels and the path's values.

    What it does not take goes to `passed_on`, and so does a body of more than `limit` bytes.
    """
    writer = _Writer(plan, limit)
    writer.names["passed_on"] = passed_on
    writer.write()
    code = _code_of("\n".join(writer.lines) + "\n", plan.name)
    made: Handler = FunctionType(code, writer.names)
    return made


@cache
def _code_of(source: str, name: str) -> CodeType:
    """What the source is compiled to, once a process: another application's mostly reads alike."""
    filename = f"<compiled route {name} {crc32(source.encode()):x}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = compile(source, filename, "exec")
    (code,) = (one for one in module.co_consts if isinstance(one, CodeType))
    return code


def _word(text: str) -> str:
    """The text as a part of a name."""
    return "".join(letter if letter.isidentifier() else "_" for letter in text)


class _Writer:
    def __init__(self, plan: Plan, limit: int) -> None:
        self.plan = plan
        self.limit = limit
        self.lines: list[str] = []
        self.depth = 0
        # Numbered, so that no two are the same; named, so that a traceback can be read.
        self.calls = [
            f"call_{index}_{_word(getattr(step.call, '__name__', ''))}"
            for index, step in enumerate(plan.steps)
        ]
        self.results = [f"step_{index}_{_word(step.name)}" for index, step in enumerate(plan.steps)]
        self.values = [
            f"value_{index}_{_word(value.alias)}" for index, value in enumerate(plan.values)
        ]
        self.has_body = plan.takes("body")
        self.names: dict[str, Any] = {
            name: getattr(runtime, name)
            for name in (
                "Draft",
                "ReadRequest",
                "UnusualError",
                "Watched",
                "failed",
                "first_headers",
                "is_small",
                "json_response",
                "parsed",
                "query_of",
                "read",
                "refused_value",
                "replayed",
                "serialized",
                "swallowed",
            )
        } | {
            # What warns, in pydantic's core too, asks its caller for these two.
            "__builtins__": builtins,
            "__name__": f"{__name__}.{plan.name}",
            "AsyncExitStack": AsyncExitStack,
            "Json": Json,
            "Request": Request,
            "Response": Response,
            "ValidationError": ValidationError,
            "context": plan.context,
            "endpoint": plan.endpoint.call,
            "route": plan.context.original_route,
            "route_endpoint": plan.context.endpoint,
        }

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        self.line(opening)
        self.depth += 1
        yield
        self.depth -= 1

    def write(self) -> None:
        name = self.plan.name if self.plan.name.isidentifier() else "handler"
        with self.block(f"async def {name}(scope, receive, send, parts):"):
            self._write_reading()
            self._write_scope()
            with self.block("try:"):
                if any(step.scope == "request" for step in self.plan.steps):
                    self.line("is_sent = False")
                    with self.block("async with AsyncExitStack() as request_stack:"):
                        self._write_running()
                        self._write_sending()
                        self.line("is_sent = True")
                    with self.block("if not is_sent:"):
                        self.line("swallowed()")
                else:
                    self._write_running()
                    self._write_sending()
            with self.block("except Exception as exc:"):
                self.line("await failed(exc, scope, receive, send, has_begun=has_begun)")

    def _write_reading(self) -> None:
        """Read and validate all that the request says; pass it on if there is a doubt."""
        if self.has_body:
            self.line("received = []")
        with self.block("try:"):
            self.line("headers = first_headers(scope)")
            # Most requests have none of these, which one look tells.
            doubts = " or ".join(self._doubts())
            with self.block(f"if not {self._telling()}.isdisjoint(headers) and ({doubts}):"):
                self.line("raise UnusualError")
            self._write_doubt_of_length()
            if self.plan.takes("query"):
                self.line("query = query_of(scope['query_string'])")
            if self.plan.takes("cookie"):
                self.line("cookies = Request(scope).cookies")
            # Parameters first: they may make reading the body needless.
            for index, value in enumerate(self.plan.values):
                if value.source != "body":
                    self._write_value(index, value)
            if self.has_body:
                self.line(f"body = await read(receive, received, {self.limit})")
                with self.block("if body:"):
                    self.line("content = parsed(body, headers.get(b'content-type'))")
                for index, value in enumerate(self.plan.values):
                    if value.source == "body":
                        self._write_checked(index, value, given="body", text="content")
        with self.block("except Exception:"):
            self.line("is_unusual = True")
        with self.block("else:"):
            self.line("is_unusual = False")
        with self.block("if is_unusual:"):
            if self.has_body:
                with self.block("if received:"):
                    self.line("receive = replayed(received, receive)")
            self.line("await passed_on(scope, receive, send)")
            self.line("return")

    def _write_doubt_of_length(self) -> None:
        """HTTP/2 may send a body that no header tells of: somebody may read it, without a limit."""
        if not self.has_body and self.plan.context.methods != {"GET"}:
            told = "scope['http_version'][0] == '1' or b'content-length' in headers"
            with self.block(f"if not ({told}):"):
                self.line("raise UnusualError")

    def _doubts(self) -> Iterator[str]:
        """Conditions under which the headers alone make a request unusual."""
        yield "b'content-encoding' in headers"
        yield "b'expect' in headers"
        yield f"not is_small(headers.get(b'content-length'), {self.limit})"
        if not self.has_body:
            yield "b'transfer-encoding' in headers"

    def _telling(self) -> str:
        """The name of the headers without which there is no doubt."""
        telling = {b"content-encoding", b"expect", b"content-length"}
        if not self.has_body:
            telling.add(b"transfer-encoding")
        self.names["telling"] = frozenset(telling)
        return "telling"

    def _write_value(self, index: int, value: Value) -> None:
        name = self.values[index]
        if value.source == "path":
            self.names[f"validate_{index}"] = value.validate
            place = self.plan.parameters.index(value.alias)
            self.line(f"{name} = validate_{index}(parts[{place}], from_attributes=True)")
            return
        key: str | bytes = value.alias
        if value.source == "header":
            key = value.alias.lower().encode("latin-1")
        places = {"query": "query", "header": "headers", "cookie": "cookies"}
        self.line(f"{name} = {places[value.source]}.get({key!r})")
        text = f"{name}.decode('latin-1')" if value.source == "header" else name
        self._write_checked(index, value, given=f"{name} is not None", text=text)

    def _write_checked(self, index: int, value: Value, *, given: str, text: str) -> None:
        self.names[f"validate_{index}"] = value.validate
        with self.block(f"if {given}:"):
            self.line(f"{self.values[index]} = validate_{index}({text}, from_attributes=True)")
        with self.block("else:"):
            if value.default is None:
                self.line("raise UnusualError")
            else:
                self.names[f"default_{index}"] = value.default
                self.line(f"{self.values[index]} = default_{index}()")

    def _write_scope(self) -> None:
        """Say in the scope what FastAPI's router would."""
        given = ", ".join(
            f"{name!r}: parts[{place}]" for place, name in enumerate(self.plan.parameters)
        )
        self.line("scope['route'] = route")
        self.line("scope['endpoint'] = route_endpoint")
        self.line(f"scope['path_params'] = {{{given}}}")
        self.line("scope['router'] = scope['app'].router")
        if self.plan.uses("request"):
            made = "ReadRequest" if self.has_body else "Request"
            body = ", body" if self.has_body else ""
            self.line(f"request = {made}(scope, receive, send{body})")
        if self.plan.uses("response"):
            self.line("draft = Draft()")
        self.line("has_begun = False")

    def _write_running(self, first: int = 0) -> None:
        """Call the dependencies from `first` on, then the endpoint.

        What a generator of the scope "function" yields is there for the lines inside its block.
        """
        for index, step in enumerate(self.plan.steps[first:], first):
            is_generator = step.scope != "call"
            function = function_of(step.call)
            self.names[self.calls[index]] = (
                asynccontextmanager(step.call) if is_generator else function or step.call
            )
            call = f"{self.calls[index]}({self._arguments(step.arguments)})"
            result = self.results[index]
            if step.scope == "call":
                self.line(f"{result} = {'' if function else 'await '}{call}")
            elif step.scope == "request":
                self.line(f"{result} = await request_stack.enter_async_context({call})")
            else:
                is_outermost = all(one.scope != "function" for one in self.plan.steps[:index])
                if is_outermost:
                    self.line("has_answer = False")
                with self.block(f"async with {call} as {result}:"):
                    self._write_running(index + 1)
                if is_outermost:
                    with self.block("if not has_answer:"):
                        self.line("swallowed()")
                return
        self.line(f"value = await endpoint({self._arguments(self.plan.endpoint.arguments)})")
        self._write_answer()
        if any(step.scope == "function" for step in self.plan.steps):
            self.line("has_answer = True")

    def _arguments(self, arguments: Sequence[Argument]) -> str:
        return ", ".join(f"{argument.name}={self._said(argument)}" for argument in arguments)

    def _said(self, argument: Argument) -> str:
        if argument.kind == "step":
            return self.results[argument.index]
        if argument.kind == "value":
            return self.values[argument.index]
        return "request" if argument.kind == "request" else "draft"

    def _write_answer(self) -> None:
        """Serialize what the endpoint has returned: its connection may still be rolled back."""
        with self.block("if isinstance(value, Response):"):
            self.line("answer = value")
        with self.block("else:"):
            context = self.plan.context
            declared = context.status_code
            status = f"draft.status_code or {declared}" if self.plan.uses("response") else declared
            if context.response_field is None:
                self.line(f"answer = serialized(context, value, {status})")
                if self.plan.uses("response"):
                    self.line("answer.raw_headers.extend(draft.raw_headers)")
                return
            if getattr(context.original_route, "json_endpoint", None) is not None:
                self.line("body = value.text")
            else:
                used = adapter(context.response_field)
                self.names["validate"] = used.validator.validate_python
                self.names["to_json"] = used.serializer.to_json
                with self.block("try:"):
                    self.line("valid = validate(value, from_attributes=True)")
                with self.block("except ValidationError as exc:"):
                    self.line("refused_value(exc, value)")
                self.line("body = to_json(valid, by_alias=True)")
            self._write_json(declared or 200)

    def _write_json(self, declared: int) -> None:
        is_plain = declared >= 200 and is_body_allowed_for_status_code(declared)
        if self.plan.uses("response"):
            with self.block(f"if draft.status_code or {not is_plain}:"):
                self.line(f"answer = json_response(body, draft.status_code or {declared})")
                self.line("answer.raw_headers.extend(draft.raw_headers)")
            with self.block("else:"):
                self.line("answer = None")
                self._write_headers(", *draft.raw_headers")
        elif is_plain:
            self.line("answer = None")
            self._write_headers("")
        else:
            self.line(f"answer = json_response(body, {declared})")

    def _write_headers(self, more: str) -> None:
        self.line(
            "start = [(b'content-length', str(len(body)).encode()), "
            f"(b'content-type', b'application/json'){more}]"
        )

    def _write_sending(self) -> None:
        declared = self.plan.context.status_code or 200
        if self.plan.context.response_field is not None:
            with self.block("if answer is None:"):
                self.line("has_begun = True")
                self.line(
                    "await send({'type': 'http.response.start', "
                    f"'status': {declared}, 'headers': start}})"
                )
                self.line("await send({'type': 'http.response.body', 'body': body})")
            with self.block("else:"):
                self.line("send = Watched(send)")
                self.line("await answer(scope, receive, send)")
        else:
            self.line("send = Watched(send)")
            self.line("await answer(scope, receive, send)")
