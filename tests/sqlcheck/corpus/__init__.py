"""Statements on the library: wrong ones with the finding each must cause, and right ones."""

import importlib
import pkgutil

from tests.sqlcheck.declare import Statement, statements


def everything() -> list[Statement]:
    """All statements of this package."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return [each for each in statements if each.name.startswith(f"{__name__}.")]
