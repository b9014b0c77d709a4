"""The service contract (5.2): its clauses as people recorded them, and the limits that it raises.

Every clause is an evidence record of 5.2-a or 5.4-a2 with the page on which it stands; those with
a number carry it as a reading. A contract may ask more than the standard: then the run is held to
the contract. It never lowers a limit; one that asks less fails 5.2-a.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from assessment.checklists import standing
from assessment.evidence import Attestation
from standard.catalogue import Catalogue, Requirement

REQUIREMENT = "5.2-a"
#: The clause on quality may hold an online rate, in percent.
QUALITY = "quality"
STORAGE = "storage-time"
RECOVERY = "recovery-limit"
_ONLINE_RATE = "online-rate"
#: The limits that terms of a contract raise: requirement, and how many of its unit a term's is.
_RAISED = {
    _ONLINE_RATE: ("5.3-a", 0.01),
    "frame-rate": ("4.3.1-c2", 1.0),
    "picture-long-side": ("4.3.1-c1", 1.0),
    "picture-short-side": ("4.3.1-c1", 1.0),
}
#: The limit that the hours of repair of a contract tighten.
_REPAIR = ("5.4-a1", "longest-repair")


@dataclass(frozen=True)
class Contract:
    """The numbers of a contract: ``None`` where it has none, or where the paper no longer counts.

    Attributes:
        storage_days: days that pictures are kept.
        recovery_hours: hours within which a fault is repaired.
        terms: the clause on quality in numbers, by the names of ``CONTRACT_TERMS``.
    """

    storage_days: float | None = None
    recovery_hours: float | None = None
    terms: Mapping[str, float] = field(default_factory=dict)


def contract_of(
    requirement: Requirement, records: Iterable[Attestation], today: datetime.date
) -> Contract:
    """The contract by the standing records of ``requirement``, which is 5.2-a."""
    found = {one.item: one for one in standing(requirement, records, today) if one.page}
    readings = {item: one.reading for item, one in found.items()}
    return Contract(readings.get(STORAGE), readings.get(RECOVERY), terms_of(found.values()))


def terms_of(records: Iterable[Attestation]) -> dict[str, float]:
    """The clause on quality in numbers; its reading alone is an online rate."""
    terms: dict[str, float] = {}
    for one in records:
        if one.item == QUALITY and one.reading is not None:
            terms[_ONLINE_RATE] = one.reading
        terms |= dict(one.terms)
    return terms


def pages_missing(requirement: Requirement, records: Iterable[Attestation]) -> tuple[str, ...]:
    """Items of a contract's checklist whose newest record names no page, or no file."""
    latest: dict[str, Attestation] = {}
    for one in sorted(records, key=lambda record: record.when):
        if one.requirement == requirement.id:
            latest[one.item] = one
    return tuple(name for name, one in latest.items() if not one.page or not one.file_name)


def least_terms(catalogue: Catalogue) -> dict[str, float]:
    """What the standard itself asks of each term, in the term's own unit."""
    found = {}
    for term, (requirement, scale) in _RAISED.items():
        value = catalogue[requirement].limits[term].value
        assert isinstance(value, int | float)
        found[term] = round(value / scale, 6)
    return found


def under_contract(catalogue: Catalogue, contract: Contract) -> Catalogue:
    """The catalogue with the limits that the contract raises, and no other change."""
    for term, least in least_terms(catalogue).items():
        asked = contract.terms.get(term)
        if asked is not None and asked > least:
            requirement, scale = _RAISED[term]
            limit = catalogue[requirement].limits[term]
            catalogue = catalogue.with_limit(
                requirement, replace(limit, value=round(asked * scale, 9))
            )
    requirement, quantity = _REPAIR
    limit = catalogue[requirement].limits[quantity]
    hours = contract.recovery_hours
    if hours is not None and isinstance(limit.value, int | float) and hours < limit.value:
        catalogue = catalogue.with_limit(requirement, replace(limit, value=hours))
    return catalogue
