"""What serving a route takes, step by step, from FastAPI's own analysis of it."""

import inspect
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from fastapi import params
from fastapi._compat import ModelField
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext
from pydantic import AwareDatetime, Json, TypeAdapter
from pydantic.fields import FieldInfo

from src.routing.route import DRAFT, JsonRoute
from src.routing.tree import Address

Source = Literal["path", "query", "header", "cookie", "body"]
Scope = Literal["call", "function", "request"]
"""How long the result of a step is there: a generator's ends with the endpoint or the answer."""


class NotCompiledError(Exception):
    """The route stays with FastAPI, for this reason."""


@dataclass(frozen=True, slots=True)
class Value:
    """Something that the request says, as its parameter takes it."""

    source: Source
    alias: str
    validate: Callable[..., Any]
    default: Callable[[], Any] | None
    """Makes what stands for a value that did not come; None if one must come."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: the result of a step, a value, the request, or the draft of the response."""

    name: str
    kind: Literal["step", "value", "request", "response"]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A call. What a generator yields is there until the step's scope ends."""

    name: str
    call: Callable[..., Any]
    arguments: Sequence[Argument]
    scope: Scope = "call"


@dataclass(slots=True)
class Plan:
    """A route as a list: the values of the request, then the dependencies, then the endpoint."""

    context: RouteContext
    name: str
    parameters: Sequence[str]
    """Names of the path's parameters, in order."""
    values: list[Value] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    endpoint: Step = field(init=False)

    def uses(self, kind: Literal["request", "response"]) -> bool:
        return any(
            argument.kind == kind
            for step in (*self.steps, self.endpoint)
            for argument in step.arguments
        )

    def takes(self, source: Source) -> bool:
        return any(value.source == source for value in self.values)


def plan(context: RouteContext, address: Address) -> Plan:
    """How to serve the route. Raises NotCompiledError if some part of it is not known here."""
    route = context.original_route
    if not isinstance(route, APIRoute):
        raise NotCompiledError("no path operation")
    if address.segments is None or address.methods is None:
        raise NotCompiledError("an address that is no plain list of segments")
    _check(context)
    dependant: Dependant = context.dependant
    planned = Plan(context, route.name, address.parameters)
    planner = _Planner(planned)
    call = dependant.call
    json_endpoint = route.json_endpoint if isinstance(route, JsonRoute) else None
    if json_endpoint is not None:
        call = json_endpoint
    if call is None or not is_kind(inspect.iscoroutinefunction, call):
        raise NotCompiledError("the endpoint is no coroutine function")
    arguments = planner.arguments(dependant)
    if json_endpoint is not None:
        arguments = [argument for argument in arguments if argument.name != DRAFT]
    planned.endpoint = Step(route.name, call, arguments)
    return planned


def _check(context: RouteContext) -> None:
    """Raise NotCompiledError for what the declaration says beyond parameters and a return type."""
    is_default = isinstance(context.response_class, DefaultPlaceholder)
    if context.response_field is not None and not is_default:
        raise NotCompiledError("a response class of its own")
    if any(
        (
            context.response_model_include,
            context.response_model_exclude,
            not context.response_model_by_alias,
            context.response_model_exclude_unset,
            context.response_model_exclude_defaults,
            context.response_model_exclude_none,
        )
    ):
        raise NotCompiledError("parts of its response are left out")
    if context.callbacks:
        raise NotCompiledError("callbacks")
    if context.is_sse_stream or context.is_json_stream:
        raise NotCompiledError("a stream of items")
    if context._embed_body_fields:
        raise NotCompiledError("several body parameters")


