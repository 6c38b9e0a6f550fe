"""Small ReproSchema questionnaires, made for the tests."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping

from src.applets import items
from src.applets.importers import reproschema
from src.applets.importers.reproschema import Imported
from tests.applets.items.building import rows

Json = dict[str, object]
Files = Mapping[str, object]

CONTEXT = "https://example.org/reproschema/1.0.0"


OLD_ITEM: Json = {
    "@context": [CONTEXT, {"rl": "https://example.org/"}],
    "@id": "owl",
    "@type": "reproschema:Field",
    "skos:prefLabel": "owl",
    "question": [
        {"@value": "Owls?", "@language": "en"},
        {"@value": "Eulen?", "@language": "de"},
    ],
    "ui": {"inputType": "radio"},
    "responseOptions": {
        "@type": "xsd:anyURI",
        "multipleChoice": False,
        "schema:minValue": 0,
        "schema:maxValue": 1,
        "choices": [
            {"schema:name": "none", "schema:value": 0},
            {"schema:name": "one", "schema:value": 1},
        ],
    },
}
OLD_ACTIVITY: Json = {
    "@context": CONTEXT,
    "@type": "reproschema:Activity",
    "@id": "birds_schema",
    "skos:prefLabel": "Birds",
    "schema:description": [{"@value": "A count.", "@language": "en"}],
    "schema:schemaVersion": "0.0.1",
    "variableMap": [
        {"variableName": "owl", "isAbout": "items/owl"},
        {"variableName": "wren", "isAbout": "items/wren"},
    ],
    "ui": {
        "order": {
            "@list": ["https://example.org/x/items/owl", {"@id": "items/wren"}],
        },
        "visibility": {"wren": "owl == 1"},
        "shuffle": False,
    },
    "scoringLogic": {"total": "owl"},
}


def choice(value: object, **names: str) -> Json:
    return {"name": names or {"en": f"choice {value}"}, "value": value}


def radio(*values: object, **more: object) -> Json:
    """An item that is answered by one of these values."""
    return question("radio", choices=[choice(value) for value in values], **more)


def question(kind: str | None, /, asked: object = "Well?", **options: object) -> Json:
    ui: Json = {} if kind is None else {"inputType": kind}
    return {"category": "Item", "question": {"en": asked}, "ui": ui, "responseOptions": options}


def activity(
    names: Iterable[str],
    *,
    visible: Mapping[str, object] | None = None,
    required: Iterable[str] = (),
    compute: Mapping[str, str] | None = None,
    **more: object,
) -> Json:
    """An activity over items of these names."""
    names = list(names)
    return {
        "@context": CONTEXT,
        "id": "birds_schema",
        "category": "Activity",
        "prefLabel": {"en": "Birds"},
        "ui": {
            "order": [f"items/{name}" for name in names],
            "addProperties": [
                {
                    "isAbout": f"items/{name}",
                    "variableName": name,
                    "isVis": (visible or {}).get(name, True),
                    **({"valueRequired": True} if name in set(required) else {}),
                }
                for name in names
            ],
            "shuffle": False,
        },
        "compute": [
            {"variableName": name, "jsExpression": text} for name, text in (compute or {}).items()
        ],
        **more,
    }


def folder(schema: Json, **listed: Json) -> dict[str, object]:
    """The files of an activity's folder."""
    files: dict[str, object] = {"birds/birds_schema": schema}
    for name, item in listed.items():
        files[f"birds/items/{name}"] = {"@context": CONTEXT, "id": name, **item}
    return files


def zipped(files: Files) -> bytes:
    """A zip of these files; what is not bytes is written as JSON."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(
                path, content if isinstance(content, bytes) else json.dumps(content).encode()
            )
    return buffer.getvalue()


def read(files: Files) -> Imported:
    """Import a zip; whatever it holds, the draft must be sound."""
    imported = reproschema.read(zipped(files))
    assert items.check(imported.draft) == []
    return imported


def read_items(schema: Json, **listed: Json) -> tuple[dict[str, Json], Imported]:
    """Import a folder of one activity, and return its items by name."""
    imported = read(folder(schema, **listed))
    return by_name(imported), imported


def by_name(imported: Imported, activity: int = 0) -> dict[str, Json]:
    listed = rows(rows(imported.draft["activities"])[activity]["items"])
    return {str(item["name"]): item for item in listed}


def scores(imported: Imported) -> list[Json]:
    reports = rows(imported.draft["activities"])[0]["scores_and_reports"]
    assert isinstance(reports, dict)
    return rows(reports["scores"])


def codes(imported: Imported) -> set[str]:
    """What the report says, leaving out the labels that no item of ours has."""
    return {entry.code for entry in imported.report.entries} - {"label_not_carried"}


def values(item: Json) -> Json:
    found = item["values"]
    assert isinstance(found, dict)
    return found


def option_values(item: Json) -> list[object]:
    return [option["value"] for option in rows(values(item)["options"])]
