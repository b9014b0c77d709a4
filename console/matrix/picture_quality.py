"""The limits by which the matrix judges pictures where the standard's own have to be bought."""

from __future__ import annotations

from pathlib import Path

from standard.quality_profile import ANALYSIS, GB_37300


def filled_profile(folder: Path) -> Path:
    """A profile of GB 37300 with the bundled numbers: the stage's own, not those of the clause."""
    content = ANALYSIS.read_text(encoding="utf-8")
    rest = content[content.index("limits:") :]
    file = folder / GB_37300.name
    file.parent.mkdir(parents=True, exist_ok=True)
    head = "profile: gb-37300-2018-5.3\ncites_a_text: true\ntext: numbers of the defect matrix\n"
    file.write_text(head + rest, encoding="utf-8")
    return file
