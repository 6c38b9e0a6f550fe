"""Archives that are broken, hostile, or just untidy."""

import io
import json
import struct
import zipfile

import pytest

from src.applets.importers import archive, reproschema
from src.exceptions import Invalid
from tests.applets.importers import sources
from tests.applets.importers.sources import activity, by_name, codes, folder, radio, read, zipped
from tests.applets.items.building import rows

GOOD = folder(activity(["owl"]), owl=radio(0, 1))


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        reproschema.read(data)
    (error,) = refused.value.errors
    return error.pointer, error.code


def test_other_files_are_ignored_and_reported() -> None:
    imported = read(
        {
            **GOOD,
            "README.md": b"# Birds",
            "birds/owl.mp3": b"\xff\xfb\x90",
            "notes.json": {"hello": 1},
            "inner.zip": zipped(GOOD),
            "__MACOSX/birds/._birds_schema": b"x",
            "birds/.DS_Store": b"x",
        }
    )

    assert list(by_name(imported)) == ["owl"]
    assert {(entry.source, entry.code) for entry in imported.report.entries} == {
        ("README.md", "file_ignored"),
        ("birds/owl.mp3", "file_ignored"),
        ("notes.json", "document_not_used"),
        ("inner.zip", "file_ignored"),
    }


@pytest.mark.parametrize("name", ["../birds_schema", "a/../../b", "..\\up", "/../../etc/passwd"])
def test_a_name_that_leads_out_of_the_archive_is_ignored(name: str) -> None:
    imported = read({**GOOD, name: activity(["eel"])})

    assert len(rows(imported.draft["activities"])) == 1
    assert codes(imported) == {"file_ignored"}


def test_names_with_back_strokes_and_leading_strokes_are_paths() -> None:
    inside = {"/" + path.replace("/", "\\"): file for path, file in GOOD.items()}

    assert read(inside).draft == read(GOOD).draft


def test_a_name_given_twice_counts_once() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for path, file in GOOD.items():
            written.writestr(path, json.dumps(file))
        written.writestr("/birds/items/owl", json.dumps(radio(7, 8)))

    imported = reproschema.read(buffer.getvalue())

    assert sources.option_values(by_name(imported)["owl"]) == [0, 1]
    assert codes(imported) == {"file_ignored"}


@pytest.mark.parametrize("keep", [4, 30, 200, -30, -4])
def test_a_damaged_archive_is_refused(keep: int) -> None:
    assert refusal(zipped(GOOD)[:keep]) == ("", "broken_archive")


def test_a_file_whose_content_is_not_what_was_packed_is_refused() -> None:
    data = bytearray(zipped(GOOD))
    data[60:80] = bytes(20)

    assert refusal(bytes(data)) == ("", "broken_archive")


def test_an_encrypted_archive_is_refused() -> None:
    data = bytearray(zipped({"birds_schema": activity([])}))
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1

    assert refusal(bytes(data)) == ("/birds_schema", "encrypted_archive")


def test_an_unknown_compression_is_refused() -> None:
    data = bytearray(zipped({"birds_schema": activity([])}))
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, central + 10, 77)
    struct.pack_into("<H", data, 8, 77)

    assert refusal(bytes(data)) == ("", "broken_archive")


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ENTRIES", 1)

    assert refusal(zipped(GOOD)) == ("", "too_many_files")


def test_what_says_that_it_unpacks_to_too_much_is_refused() -> None:
    bomb = {f"f{number}": b" " * archive.DOCUMENT_BYTES for number in range(9)}

    assert refusal(zipped(bomb)) == ("", "archive_too_large")


def test_what_unpacks_to_more_than_it_says_is_refused() -> None:
    data = bytearray(zipped({"birds_schema": b" " * 100_000}))
    central = data.index(b"PK\x01\x02")
    for place in (22, central + 24):
        struct.pack_into("<I", data, place, 10)

    assert refusal(bytes(data)) == ("", "broken_archive")


def test_what_is_left_of_the_allowance_bounds_each_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "DOCUMENT_BYTES", 10)
    report = reproschema.Report()

    assert archive.documents(zipped({"a": b"[" + b" " * 10 + b"]"}), report) == {}
    assert [entry.code for entry in report.entries] == ["file_ignored"]


def test_a_document_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "DOCUMENT_BYTES", 10)

    assert refusal(b"[" + b" " * 10 + b"]") == ("", "document_too_large")


def test_an_archive_without_a_questionnaire_is_refused() -> None:
    assert refusal(zipped({"a.json": {"b": 1}})) == ("", "not_reproschema")
    assert refusal(zipped({})) == ("", "not_reproschema")
