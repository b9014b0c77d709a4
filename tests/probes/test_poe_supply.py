from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from probes.poe_supply import CLASS_WATTS, measure_poe_return, measure_poe_supply

AT = datetime(2026, 3, 1, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "enabled": True,
    "delivering": True,
    "poe_class": 2,
    "power_w": 4.1,
    "link": True,
    "answers": True,
    "macs": ["4c:11:bf:12:34:ab"],
}
CUT: dict[str, Any] = {"silent": True, "given": 1.0, "waited_s": 31.5, "back_s": 31.5}
SILENT = {"delivering": False, "link": False, "answers": False}


def power(
    before: dict[str, Any] | None = None,
    cut: dict[str, Any] | None = None,
    off: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    **facts: Any,
) -> Recording:
    readings = [
        {**GOOD, **changed, "when": when}
        for when, changed in (
            ("before", before or {}),
            ("off", {**SILENT, **(off or {})}),
            ("after", after or {}),
        )
    ]
    known = {"readings": readings, "cut": {**CUT, **(cut or {})}, "intrusive": True, **facts}
    return Recording("power", "p", AT, AT, facts=known)


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ({}, "powered"),
        ({"poe_class": 0, "power_w": 12.0}, "powered"),
        ({"poe_class": None}, "no-class"),
        ({"poe_class": 99}, "no-class"),
        ({"power_w": 7.2}, "above-class"),
        ({"power_w": None}, "no-power"),
        ({"power_w": 0}, "no-power"),
        ({"delivering": False}, "fed-otherwise"),
        ({"delivering": False, "enabled": False}, "port-off"),
        ({"delivering": False, "link": False, "answers": False}, "nobody"),
    ],
)
def test_what_the_port_shows(before: dict[str, Any], value: str) -> None:
    measured = measure_poe_supply(power(before))
    assert (measured.value, measured.spoilt) == (value, None)


def test_another_device_at_the_port_proves_nothing() -> None:
    assert measure_poe_supply(power(own_macs=["4C-11-BF-12-34-AB"])).value == "powered"
    assert measure_poe_supply(power(own_macs=[])).value == "powered"
    strange = power(own_macs=["00:11:22:33:44:55"], cut=None)
    other = measure_poe_supply(strange)
    assert other.value is None
    assert other.spoilt == Reason("poe-supply.other-device", {"found": "4c:11:bf:12:34:ab"})
    uncut = replace(strange, facts={**strange.facts, "cut": None})
    assert measure_poe_return(uncut).spoilt == Reason("poe-return.other-device")


@pytest.mark.parametrize(
    ("recording", "value"),
    [
        (power(), "returns"),
        (power(cut={"back_s": None}), "does-not-return"),
        (power(cut={"back_s": None}, after={"delivering": False}), "port-stays-off"),
        (power(cut={"silent": False}), "fed-otherwise"),
        (power(off={"delivering": True}), "port-stays-on"),
    ],
)
def test_what_a_cut_does(recording: Recording, value: str) -> None:
    assert measure_poe_return(recording).value == value


def test_without_a_cut_nothing_is_said_of_the_return() -> None:
    polite = power(intrusive=False)
    polite = replace(polite, facts={**polite.facts, "cut": None})
    assert measure_poe_return(polite).spoilt == Reason("visit.needs-intrusive", {"what": "power"})
    idle = power({"delivering": False})
    idle = replace(idle, facts={**idle.facts, "cut": None})
    assert measure_poe_return(idle).spoilt == Reason("poe-return.not-fed")


@pytest.mark.parametrize("facts", [{}, {"readings": "x", "cut": 7}, {"readings": [3, {"when": 1}]}])
def test_no_data_gives_the_visit_s_own_reason(facts: dict[str, Any]) -> None:
    problem = Reason("visit.no-power-rig", {"point": "p"})
    empty = Recording("power", "p", AT, AT, facts=facts, problem=problem)
    for measured in (measure_poe_supply(empty), measure_poe_return(empty)):
        assert (measured.value, measured.spoilt) == (None, problem)


def test_a_rig_that_fails_in_the_middle_decides_nothing() -> None:
    broken = power()
    halfway = {**broken.facts, "readings": broken.facts["readings"][:1]}
    problem = Reason("visit.rig-failed", {"wanted": "on", "detail": "x"})
    failed = replace(broken, facts=halfway, problem=problem)
    assert measure_poe_supply(failed).value == "powered"
    assert measure_poe_return(failed).spoilt == problem


def test_the_watts_are_those_of_the_feeding_side() -> None:
    assert len(CLASS_WATTS) == 9
    assert list(CLASS_WATTS[1:]) == sorted(CLASS_WATTS[1:])
