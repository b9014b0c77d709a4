"""The requirements of the standard as typed data: the single source of ids, limits and rulings.

``requirements/<chapter>.yaml`` holds one record a requirement, ``rulings.yaml`` the readings of
the standard's open phrases. Everything else takes its identity, its limits and its decision
rules from here, so that a changed limit is a changed line of data.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from standard.loading import limit, load
from standard.model import (
    METHODS,
    OBLIGATIONS,
    RULES,
    SCENARIOS,
    STAGES,
    SUBJECTS,
    VERDICTS,
    Catalogue,
    Chapter,
    ChecklistItem,
    Defect,
    Limit,
    Obligation,
    Reading,
    Requirement,
    Rule,
    Ruling,
)

__all__ = [
    "FOLDER",
    "METHODS",
    "OBLIGATIONS",
    "RULES",
    "SCENARIOS",
    "STAGES",
    "SUBJECTS",
    "VERDICTS",
    "Catalogue",
    "Chapter",
    "ChecklistItem",
    "Defect",
    "Limit",
    "Obligation",
    "Reading",
    "Requirement",
    "Rule",
    "Ruling",
    "catalogue",
    "limit",
    "load",
]

FOLDER = Path(__file__).parent


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation.

    Raises:
        FaultyFileError: with every mistake in the data, by file and line.
    """
    return load(FOLDER)
