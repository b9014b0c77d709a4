"""Pan and tilt: told, not there, or not known."""

import datetime

import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from probes.pan_tilt import measure_pan_tilt

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"


@pytest.mark.parametrize(
    ("facts", "value", "spoilt"),
    [
        ({"ptz_nodes": [{"token": "n"}], "services": {PTZ: "a"}}, "movable", None),
        ({"ptz_nodes": [], "services": {MEDIA: "a"}}, "fixed", None),
        ({"ptz_nodes": [], "services": {PTZ: "a"}}, None, "pan-tilt.unread"),
        ({}, None, "pan-tilt.unread"),
        ({"ptz_nodes": "many", "services": 3}, None, "pan-tilt.unread"),
    ],
)
def test_the_ability_is_what_the_device_tells(facts, value, spoilt) -> None:
    measured = measure_pan_tilt(Recording("description", "point", NOW, NOW, facts))
    assert measured.value == value
    assert (measured.spoilt.code if measured.spoilt else None) == spoilt


def test_a_device_that_could_not_be_asked_keeps_its_reason() -> None:
    recording = Recording("description", "point", NOW, NOW, problem=Reason("visit.refused"))
    measured = measure_pan_tilt(recording)
    assert measured.spoilt == Reason("visit.refused")
