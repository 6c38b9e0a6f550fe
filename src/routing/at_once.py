"""Dependencies that wait for nothing."""

import inspect
from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_FUNCTION = "at_once"


def at_once(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The dependency that a plain function is.

    FastAPI would send the function itself to a thread; a compiled route calls it as it is.
    """

    async def dependency(*args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    update_wrapper(dependency, function)
    # Whoever unwraps it would find a function that is not to be awaited.
    del vars(dependency)["__wrapped__"]
    vars(dependency).update({"__signature__": inspect.signature(function), _FUNCTION: function})
    return dependency


def function_of(call: Callable[..., Any]) -> Callable[..., Any] | None:
    """The plain function that a dependency is, if it is one."""
    function: Callable[..., Any] | None = getattr(call, _FUNCTION, None)
    return function
