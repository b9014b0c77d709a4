"""The service contract (5.2): its clauses as people recorded them, and the limits that it raises.

Every clause is an evidence record of 5.2-a or 5.4-a2 with the page on which it stands; those with
a number carry it as a reading. A contract may ask more than the standard: then the run is held to
the contract. It never lowers a limit; one that asks less fails 5.2-a.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from assessment.checklists import standing
from assessment.evidence import Attestation
from standard.catalogue import Catalogue, Requirement

REQUIREMENT = "5.2-a"
#: The clause on quality may hold an online rate, in percent.
QUALITY = "quality"
STORAGE = "storage-time"
RECOVERY = "recovery-limit"
_ONLINE = ("5.3-a", "online-rate")


@dataclass(frozen=True)
class Contract:
    """The numbers of a contract: ``None`` where it has none, or where the paper no longer counts.

    Attributes:
        storage_days: days that pictures are kept.
        recovery_hours: hours within which a fault is repaired.
        online_percent: the least online rate.
    """

    storage_days: float | None = None
    recovery_hours: float | None = None
    online_percent: float | None = None


def contract_of(
    requirement: Requirement, records: Iterable[Attestation], today: datetime.date
) -> Contract:
    """The contract by the standing records of ``requirement``, which is 5.2-a."""
    readings = {one.item: one.reading for one in standing(requirement, records, today) if one.page}
    return Contract(readings.get(STORAGE), readings.get(RECOVERY), readings.get(QUALITY))


def pages_missing(requirement: Requirement, records: Iterable[Attestation]) -> tuple[str, ...]:
    """Items of a contract's checklist whose newest record names no page, or no file."""
    latest: dict[str, Attestation] = {}
    for one in sorted(records, key=lambda record: record.when):
        if one.requirement == requirement.id:
            latest[one.item] = one
    return tuple(name for name, one in latest.items() if not one.page or not one.file_name)


def under_contract(catalogue: Catalogue, contract: Contract) -> Catalogue:
    """The catalogue with the limits that the contract raises, and no other change."""
    if contract.online_percent is None:
        return catalogue
    requirement, quantity = _ONLINE
    limit = catalogue[requirement].limits[quantity]
    share = contract.online_percent / 100
    if not isinstance(limit.value, float) or share <= limit.value:
        return catalogue
    return catalogue.with_limit(requirement, replace(limit, value=share))
