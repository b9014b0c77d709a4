"""Power over Ethernet (4.3.1 m): what the port shows that feeds a camera, and a cut of its supply.

A camera that works on a port which feeds nobody is fed otherwise: nothing follows for its own
ability. What the port says of power is not compared with its class beyond what the class allows
(IEEE 802.3-2022, 33.2.6 and 145.2.8, at the feeding side).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from protocols.hardware_address import another_device

SUPPLY, RETURN = "poe-supply", "poe-return"
INSTRUMENT = "poe-supply/1"
#: Watts that the feeding side gives at most, by class; class 0 as class 3.
CLASS_WATTS = (15.4, 4.0, 7.0, 15.4, 30.0, 45.0, 60.0, 75.0, 90.0)


def measure_poe_supply(recording: Recording) -> Measurement:
    """What the port showed before anything was cut, of a ``power`` recording.

    Quantity ``poe-supply``: ``powered`` (fed, with a class), ``no-class``, ``above-class``,
    ``no-power`` (a class, and no power is told), ``fed-otherwise``, ``port-off``, ``nobody``.
    ``details``: the reading. Spoilt ``poe-supply.other-device`` when the port has learnt hardware
    addresses and those that the device tells of itself are not among them.
    """
    reading = _reading(recording, "before")
    spoilt: Reason | None = None
    value: str | None = None
    if not reading:
        spoilt = recording.problem or Reason(f"{SUPPLY}.unread")
    elif _another_device(recording, reading):
        seen = ", ".join(str(one) for one in reading["macs"])
        spoilt = Reason(f"{SUPPLY}.other-device", {"found": seen})
    elif reading.get("delivering") is None:
        spoilt = Reason(f"{SUPPLY}.unread")
    else:
        value = _supply(reading)
    method = f"method.{SUPPLY}"
    return Measurement.of(
        recording, SUPPLY, value, "", INSTRUMENT, method, details=dict(reading), spoilt=spoilt
    )


def measure_poe_return(recording: Recording) -> Measurement:
    """What a cut of the supply did, of a ``power`` recording.

    Quantity ``poe-return``: ``returns``, ``does-not-return``, ``fed-otherwise`` (never silent),
    ``port-stays-on`` (the port went on feeding), ``port-stays-off`` (it fed nobody afterwards).
    ``details``: the cut, and the readings during and after it.
    """
    cut = recording.facts.get("cut")
    off, after = _reading(recording, "off"), _reading(recording, "after")
    before = _reading(recording, "before")
    details = {"cut": cut, "off": dict(off), "after": dict(after)}
    value: str | None = None
    spoilt: Reason | None = None
    if before and not isinstance(cut, Mapping):
        if before.get("delivering") is False:
            spoilt = Reason(f"{RETURN}.not-fed")
        elif _another_device(recording, before):
            spoilt = Reason(f"{RETURN}.other-device")
        elif not recording.facts.get("intrusive"):
            spoilt = Reason("visit.needs-intrusive", {"what": "power"})
    elif isinstance(cut, Mapping) and off:
        value = _return(cut, off, after)
    if value is None and spoilt is None:
        spoilt = recording.problem or Reason(f"{RETURN}.unread")
    method = f"method.{RETURN}"
    return Measurement.of(
        recording, RETURN, value, "", INSTRUMENT, method, details=details, spoilt=spoilt
    )


def _supply(reading: Mapping[str, Any]) -> str:
    if not reading.get("delivering"):
        if reading.get("enabled") is False:
            return "port-off"
        return "fed-otherwise" if reading.get("answers") or reading.get("link") else "nobody"
    shown, power = reading.get("poe_class"), reading.get("power_w")
    if not isinstance(shown, int) or not 0 <= shown < len(CLASS_WATTS):
        return "no-class"
    if not isinstance(power, int | float) or power <= 0:
        return "no-power"
    return "above-class" if power > CLASS_WATTS[shown] else "powered"


def _return(cut: Mapping[str, Any], off: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    if off.get("delivering"):
        return "port-stays-on"
    if not cut.get("silent"):
        return "fed-otherwise"
    if cut.get("back_s") is not None:
        return "returns"
    if not after or cut.get("waited_s") is None:
        return None
    return "does-not-return" if after.get("delivering") else "port-stays-off"


def _reading(recording: Recording, when: str) -> Mapping[str, Any]:
    listed = recording.facts.get("readings")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("when") == when:
            return one
    return {}


def _another_device(recording: Recording, reading: Mapping[str, Any]) -> bool:
    learnt, own = reading.get("macs"), recording.facts.get("own_macs")
    if not isinstance(learnt, list) or not isinstance(own, list):
        return False
    return another_device(learnt, own)
