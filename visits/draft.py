"""A recording in the making: what a visit has brought so far, sealed whatever happens next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assessment.reason import Reason
from assessment.recording import Part, Recording
from protocols.time_source import TimeSource


class Draft:
    """Collects facts and parts of one visit.

    Attributes:
        facts: as docs/recordings.md has them for the kind.
    """

    def __init__(self, kind: str, subject: str, time_source: TimeSource) -> None:
        self.kind = kind
        self.subject = subject
        self.facts: dict[str, Any] = {}
        self._parts: dict[str, Part] = {}
        self._time = time_source
        self._started = time_source.now()

    def keep(self, name: str, content: bytes, media_type: str) -> None:
        """Keep a blob under ``name``."""
        self._parts[name] = Part.of(content, media_type)

    def content(self, name: str) -> bytes:
        """What was kept under ``name``, or nothing."""
        part = self._parts.get(name)
        return b"" if part is None else part.read()

    def seal(self, problem: Reason | None = None) -> Recording:
        """The recording as it stands."""
        return Recording(
            kind=self.kind,
            subject=self.subject,
            started=datetime.fromtimestamp(self._started, UTC),
            ended=datetime.fromtimestamp(self._time.now(), UTC),
            facts=self.facts,
            parts=dict(self._parts),
            problem=problem,
        )
