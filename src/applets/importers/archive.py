"""The JSON documents of an upload: one document, or a zip of them. Nothing touches the disk."""

import io
import json
import lzma
import posixpath
import struct
import zipfile
import zlib

from src.applets.importers.report import Report
from src.applets.items import pointer
from src.exceptions import FieldError, Invalid

ENTRIES = 20_000
TOTAL_BYTES = 64 * 1024 * 1024
DOCUMENT_BYTES = 8 * 1024 * 1024

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    IndexError,
    KeyError,
)

Documents = dict[str, object]
"""Parsed JSON by its path in the upload; the path of a single document is empty."""


def refuse(code: str, detail: str, *place: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer(place), code, detail)])


def documents(data: bytes, report: Report) -> Documents:
    """Return every JSON document of the upload; raises `Invalid` when it cannot be opened."""
    if data.startswith(_ZIP_STARTS):
        return _unpacked(data, report)
    if len(data) > DOCUMENT_BYTES:
        raise refuse("document_too_large", "One document may have 8 MB at most.")
    parsed = _parsed(data)
    if parsed is None:
        raise refuse("not_json", "The upload is neither a zip archive nor a JSON document.")
    return _graph("", parsed)


def _parsed(data: bytes) -> object:
    """Return the JSON value, or None when it is no JSON."""
    try:
        parsed: object = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return parsed


def _graph(path: str, parsed: object) -> Documents:
    """Return the documents of a JSON-LD graph, each by its id, or the one document."""
    if not isinstance(parsed, dict) or not isinstance(parsed.get("@graph"), list):
        return {path: parsed}
    found: Documents = {}
    for index, node in enumerate(parsed["@graph"]):
        name = node.get("@id", node.get("id")) if isinstance(node, dict) else None
        place = _shown(name) if isinstance(name, str) and name else f"@graph/{index}"
        found.setdefault(posixpath.join(posixpath.dirname(path), place), node)
    return found


def _unpacked(data: bytes, report: Report) -> Documents:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_all(archive, report)
    except Invalid:
        raise
    except _BROKEN as error:
        raise refuse("broken_archive", "The zip archive is damaged or not a zip.") from error


def _read_all(archive: zipfile.ZipFile, report: Report) -> Documents:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > ENTRIES:
        raise refuse("too_many_files", f"An archive may hold {ENTRIES} files at most.")
    if sum(entry.file_size for entry in entries) > TOTAL_BYTES:
        raise refuse("archive_too_large", "The archive may hold 64 MB at most when unpacked.")
    found: Documents = {}
    left = TOTAL_BYTES
    for entry in entries:
        path = _path(entry.filename)
        if path is None:
            report.add(_shown(entry.filename), "file_ignored", "The name leads out of the archive.")
            continue
        if _is_noise(path):
            continue
        if entry.file_size > DOCUMENT_BYTES:
            report.add(path, "file_ignored", "The file is too large for a document.")
            continue
        if entry.flag_bits & 1:
            raise refuse("encrypted_archive", "The archive is encrypted.", path)
        content = _content(archive, entry, min(left, DOCUMENT_BYTES))
        if content is None:
            raise refuse("archive_too_large", "A file of the archive is larger than allowed.", path)
        left -= len(content)
        _take(path, content, found, report)
    return found


def _take(path: str, content: bytes, found: Documents, report: Report) -> None:
    parsed = _parsed(content)
    if parsed is None:
        report.add(path, "file_ignored", "Only JSON documents are read, and this is none.")
        return
    for name, document in _graph(path, parsed).items():
        if name in found:
            report.add(name, "file_ignored", "The archive holds another document of this name.")
        found.setdefault(name, document)


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes | None:
    """Return the unpacked bytes, or None when there are more than the limit, whatever it says."""
    with archive.open(entry) as stream:
        content = stream.read(limit + 1)
    return content if len(content) <= limit else None


def _path(name: str) -> str | None:
    """Return the path inside the archive, or None when it leads out of it."""
    path = posixpath.normpath(_shown(name).lstrip("/"))
    return None if path in {"", "."} or path.split("/")[0] == ".." else path


def _shown(name: str) -> str:
    return name.replace("\\", "/").encode("utf-8", "replace").decode()


def _is_noise(path: str) -> bool:
    """Tell what operating systems leave in archives; it says nothing about the questionnaire."""
    name = posixpath.basename(path)
    return path.startswith("__MACOSX/") or name in {".DS_Store", "Thumbs.db", "desktop.ini"}
