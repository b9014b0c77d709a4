from typing import Any

import pytest

from assessment.declaration import Declaration
from assessment.declared_observed import (
    Evidence,
    Line,
    compare_declared,
    counts_of,
    observed_of,
)
from assessment.finding import Finding
from assessment.reason import Reason
from assessment.verdicts import Verdict
from tests.assessment.samples import finding, measurement

DESCRIPTION: dict[str, Any] = {
    "device": {"model": "SIM-2M"},
    "interfaces": [{"kind": "ethernet"}, {"kind": "wifi"}],
    "encoder_options": {"H264": {}, "JPEG": {}},
    "audio_options": ["G711"],
    "profiles": [{"audio": {"encoding": "G711"}}],
    "digital_inputs": ["a"],
    "relay_outputs": [],
    "ptz_nodes": [{"auxiliary": ["tt:WhiteLight|On"]}],
    "auxiliary": [],
    "imaging": {"options": {"ImagingOptions": {"WideDynamicRange": {"Mode": ["ON", "OFF"]}}}},
}


def lines(
    values: dict[str, Any], *findings: Finding, models: tuple[str, ...] = ("SIM-2M",), **facts: Any
) -> dict[str, Line]:
    known = {"description": DESCRIPTION, **{kind.replace("_", ":"): f for kind, f in facts.items()}}
    found = compare_declared(
        Declaration("c.yaml", models, values=values), Evidence(findings, known)
    )
    return {line.name: line for line in found}


def event(verdict: Verdict, *, told: Any = None, fault: str = "") -> Finding:
    reason = {"code": fault, "parameters": {}} if fault else None
    details = {"told": told, "reason": reason}
    measured = measurement(quantity="event-delay", details=details)
    return finding("4.3.1-i5", verdict=verdict, code=fault or "x.y", measurements=(measured,))


def test_the_word_of_the_device_confirms_and_contradicts() -> None:
    found = lines(
        {
            "video.h264": True,
            "video.h265": True,
            "video.svac": True,
            "audio.g7221": True,
            "interfaces.rj45": True,
            "interfaces.mobile": True,
            "alarm.inputs": 2,
            "alarm.outputs": 1,
            "movement.pan-tilt": False,
        }
    )
    outcomes = {name: line.outcome for name, line in found.items()}
    assert outcomes["video.h264"] == "confirmed"
    assert outcomes["video.h265"] == "contradicted"  # it lists its codecs
    assert outcomes["video.svac"] == "not-observable"  # no list has a name for it
    assert outcomes["audio.g7221"] == "not-observable"
    assert outcomes["interfaces.rj45"] == "confirmed"
    assert outcomes["interfaces.mobile"] == "not-observable"  # often listed only with a card
    assert outcomes["alarm.inputs"] == "contradicted"  # one of two
    assert outcomes["alarm.outputs"] == "not-observable"  # many list none
    assert outcomes["movement.pan-tilt"] == "contradicted"
    assert outcomes["interfaces.wifi"] == "found-undeclared"
    assert outcomes["image.white-light"] == "found-undeclared"
    assert outcomes["image.wide-dynamic-range"] == "found-undeclared"
    assert "video.h266" not in found  # neither declared nor found


def test_what_was_measured_goes_before_what_was_told() -> None:
    streamed = finding("4.3.1-g2", verdict=Verdict.PASS, code="codec-h265.decoded")
    line = lines({"video.h265": True}, streamed)["video.h265"]
    assert line.outcome == "confirmed"
    assert line.observed is not None
    assert line.observed.by == "measured"
    assert line.verdict is Verdict.PASS
    other = finding("4.3.1-g2", verdict=Verdict.ADVISORY, code="codec-h265.other-codec")
    assert lines({"video.h265": True}, other)["video.h265"].outcome == "contradicted"


@pytest.mark.parametrize(
    ("made", "outcome", "by"),
    [
        (event(Verdict.PASS, told={"topic": "m"}), "confirmed", "measured"),
        (event(Verdict.ADVISORY, told={1: 2}, fault="event-delay.false"), "confirmed", "measured"),
        (event(Verdict.ADVISORY, fault="event-delay.missing"), "contradicted", "measured"),
        (event(Verdict.PENDING), "not-observable", None),
    ],
)  # fmt: skip
def test_a_detector_is_seen_at_work_or_only_listed(
    made: Finding, outcome: str, by: str | None
) -> None:
    line = lines({"events.motion": True}, made)["events.motion"]
    assert line.outcome == outcome
    assert (line.observed.by if line.observed else None) == by
    assert line.verdict is made.verdict


def test_a_listed_topic_is_the_word_of_the_device() -> None:
    topics = {"listed": ["RuleEngine/CellMotionDetector/Motion"]}
    found = lines({"events.motion": True}, event(Verdict.PENDING), events_motion=topics)
    assert found["events.motion"].observed is not None
    assert found["events.motion"].observed.by == "told"


def test_form_and_code_are_compared_as_they_are_written() -> None:
    claim = measurement(
        quantity="ingress-protection",
        value="IP66",
        spoilt=Reason("ingress-protection.certificate-missing"),
        details={"claims": {"inventory": "IP68", "scope 1": "IP66"}},
    )
    of_enclosure = finding("4.3.1-b", verdict=Verdict.PENDING, measurements=(claim,))
    found = lines(
        {"form": "dome", "ip-code": "ip67"}, of_enclosure, gb28181_control={"ptz_type": 3}
    )
    assert found["form"].outcome == "contradicted"
    assert found["ip-code"].outcome == "contradicted"
    assert found["ip-code"].observed is not None
    assert found["ip-code"].observed.by == "told"


def test_a_declaration_of_another_model_says_nothing_more() -> None:
    found = lines({"video.h264": True}, models=("SIM-9",))
    assert list(found) == ["model"]
    assert found["model"].outcome == "contradicted"


def test_of_a_silent_device_nothing_can_be_said() -> None:
    declared = Declaration("c.yaml", ("A",), values={"video.h264": True, "supply.ac": True})
    found = compare_declared(declared, Evidence((), {}))
    assert counts_of(found) == {
        "contradicted": 0,
        "found-undeclared": 0,
        "not-observable": 3,
        "confirmed": 0,
    }


def test_hostile_facts_break_nothing() -> None:
    odd: dict[str, Any] = dict.fromkeys(DESCRIPTION, "<odd>")
    assert observed_of(Evidence((), {"description": odd, "gb28181:live": {"ptz_type": "²"}})) == {}
    nested = {name: [[], None, 7, {"kind": None}] for name in DESCRIPTION}
    assert "video.h264" not in observed_of(Evidence((), {"description": nested}))
