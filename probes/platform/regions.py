"""Regions side by side (4.1-8): nothing of one shows to the other's users, or is in their reach."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import done, mapping, step, steps

INSTRUMENT = "platform-regions/1"
QUANTITY = "platform-regions"


def measure_regions(recording: Recording) -> Measurement:
    """Judge a ``platform:regions`` recording.

    Quantity ``platform-regions``; ``details``: ``seen`` by whom and kind: own, other.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    sides = [step(recording, "create", kind="organisations", of=side) for side in ("east", "west")]
    if None in sides:
        judgement.doubt("not-tried")
        return judgement.measurement()
    if not all(done(one) for one in sides):
        judgement.fault("no-second-region")
        return judgement.measurement()
    _regions_kept(judgement)
    _lists(judgement)
    _reach(judgement)
    return judgement.measurement(problem_first=False)


def _regions_kept(judgement: Judgement) -> None:
    for side in ("east", "west"):
        made = mapping(step(judgement.recording, "create", kind="organisations", of=side))
        wanted, found = mapping(made.get("wanted")), mapping(made.get("found"))
        if "region" in found and found["region"] != wanted.get("region"):
            judgement.fault("region-not-kept")


def _lists(judgement: Judgement) -> None:
    listed = [one for one in steps(judgement.recording, "list") if "own" in one]
    judgement.details["seen"] = {
        f"{one.get('of')} {one.get('kind')}": [one.get("own"), one.get("other")] for one in listed
    }
    leaks = [one for one in listed if one.get("other")]
    if leaks:
        kinds = ", ".join(sorted({str(one.get("kind")) for one in leaks}))
        judgement.fault("leak", who=leaks[0].get("of", ""), kinds=kinds)
    managers = [one for one in listed if str(one.get("of")).endswith("manager")]
    if not any(one.get("own") for one in managers):
        judgement.doubt("own-not-seen")


def _reach(judgement: Judgement) -> None:
    names = ("reach-read", "reach-change", "reach-create")
    tried = [one for name in names for one in steps(judgement.recording, name)]
    through = [one for one in tried if done(one) or one.get("status") == 409]
    if through:
        what = ", ".join(sorted({f"{one.get('name')} {one.get('kind')}" for one in through}))
        judgement.fault("reaches-over", who=through[0].get("of", ""), what=what)
    elif not tried:
        judgement.doubt("not-reached-for")
