"""Deviations counted by code: the first place of each is kept."""

from __future__ import annotations

from protocols.deviation import Deviation

SYSTEMS = "ISO/IEC 13818-1"
ANNEX_C = "GB/T 28181-2016 C.1"
ANNEX_E = "GB/T 28181-2016 E.1.1.1"
EDITION_2022 = "GB/T 28181-2022 C.1"


class Findings:
    """Deviations in the order in which each was met first."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, int, str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, code: str, clause: str, offset: int, told: str = "") -> None:
        """Note one more, at byte ``offset``."""
        self._found.setdefault(code, (clause, offset, told))
        self._counts[code] = self._counts.get(code, 0) + 1

    def deviations(self) -> tuple[Deviation, ...]:
        """One for each code."""
        return tuple(
            Deviation(code, clause, self._detail(code, offset, told))
            for code, (clause, offset, told) in self._found.items()
        )

    def _detail(self, code: str, offset: int, told: str) -> str:
        place = f"{self._counts[code]} x, @ {offset}"
        return f"{told} ({place})" if told else place
