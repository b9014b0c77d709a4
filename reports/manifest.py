"""The seal of a report folder: the SHA-256 of every file, and the search for any change."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NAME = "manifest.json"
SCHEMA = "tantou-manifest/1"
_CHUNK = 1 << 20
#: SQLite's own working files come and go when a run is opened for reading. A write-ahead log that
#: is not empty would change what is read, so that one is never passed over.
_INDEX = "run.sqlite-shm"
_LOG = "run.sqlite-wal"


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
    write_whole({target: content + "\n"})
    return target


def write_whole(contents: Mapping[Path, str | bytes]) -> None:
    """Write all of ``contents`` or, when the disk is full or refuses, none of it.

    What UTF-8 cannot hold (half a surrogate pair) is escaped as JSON has it.

    Raises:
        OSError: nothing was written.
    """
    staged = {path: path.with_name(f".{path.name}.part") for path in contents}
    try:
        for path, content in contents.items():
            if isinstance(content, str):
                content = content.encode("utf-8", errors="backslashreplace")
            with staged[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, temporary in staged.items():
            temporary.replace(path)
    except OSError:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
        raise


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
    """Everything that is no folder: files, links (never followed), whatever else was put there."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if (path.is_symlink() or not path.is_dir()) and not _passed_over(path, folder)
    )


def _passed_over(path: Path, folder: Path) -> bool:
    if path.parent != folder or path.is_symlink():
        return False
    if path.name == _LOG:
        return path.stat().st_size == 0
    return path.name in (NAME, f".{NAME}.part", _INDEX)


def _digest(path: Path) -> str:
    """SHA-256 of a file's content; of a link, of where it points to."""
    if path.is_symlink():
        return hashlib.sha256(b"link to " + os.fsencode(path.readlink())).hexdigest()
    if not path.is_file():
        return "no file"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