class _Planner:
    """Walks the tree of dependencies as FastAPI does: each before what needs it, and once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._solved: dict[tuple[object, str], int] = {}
        self._declared: list[tuple[Source, FieldInfo]] = []

    def arguments(self, dependant: Dependant) -> list[Argument]:
        """What the call is given, after planning all that it depends on."""
        _check_dependant(dependant)
        given: dict[str, Argument] = {}
        for needed in dependant.dependencies:
            index = self._step(needed)
            if needed.name is not None:
                given[needed.name] = Argument(needed.name, "step", index)
        sources: tuple[tuple[Source, Sequence[ModelField]], ...] = (
            ("path", dependant.path_params),
            ("query", dependant.query_params),
            ("header", dependant.header_params),
            ("cookie", dependant.cookie_params),
            ("body", dependant.body_params),
        )
        for source, fields in sources:
            for one in fields:
                given[one.name] = Argument(one.name, "value", self._value(source, one))
        for name in (dependant.http_connection_param_name, dependant.request_param_name):
            if name:
                given[name] = Argument(name, "request")
        if name := dependant.response_param_name:
            given[name] = Argument(name, "response")
        return list(given.values())

    def _step(self, dependant: Dependant) -> int:
        # What it depends on comes first even if it is known: one of those may be called each time.
        arguments = self.arguments(dependant)
        call = dependant.call
        if call is None:
            raise NotCompiledError("a dependency that is none")
        scope: Scope = "call"
        if is_kind(inspect.isasyncgenfunction, call):
            scope = dependant.scope or "request"
        elif not is_kind(inspect.iscoroutinefunction, call):
            name = getattr(call, "__name__", type(call).__name__)
            raise NotCompiledError(f"{name} is no async function")
        key = (call, dependant.scope or ("" if scope == "call" else scope))
        if dependant.use_cache and key in self._solved:
            return self._solved[key]
        self.plan.steps.append(Step(dependant.name or "", call, arguments, scope))
        index = len(self.plan.steps) - 1
        self._solved.setdefault(key, index)
        return index

    def _value(self, source: Source, declared: ModelField) -> int:
        info = declared.field_info
        if isinstance(info, params.Form):
            raise NotCompiledError("a form")
        if info.validate_default:
            raise NotCompiledError("a default that is validated")
        if source == "body" and getattr(info, "embed", None):
            raise NotCompiledError("an embedded body")
        if source != "body":
            _check_scalar(declared)
            # What is immutable is read once, however many ask for it.
            for index, (known, same) in enumerate(self._declared):
                if known == source and _is_same(same, info, declared.alias):
                    return index
        self._declared.append((source, info))
        validate = adapter(declared).validator.validate_python
        self.plan.values.append(Value(source, declared.alias, validate, _default(info)))
        return len(self.plan.values) - 1


def _check_dependant(dependant: Dependant) -> None:
    """Raise NotCompiledError for what a call may ask of FastAPI beyond values and the request."""
    if dependant.background_tasks_param_name:
        raise NotCompiledError("background tasks")
    if dependant.security_scopes_param_name or dependant.own_oauth_scopes:
        raise NotCompiledError("security scopes")
    if dependant.concurrency is not None:
        raise NotCompiledError("a limit of concurrency")


def is_kind(test: Callable[[Any], bool], call: Callable[..., Any]) -> bool:
    """Whether a function is what the test says, and so is the one that it wraps, if any."""
    return test(call) and test(inspect.unwrap(call))


def _is_same(one: FieldInfo, other: FieldInfo, alias: str) -> bool:
    return (
        one.alias == alias
        and one.annotation == other.annotation
        and one.metadata == other.metadata
        and one.default == other.default
        and one.default_factory is other.default_factory is None
    )


def _default(info: FieldInfo) -> Callable[[], Any] | None:
    if info.is_required():
        return None
    constant = info.default
    if info.default_factory is None and isinstance(constant, (*_IMMUTABLE, NoneType)):
        return lambda: constant
    return lambda: deepcopy(info.get_default(call_default_factory=True))


_IMMUTABLE = (str, int, float, Decimal, bytes, UUID, Enum, date, time, timedelta)


def _check_scalar(declared: ModelField) -> None:
    """Raise NotCompiledError unless the parameter is one text under one name."""
    info = declared.field_info
    alias = info.validation_alias
    if declared.config or not (alias is None or alias == declared.alias):
        raise NotCompiledError("a parameter of several names")
    if not _is_scalar(info.annotation) or any(type(item) is Json for item in info.metadata):
        raise NotCompiledError("a parameter of several values")


def _is_scalar(annotation: Any) -> bool:
    """Whether one text makes one immutable value of this type."""
    while isinstance(annotation, NewType):
        annotation = annotation.__supertype__
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_scalar(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return all(_is_scalar(one) for one in get_args(annotation))
    if origin is Literal or annotation is AwareDatetime:
        return True
    return isinstance(annotation, type) and issubclass(annotation, (*_IMMUTABLE, NoneType))


def adapter(declared: ModelField) -> TypeAdapter[Any]:
    """What validates and serializes for a field, and what FastAPI itself calls."""
    return declared._type_adapter
