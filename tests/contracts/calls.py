"""Who can call whom, read from the source: a graph of functions, by their full names.

A function refers to what its body, its decorators, its defaults and its annotations name: through
imports and their aliases, names that a package hands on, and aliases such as
`Annotated[Thing, Depends(find_thing)]`. A method belongs to the class that annotations give its
object, or one below or above it; where they give none, to every class that has one of this name:
the graph may hold a call too many, and none too few.
"""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
Types = dict[str, set[str] | None]
"""For each name: the classes of ours that its value may have; None if nothing tells."""

_MADE = frozenset(["__init__", "__post_init__", "__call__", "__enter__", "__aenter__"])
"""What may run when a class is named."""


def sources(root: Path, package: str) -> dict[str, str]:
    """The text of every module below a package, by the module's name."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = list(path.relative_to(root).with_suffix("").parts)
        if parts[-1] == "__init__":
            del parts[-1]
        found[".".join(parts)] = path.read_text(encoding="utf-8")
    return found


class Graph:
    """Functions, module-level values and classes, and what each of them refers to."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._modules = texts.keys()
        self._packages = {module.partition(".")[0] for module in texts}
        self._imports: dict[str, dict[str, str]] = {}
        self._defined: dict[str, ast.AST] = {}
        self._methods: dict[str, set[str]] = defaultdict(set)
        self._kin: dict[str, set[str]] = defaultdict(set)
        """The classes right above and below each."""
        self._references: dict[str, set[str]] = {}
        """What each name refers to, once somebody has asked."""
        for module, text in texts.items():
            self._read(module, ast.parse(text))
        for name, node in self._defined.items():
            for base in node.bases if isinstance(node, ast.ClassDef) else []:
                for above in self._resolved(self._module_of(name), _dotted(base)):
                    self._kin[name].add(above)
                    self._kin[above].add(name)

    def reached(self, start: str, *, beyond: Callable[[str], bool] | None = None) -> set[str]:
        """Everything that a function can lead to, itself included.

        What is `beyond` is not reached, nor what only it leads to.
        """
        pending, seen = [start], set[str]()
        while pending:
            name = pending.pop()
            if name not in seen and (name == start or beyond is None or not beyond(name)):
                seen.add(name)
                if name not in self._references:
                    self._references[name] = set(self._referred(name))
                pending += self._references[name] - seen
        return seen

    def functions(self) -> Iterator[str]:
        """Every function and method, by its full name."""
        return (name for name, node in self._defined.items() if isinstance(node, Function))

    def knows(self, name: str) -> bool:
        return name in self._defined

    def _read(self, module: str, tree: ast.Module) -> None:
        imports: dict[str, str] = {}
        self._imports[module] = imports
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    imports[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in tree.body:
            self._define(module, node)

    def _define(self, where: str, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef):
            self._defined[f"{where}.{node.name}"] = node
            for member in node.body:
                self._define(f"{where}.{node.name}", member)
                if isinstance(member, Function):
                    self._methods[member.name].add(f"{where}.{node.name}.{member.name}")
        elif isinstance(node, Function):
            self._defined[f"{where}.{node.name}"] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    self._defined[f"{where}.{target.id}"] = node.value

    def _referred(self, name: str) -> Iterator[str]:
        node = self._defined.get(name)
        if node is None:
            return
        if isinstance(node, ast.ClassDef):
            yield from (
                f"{name}.{member}" for member in _MADE if f"{name}.{member}" in self._defined
            )
            return
        module = self._module_of(name)
        types = self._types(name, node) if isinstance(node, Function) else {}
        for part in ast.walk(node):
            if isinstance(part, ast.Name | ast.Attribute) and (dotted := _dotted(part)):
                yield from self._resolved(module, dotted)
            if isinstance(part, ast.Attribute):
                yield from self._called(module, part, types)
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield from self._resolved(module, part.value)  # an annotation in quotes

    def _called(self, module: str, node: ast.Attribute, types: Types) -> Iterator[str]:
        """The methods that an attribute may be."""
        methods = self._methods.get(node.attr, set())
        classes = self._classes(module, node.value, types) if methods else None
        if classes is None:
            yield from methods
        else:
            kin = self._family(classes)
            yield from (method for method in methods if method.rpartition(".")[0] in kin)

    def _classes(self, module: str, node: ast.expr, types: Types) -> set[str] | None:
        """The classes of a value, empty if they are not ours; None if nothing tells."""
        if isinstance(node, ast.Call) and _dotted(node.func) == "super":
            return types.get("self")
        if isinstance(node, ast.Attribute):
            owners = self._classes(module, node.value, types)
            if owners is None:
                return None
            found = [self._field(owner, node.attr) for owner in self._family(owners)]
            known = [each for each in found if each is not None]
            return set().union(*known) if known or not owners else None
        if not isinstance(node, ast.Name):  # what is awaited, say; but `", ".join` is none of ours
            return set() if isinstance(node, ast.Constant | ast.JoinedStr) else None
        if node.id in types:
            return types[node.id]
        target = self._imports[module].get(node.id)
        is_foreign = target is not None and target.partition(".")[0] not in self._packages
        return set() if is_foreign else None

    def _field(self, owner: str, name: str) -> set[str] | None:
        """The classes of an attribute, by its annotation in the class or in `__init__`."""
        node = self._defined.get(owner)
        module = self._module_of(owner)
        for member in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(member, ast.AnnAssign) and _dotted(member.target) == name:
                return self._annotated(module, member.annotation)
            if isinstance(member, Function) and member.name == "__init__":
                types = self._types(f"{owner}.__init__", member)
                for line in ast.walk(member):
                    if isinstance(line, ast.Assign) and _dotted(line.targets[0]) == f"self.{name}":
                        return self._classes(module, line.value, types)
        return None

    def _family(self, classes: set[str]) -> set[str]:
        pending, seen = list(classes), set[str]()
        while pending:
            if (name := pending.pop()) not in seen:
                seen.add(name)
                pending += self._kin[name]
        return seen

    def _types(self, name: str, node: Function) -> Types:
        """The classes of the parameters; None where annotations do not tell."""
        module, owner = self._module_of(name), name.rpartition(".")[0]
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        types = {
            each.arg: self._annotated(module, each.annotation) if each.annotation else None
            for each in given
        }
        if isinstance(self._defined.get(owner), ast.ClassDef) and given:
            types[given[0].arg] = {owner}
        return types

    def _annotated(self, module: str, annotation: ast.expr) -> set[str] | None:
        """The classes that an annotation names; None if it names a protocol, or what is unknown."""
        found = set[str]()
        for part in ast.walk(annotation):
            if not isinstance(part, ast.Name | ast.Attribute):
                continue
            for name in self._resolved(module, _dotted(part)):
                node = self._defined[name]
                if not isinstance(node, ast.ClassDef):
                    return self._annotated(self._module_of(name), _first(node))
                if any(_dotted(base) == "Protocol" for base in node.bases):
                    return None
                found.add(name)
        return found

    def _module_of(self, name: str) -> str:
        while name not in self._modules:
            name = name.rpartition(".")[0]
        return name

    def _resolved(self, module: str, dotted: str) -> Iterator[str]:
        """The definitions that a dotted name stands for inside a module."""
        head, _, rest = dotted.partition(".")
        if f"{module}.{head}" in self._defined:
            yield f"{module}.{head}"
        elif (target := self._imports[module].get(head)) is not None:
            yield from self._followed(f"{target}.{rest}" if rest else target)

    def _followed(self, full: str) -> Iterator[str]:
        """A full name, through the packages that hand it on."""
        if full in self._defined:
            yield full
            return
        if full in self._modules:
            return
        where, _, last = full.rpartition(".")
        while where and where not in self._modules:
            where, _, more = where.rpartition(".")
            last = f"{more}.{last}"
        if where:
            yield from self._resolved(where, last)


def _first(node: ast.AST) -> ast.expr:
    """The type in `Annotated[type, ...]`, or the whole alias."""
    if isinstance(node, ast.Subscript) and _dotted(node.value).endswith("Annotated"):
        parts = node.slice
        return parts.elts[0] if isinstance(parts, ast.Tuple) else parts
    return node if isinstance(node, ast.expr) else ast.Constant(None)


def _dotted(node: ast.expr) -> str:
    """`a.b.c` as it is written; nothing for what is called on other expressions."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
