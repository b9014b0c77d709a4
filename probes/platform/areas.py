"""The five areas of management (4.1-7): devices, customers, network, security, services."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mapping, step, steps

INSTRUMENT = "platform-areas/1"
QUANTITY = "platform-areas"
AREAS = ("devices", "customers", "network", "security", "services")
#: Areas with one record, which is changed and put back; of the others one is made.
_SINGLE = ("network", "security")


def measure_areas(recording: Recording) -> Measurement:
    """Judge the areas of a ``platform:management`` recording.

    Quantity ``platform-areas``; ``details``: ``areas`` with what was done in each.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    tried = {area for area in AREAS if steps(recording, kind=area)}
    judgement.details["areas"] = {
        area: [str(one.get("name")) for one in steps(recording, kind=area) if done(one)]
        for area in AREAS
    }
    if not tried:
        judgement.doubt("not-tried")
        return judgement.measurement()
    for area in AREAS:
        _area(judgement, area)
    return judgement.measurement(problem_first=False)


def _area(judgement: Judgement, area: str) -> None:
    recording = judgement.recording
    first = step(recording, "read" if area in _SINGLE else "create", kind=area)
    if first is None:
        # A contract needs a customer: without that area this one could not be tried.
        judgement.doubt("area-not-tried", area=area)
        return
    if first.get("state") == "absent" or mapping(first).get("status") in (405, 501):
        judgement.fault("area-missing", area=area)
        return
    if not done(first):
        judgement.fault("area-closed", area=area, state=first.get("state", "-"))
        return
    change = step(recording, "change", kind=area)
    if not done(change):
        judgement.fault("area-unchangeable", area=area)
        return
    wanted = mapping(mapping(change).get("wanted"))
    read = [one for one in steps(recording, "read", kind=area) if "found" in one]
    found = mapping(read[-1].get("found")) if read else {}
    kept = {name: found[name] for name in wanted if name in found}
    if kept and kept != dict(wanted):
        judgement.fault("change-not-kept", area=area)
