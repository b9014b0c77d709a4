"""The seal of a report folder: the SHA-256 of every file, and the search for any change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NAME = "manifest.json"
SCHEMA = "tantou-manifest/1"
_CHUNK = 1 << 20
#: SQLite's own working files come and go when a run is opened for reading.
_PASSING = ("run.sqlite-wal", "run.sqlite-shm")


class ManifestError(Exception):
    """The folder holds no manifest that can be read."""


@dataclass(frozen=True)
class Change:
    """One difference between a folder and its manifest."""

    path: str
    what: Literal["missing", "changed", "added"]


def write_manifest(folder: Path) -> Path:
    """Write ``manifest.json`` over every file of ``folder``; the last thing a run does."""
    files = {path: _digest(folder / path) for path in _files(folder)}
    document = {"schema": SCHEMA, "algorithm": "SHA-256", "files": files}
    content = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    target = folder / NAME
    temporary = folder / f".{NAME}.part"
    temporary.write_text(content + "\n", encoding="utf-8")
    temporary.replace(target)
    return target


def changes(folder: Path) -> list[Change]:
    """Every file that was changed, removed or added since the manifest was written.

    Raises:
        ManifestError: there is no manifest, or it is not one.
    """
    try:
        document = json.loads((folder / NAME).read_text(encoding="utf-8"))
        recorded = dict(document["files"])
        if document["schema"] != SCHEMA:
            raise ManifestError(str(document["schema"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(str(folder / NAME)) from error
    present = set(_files(folder))
    found = [Change(path, "missing") for path in sorted(set(recorded) - present)]
    found += [Change(path, "added") for path in sorted(present - set(recorded))]
    found += [
        Change(path, "changed")
        for path in sorted(present & set(recorded))
        if _digest(folder / path) != recorded[path]
    ]
    return found


def manifest_digest(folder: Path) -> str:
    """SHA-256 of the manifest itself: the one number that stands for the whole folder."""
    return _digest(folder / NAME)


def _files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (NAME, f".{NAME}.part") and path.name not in _PASSING
    )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
