"""The classes that JSON of a shape would be read as, for a statement that has none yet."""

from sqlcheck.catalog import Catalog
from sqlcheck.matching import annotation_for, literal
from sqlcheck.scopes import Reason
from sqlcheck.shapes import Array, Dictionary, Null, Object, OneOf, Scalar, Shape, Stored


class Classes:
    """The classes that are needed so far; two objects with the same fields share one."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names: dict[tuple[str, ...], str] = {}

    def annotation(self, shape: Shape, name: str) -> str:
        """The annotation for a shape, `name` being the key or the column that holds it."""
        if isinstance(shape, Array):
            item = "object"
            if shape.item is not None:
                item = _nullable(self.annotation(shape.item, name.removesuffix("s")), shape.reason)
            return f"list[{item}]"
        if isinstance(shape, Object):
            return self._class(shape, name)
        if isinstance(shape, Dictionary):
            item = self.annotation(shape.item, name.removesuffix("s"))
            return f"dict[str, {_nullable(item, shape.reason)}]"
        if isinstance(shape, OneOf):
            full = [each for each in shape.shapes if not _is_empty(each)]
            found = {self.annotation(each, name): None for each in full or shape.shapes}
            return " | ".join([*found, *["None"] * (Null() in shape.shapes)])
        return self._plain(shape)

    def _plain(self, shape: Shape) -> str:
        if isinstance(shape, Scalar):
            kind = self._catalog.types[self._catalog.base(shape.type)].name
            if kind == "numeric":
                return "float"
            if shape.choices and self._catalog.allowed(shape.type) is None:
                return literal(sorted(shape.choices))
            return annotation_for(self._catalog, shape.type)
        return "dict[str, Any]" if isinstance(shape, Stored) else "Any"

    def _class(self, shape: Object, name: str) -> str:
        fields = tuple(
            f"{key}: {_nullable(self.annotation(member, key), reason)}"
            for key, (member, reason) in shape.members.items()
        )
        taken = self._names.values()
        wanted = "".join(part.capitalize() for part in name.split("_")) or "Thing"
        while fields not in self._names and wanted in taken:
            wanted += "_"
        return self._names.setdefault(fields, wanted)

    def lines(self) -> list[str]:
        """The classes as Python, each before those that use it."""
        found: list[str] = []
        for fields, name in self._names.items():
            found += ["@dataclass(slots=True)", f"class {name}:"]
            found += [f"    {each}" for each in fields or ("pass",)]
            found += ["", ""]
        return found


def _nullable(annotation: str, reason: Reason) -> str:
    return f"{annotation} | None" if reason and not annotation.endswith("None") else annotation


def _is_empty(shape: Shape) -> bool:
    """What COALESCE puts in the place of nothing."""
    return shape in (Array(None, None), Object({}), Null())
