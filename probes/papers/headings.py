"""Columns of a table found by what their headings say, in any order and over one row or two."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assessment.tables import Row, Table, Value
from probes.papers.values import written

_HEADING_ROWS = 30
_NOTE = re.compile(r"[(\[【].*?[)\]】]|[:*]")
#: Cells that mean that nothing was written.
_NOTHING = frozenset({"", "-", "--", "/", "—", "无", "n/a", "none", "#n/a", "待定", "tbd"})


def anything(value: Value) -> bool:
    """Whether anything is written in a cell."""
    return written(value).lower() not in _NOTHING


class Headings:
    """The headings that are known, by the names of the fields that they head."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._fields = {heading: name for name, headings in words.items() for heading in headings}

    def known(self, value: Value) -> str:
        """The field that a heading names, "" if none: its case, unit and spaces do not count."""
        heading = _NOTE.sub("", written(value).lower())
        plain = re.sub(r"\s+", " ", heading).strip()
        return self._fields.get(plain) or self._fields.get(plain.replace(" ", ""), "")

    def best_row(self, table: Table) -> tuple[int, dict[str, int]]:
        """The row that heads the most columns, from 0, and those columns by field."""
        head = table.rows[:_HEADING_ROWS]
        columns = [self.columns(head, number) for number in range(len(head))]
        best = max(range(len(head)), key=lambda number: len(columns[number]), default=0)
        return best, columns[best] if columns else {}

    def columns(self, rows: Sequence[Row], number: int) -> dict[str, int]:
        """The columns that row ``number`` heads, with the row above for a heading in two parts."""
        found: dict[str, int] = {}
        above = rows[number - 1] if number else ()
        for index, value in enumerate(rows[number]):
            upper = above[index] if index < len(above) else None
            joined = f"{written(upper)}{written(value)}" if upper != value else ""
            if name := self.known(value) or self.known(joined):
                found.setdefault(name, index)
        return found
