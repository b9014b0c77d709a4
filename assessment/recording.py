"""A sealed record of one visit: what was asked, what came back, and when.

Probes judge recordings only, so whoever holds the recording can judge again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from assessment.reason import Reason


def digest(content: bytes) -> str:
    """SHA-256 of ``content`` in hexadecimal: the name under which it is stored."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Part:
    """One blob of a recording, in memory or on disk, named by its SHA-256."""

    digest: str
    media_type: str
    size: int
    source: bytes | Path = field(repr=False, compare=False)

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Part:
        """A part that holds ``content`` in memory."""
        return cls(digest(content), media_type, len(content), content)

    def read(self) -> bytes:
        """The content.

        Raises:
            CorruptRecordingError: the stored bytes are not those that were sealed.
        """
        if isinstance(self.source, bytes):
            return self.source
        try:
            content = self.source.read_bytes()
        except OSError as error:
            raise CorruptRecordingError(f"{self.source}: {error.strerror}") from error
        if digest(content) != self.digest:
            raise CorruptRecordingError(f"{self.source}: SHA-256 differs from {self.digest}")
        return content


#: A harness that was late by more with what was due may have been the cause of what it saw.
TOO_LATE_S = 0.5


class CorruptRecordingError(Exception):
    """A stored part is missing or was changed after it was sealed."""


@dataclass(frozen=True)
class Recording:
    """What one visit brought home.

    Attributes:
        kind: the visit, with its variant after a colon: ``stream:day``, ``clock``, ``wire``.
        subject: the point (camera) or other target that was visited.
        started, ended: reference time of the visit, aware UTC.
        facts: JSON-able answers and circumstances; the schema of each kind is in
            docs/recordings.md.
        parts: blobs by name (captures, pictures, transcripts).
        problem: why the visit brought nothing or only a part; ``None`` when it went well.
    """

    kind: str
    subject: str
    started: datetime
    ended: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    problem: Reason | None = None

    def read(self, name: str) -> bytes:
        """The content of part ``name``.

        Raises:
            KeyError: the recording has no such part.
            CorruptRecordingError: it has, but not as it was sealed.
        """
        return self.parts[name].read()

    def sealed_document(self) -> dict[str, Any]:
        """The canonical JSON document whose SHA-256 is the recording's name."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat(),
            "facts": self.facts,
            "parts": {
                name: {"sha256": part.digest, "media_type": part.media_type, "size": part.size}
                for name, part in sorted(self.parts.items())
            },
            "problem": None
            if self.problem is None
            else {"code": self.problem.code, "parameters": self.problem.parameters},
        }

    @property
    def late_s(self) -> float:
        """By how many seconds the harness was late with what was due, at worst."""
        late = self.facts.get("harness_late_s")
        return float(late) if isinstance(late, int | float) else 0.0

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the sealed document: the recording's identity."""
        canonical = json.dumps(
            self.sealed_document(), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return digest(canonical.encode())
