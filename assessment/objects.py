"""Content-addressed blobs in a folder: written once, never changed, never half there."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from pathlib import Path

from assessment.recording import Part

_DIGEST = re.compile(r"[0-9a-f]{64}")
_counter = itertools.count()


class ObjectFolder:
    """``<folder>/ab/abcdef...`` holds the content whose SHA-256 is ``abcdef...``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the content of ``digest`` lies, whether it is there or not.

        Raises:
            ValueError: ``digest`` is no SHA-256 in lower-case hexadecimal.
        """
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not a SHA-256")
        return self.folder / digest[:2] / digest

    def keep(self, part: Part) -> Part:
        """Store the content of ``part`` and return the part as it lies on the disk.

        The content is written under another name, flushed to the disk and then renamed, so that
        a crash at any moment leaves either the whole object or none.

        Raises:
            CorruptRecordingError: the part on the disk is not what it was.
            OSError: the disk is full or refuses.
        """
        path = self.path(part.digest)
        if not path.exists() or path.stat().st_size != part.size:
            self._write(path, part.read())
        return Part(part.digest, part.media_type, part.size, path)

    def matches(self, digest: str, size: int) -> bool | None:
        """Whether the object is as it was sealed; ``None`` when it is not there."""
        path = self.path(digest)
        try:
            if path.stat().st_size != size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == digest
        except OSError:
            return None

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{os.getpid()}-{next(_counter)}.part"
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open a folder and needs no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
