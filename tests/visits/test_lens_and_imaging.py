"""The lens driven and driven back, the sensor's functions switched and restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from assessment.recording import Recording
from probes.lens import measure_lens
from probes.sensor_functions import measure_highlight, measure_wide_dynamic
from simulators.camera.state import CameraState
from targets.light import NoRig
from tests.targets.servers import GstreamerServer
from tests.visits.equipment import (
    SHORT,
    MemoryStore,
    Rig,
    circumstances,
    onvif_camera,
    streaming,
)
from visits.desk import VisitDesk

Start = Callable[..., GstreamerServer]
QUICK = replace(SHORT, lens_settles=0.1, lens_move=0.1, lens_stands=2.0, imaging_settles=0.0)


async def visited(
    kind: str, port: int, *behaviours: str, **given: object
) -> tuple[Recording, CameraState]:
    async with onvif_camera(*behaviours, rtsp_port=port) as (state, camera):
        changes = {"lengths": QUICK, "intrusive": True, **given}
        recording = await VisitDesk(MemoryStore(), circumstances(**changes)).visit(kind, camera)
        return recording, state


async def test_a_lens_is_driven_to_a_position_and_back(gstreamer: Start) -> None:
    recording, state = await visited("lens", streaming(gstreamer))
    assert recording.problem is None
    assert recording.facts["offered"] is True
    move = {"way": "position", "from": 0.0, "to": 0.1, "accepted": True, "detail": ""}
    assert recording.facts["move"] == move
    assert recording.facts["restored"] is True
    assert state.zoom_position() == pytest.approx(0.0, abs=1e-6)
    parts = {"before.pcap", "near.pcap", "back.pcap", "session.sdp", "transcript.xml"}
    assert set(recording.parts) == parts
    (zoom, *_) = measure_lens(recording)
    assert zoom.value != "zooms"  # what GStreamer shows does not follow


async def test_a_lens_without_positions_is_driven_by_speed(gstreamer: Start) -> None:
    recording, state = await visited("lens", streaming(gstreamer), "zoom-by-speed-only")
    assert recording.facts["move"]["way"] == "speed"
    assert recording.facts["move"]["from"] is None
    assert recording.facts["restored"] is True
    assert state.zoom_position() < 0.02


async def test_a_fixed_lens_is_looked_at_once(gstreamer: Start) -> None:
    recording, _ = await visited("lens", streaming(gstreamer), "no-ptz")
    assert recording.problem is None
    assert recording.facts["offered"] is False
    assert "near.pcap" not in recording.parts
    assert measure_lens(recording)[0].value == "fixed"


async def test_a_lens_goes_back_when_the_stream_fails() -> None:
    recording, state = await visited("lens", 1)
    assert recording.problem is not None
    assert recording.problem.code == "visit.refused"
    assert state.zoom_position() == 0.0


@pytest.mark.parametrize("kind", ["lens", "wide-dynamic", "highlight"])
async def test_nothing_is_changed_without_leave(kind: str) -> None:
    recording, _ = await visited(kind, 1, intrusive=False)
    assert recording.problem is not None
    assert recording.problem.code == "visit.needs-intrusive"


async def test_wide_dynamic_is_switched_off_and_on_and_restored(gstreamer: Start) -> None:
    rig = Rig()
    recording, state = await visited("wide-dynamic", streaming(gstreamer), light=rig)
    assert recording.problem is None
    facts = recording.facts
    assert facts["function"] == "WideDynamicRange"
    assert facts["light"] == {"level": "high-contrast", "source": "rig"}
    assert [(one["accepted"], one["told"]) for one in facts["answers"]] == [
        (True, "OFF"),
        (True, "ON"),
    ]
    assert facts["restored"] is True
    assert state.wide_dynamic_range == "OFF"
    assert set(recording.parts) == {"off.pcap", "on.pcap", "session.sdp", "transcript.xml"}
    assert measure_wide_dynamic(recording).spoilt is not None


async def test_tone_compensation_is_set_in_its_extension(gstreamer: Start) -> None:
    recording, state = await visited("highlight", streaming(gstreamer), light=NoRig())
    assert recording.facts["function"] == "ToneCompensation"
    assert recording.facts["light"] == {"level": "as-found", "source": "device"}
    assert [one["told"] for one in recording.facts["answers"]] == ["OFF", "ON"]
    assert recording.facts["restored"] is True
    assert state.tone_compensation == "OFF"


async def test_a_setting_is_restored_when_the_stream_fails() -> None:
    recording, state = await visited("wide-dynamic", 1)
    assert recording.problem is not None
    assert state.wide_dynamic_range == "OFF"
    assert recording.facts["restored"] is True


@pytest.mark.parametrize(
    ("kind", "behaviour"), [("wide-dynamic", "wdr-not-offered"), ("highlight", "hlc-not-offered")]
)
async def test_what_is_not_offered_is_said(kind: str, behaviour: str) -> None:
    recording, _ = await visited(kind, 1, behaviour)
    assert recording.problem is None
    measure = measure_wide_dynamic if kind == "wide-dynamic" else measure_highlight
    assert measure(recording).value == "not-offered"
