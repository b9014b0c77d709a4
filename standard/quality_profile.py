"""Profiles of picture quality: what is good enough, what is not, and where the numbers come from.

A profile is a small YAML file. Each quantity has the value up to which it is accepted and the one
from which it is rejected; between the two somebody has to look. ``none`` in the place of a number
says that the profile does not limit the quantity, an empty one that it is still to be filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from standard.located_yaml import FaultyFileError, Record, read_record
from standard.model import Limit

FOLDER = Path(__file__).parent / "profiles"
#: The profile of 4.3.1-c5 where a site names no other.
ANALYSIS = FOLDER / "picture-quality.yaml"
#: The profile of 5.3-b: its numbers stand in a text that has to be bought.
GB_37300 = FOLDER / "gb-37300-2018-5.3.yaml"

Side = Literal["at_most", "at_least"]

#: What a profile may limit: on which side, and in which unit.
QUANTITIES: Mapping[str, tuple[Side, str]] = {
    "picture-freeze": ("at_most", "s"),
    "burnt-out-share": ("at_most", "1"),
    "mean-luma": ("at_least", "{grey}"),
    "covered-share": ("at_most", "1"),
    "picture-blur": ("at_most", "px"),
    "picture-contrast": ("at_least", "{grey}"),
    "colour-cast": ("at_most", "{step}"),
    "picture-stripes": ("at_most", "{grey}"),
    "picture-noise": ("at_most", "{grey}"),
    "picture-blocking": ("at_most", "%"),
}
_UNLIMITED = "none"


@dataclass(frozen=True)
class QualityLimit:
    """What is accepted and what is rejected of one quantity, each with the guarded rule.

    ``source`` says where the numbers come from.
    """

    accept: Limit
    reject: Limit
    source: str


@dataclass(frozen=True)
class QualityProfile:
    """One profile.

    Attributes:
        name: as the file says it.
        file: its file name.
        text: the text that its numbers were read in, "" where it rests on none.
        limits: by quantity; those that the profile does not limit are left out.
        missing: fields that are still to be filled in, ``quantity.field``.
    """

    name: str
    file: str
    text: str
    limits: Mapping[str, QualityLimit]
    missing: tuple[str, ...]


@lru_cache(maxsize=8)
def load_profile(path: Path) -> QualityProfile:
    """Read a profile.

    Raises:
        FaultyFileError: with every mistake, by file and line.
    """
    record, faults = read_record(path)
    name = record.text("profile", pattern=r"[a-z0-9][a-z0-9.-]*")
    cites = record.truth("cites_a_text", default=False)
    text = record.text("text", "")
    missing = ["text"] if cites and not text else []
    rows = record.table("limits")
    limits: dict[str, QualityLimit] = {}
    for quantity in QUANTITIES:
        if quantity not in rows:
            record.fault("limits", "missing-quantity", quantity=quantity)
            continue
        row = rows[quantity]
        found = _limit(quantity, row)
        if found is not None:
            limits[quantity] = found
        side = QUANTITIES[quantity][0]
        missing += [f"{quantity}.{field}" for field in (side, "reject") if not row.has(field)]
        row.finish()
    for quantity, row in rows.items():
        if quantity not in QUANTITIES:
            row.fault("", "unknown-quantity", quantity=quantity, expected=", ".join(QUANTITIES))
    record.finish()
    faults.raise_if_any()
    return QualityProfile(name, path.name, text, limits, tuple(missing))


def _limit(quantity: str, row: Record) -> QualityLimit | None:
    """The limit of one row; ``None`` where it is not filled in, or sets no limit."""
    side, unit = QUANTITIES[quantity]
    row.text("unit", one_of=(unit,))
    source = row.text("source", "")
    accept, reject = (_bound(row, field) for field in (side, "reject"))
    if accept is None or reject is None:
        return None
    if (reject < accept) if side == "at_most" else (reject > accept):
        row.fault("reject", "reject-within", found=reject, accepted=accept)
    return QualityLimit(
        Limit(quantity, side, accept, unit, "guarded"),
        Limit(quantity, side, reject, unit, "guarded"),
        source,
    )


def _bound(row: Record, field: str) -> float | None:
    if row.has(field) and row.plain(field) == _UNLIMITED:
        return None
    return row.optional_number(field)


__all__ = [
    "ANALYSIS",
    "GB_37300",
    "QUANTITIES",
    "FaultyFileError",
    "QualityLimit",
    "QualityProfile",
    "load_profile",
]
