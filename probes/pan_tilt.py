"""Pan and tilt (4.3.2): whether a camera tells of a head that moves, over ONVIF.

Whether it moves as told is the matter of 4.3.1-j5.
"""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

INSTRUMENT = "pan-tilt/1"
QUANTITY = "pan-tilt"
_SERVICE = "/ptz/wsdl"


def measure_pan_tilt(description: Recording) -> Measurement:
    """The ability by a ``description`` recording.

    Quantity ``pan-tilt``, value ``movable`` or ``fixed``; spoilt when the device was not asked, or
    has the service and tells of no head. ``details``: ``nodes``.
    """
    nodes = description.facts.get("ptz_nodes")
    services = description.facts.get("services")
    names = list(services) if isinstance(services, dict) else []
    offered = any(_SERVICE in str(name) for name in names)
    found = nodes if isinstance(nodes, list) else []
    spoilt: Reason | None = None
    if not found and description.problem is not None:
        spoilt = description.problem
    elif not found and (offered or not names):
        spoilt = Reason(f"{QUANTITY}.unread")
    return Measurement.of(
        description,
        quantity=QUANTITY,
        value=None if spoilt else "movable" if found else "fixed",
        unit="",
        instrument=INSTRUMENT,
        method=f"method.{QUANTITY}",
        details={"nodes": len(found)},
        spoilt=spoilt,
    )
