"""A plugin of pytest that gives a run other text for one module of the service: `LOOSENED`.

The files stay as they are, and so does what the oracle reads from them. It is loaded before the
service is, and so imports nothing of it.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

from typing_extensions import override

VARIABLE = "LOOSENED"
"""JSON: the module's name, the text to look for, and what to put in its place."""


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, old: str, new: str) -> None:
        super().__init__(name, path)
        self.old, self.new = old, new

    @override
    def get_code(self, fullname: str) -> CodeType:
        text = self.get_data(self.path).decode()
        if text.count(self.old) != 1:
            raise RuntimeError(f"{fullname} has {text.count(self.old)} of: {self.old}")
        return compile(text.replace(self.old, self.new), self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, old: str, new: str) -> None:
        self.name, self.old, self.new = name, old, new

    @override
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            raise RuntimeError(f"There is no {fullname}.")
        found.loader = _Loader(fullname, found.origin, self.old, self.new)
        return found


if VARIABLE in os.environ:
    if any(name.partition(".")[0] == "src" for name in sys.modules):
        raise RuntimeError("The service has been imported already.")
    sys.meta_path.insert(0, _Finder(*json.loads(os.environ[VARIABLE])))
