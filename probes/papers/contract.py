"""The recorded terms of a contract (5.2-a, 5.4-a2): each with its page, none below the standard.

The records are of people; the numbers that a checklist bounds are compared there. Here is what
no checklist bounds: where each term stands, and an online rate that a contract may have.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from assessment.checklists import period_of, standing
from assessment.contract import contract_of, pages_missing, terms_of
from assessment.evidence import Attestation
from assessment.measurement import Measurement
from assessment.reason import Reason
from probes.papers.judging import CONFORMS, DEVIATES
from standard.catalogue import Requirement

INSTRUMENT = "contract-terms/1"
QUANTITY = "contract-terms"


def measure_contract(
    requirement: Requirement,
    records: Sequence[Attestation],
    today: datetime.date,
    *,
    least: Mapping[str, float],
) -> Measurement:
    """Quantity ``contract-terms``; ``details``: the numbers that the run is held to.

    ``least`` is what the standard asks of each term that a contract may name.
    """
    found = standing(requirement, records, today)
    contract = contract_of(requirement, records, today)
    details: dict[str, object] = {
        "storage_days": contract.storage_days,
        "recovery_hours": contract.recovery_hours,
        "terms": dict(contract.terms),
        "pages": {one.item: one.page for one in found},
        "reason": None,
    }
    spoilt: Reason | None = None
    value: str | None = CONFORMS
    stated = terms_of(found)
    low = next((name for name, asked in stated.items() if asked < least[name]), None)
    if low is not None:
        parameters = {"found": stated[low], "least": least[low]}
        details["reason"] = Reason(f"{QUANTITY}.{low}-too-low", parameters).within
        value = DEVIATES
    elif not found:
        spoilt = Reason(f"{QUANTITY}.none")
    elif missing := pages_missing(requirement, records):
        spoilt = Reason(f"{QUANTITY}.page-missing", {"items": ", ".join(missing)})
    begun = period_of(max(found, key=lambda one: one.when)) if found else None
    midnight = datetime.datetime.combine(today, datetime.time(), datetime.UTC)
    started, ended = begun or (midnight, midnight)
    return Measurement(
        quantity=QUANTITY,
        value=None if spoilt else value,
        unit="",
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        subject="site",
        started=started,
        ended=ended,
        details=details,
        evidence={one.file_name: one.file for one in found if one.file is not None},
        spoilt=spoilt,
    )
