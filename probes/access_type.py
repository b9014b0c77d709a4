"""Way of access (4.1): what the inventory says against the interfaces that the device tells.

A router of its own may stand between a wired camera and the mobile network, so that an interface
other than the declared one is no proof of a fault.
"""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

INSTRUMENT = "access-type/1"
QUANTITY = "access-type"
#: Kinds of interface that a declared way of access may show itself as.
_FITTING = {
    "ethernet": {"ethernet", "fibre"},
    "fibre": {"fibre", "ethernet"},
    "wifi": {"wifi"},
    "4g": {"4g", "5g"},
    "5g": {"5g", "4g"},
}


def measure_access_type(description: Recording, declared: str) -> Measurement:
    """Compare ``declared`` with the interfaces of a ``description`` recording.

    Quantity ``access-type``, value ``conforms``; spoilt when nothing is declared, nothing was
    told, or the two do not fit. ``details``: ``declared``, ``found``.
    """
    listed = description.facts.get("interfaces")
    found = sorted(
        {
            str(one.get("kind"))
            for one in (listed if isinstance(listed, list) else [])
            if isinstance(one, dict)
        }
        - {"unknown"}
    )
    spoilt: Reason | None = None
    if not declared:
        spoilt = Reason(f"{QUANTITY}.undeclared")
    elif description.problem is not None and not found:
        spoilt = description.problem
    elif not found:
        spoilt = Reason(f"{QUANTITY}.unread")
    elif not _FITTING.get(declared, {declared}) & set(found):
        parameters = {"declared": declared, "found": ", ".join(found)}
        spoilt = Reason(f"{QUANTITY}.contradicted", parameters)
    return Measurement.of(
        description,
        quantity=QUANTITY,
        value=None if spoilt else "conforms",
        unit="",
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        details={"declared": declared, "found": found},
        spoilt=spoilt,
    )
