from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from assessment.reason import Reason
from assessment.recording import Recording
from probes.streams import reader
from simulators.camera.camera import SimulatedCamera
from simulators.camera.state import CameraState
from targets import rtsp_client
from targets.camera import CameraOptions, CameraTarget, parse_camera
from targets.credentials import Secret
from targets.light import NoRig
from tests.targets.servers import ADDRESS, tcp_server
from tests.targets.test_rtsp_misbehaviour import Device, frame, rtsp_answer
from tests.visits.equipment import (
    PASSWORD,
    PATIENT,
    MemoryStore,
    Rig,
    Start,
    circumstances,
    onvif_camera,
    onvif_target,
    streaming,
)
from visits.circumstances import Circumstances
from visits.desk import VisitDesk


async def visit(kind: str, camera: CameraTarget, given: Circumstances | None = None) -> Recording:
    recording = await VisitDesk(MemoryStore(), given or circumstances()).visit(kind, camera)
    written = json.dumps(recording.sealed_document()).encode()
    written += b"".join(part.read() for part in recording.parts.values())
    assert PASSWORD.encode() not in written
    return recording


async def test_the_main_stream_by_day(gstreamer: Start) -> None:
    rig = Rig()
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("stream:day", camera, circumstances(light=rig))
    assert recording.problem is None
    assert rig.asked == [("p", "day")]
    facts = recording.facts
    assert facts["light"] == {"level": "day", "source": "rig"}
    assert facts["transport"] == "udp"
    assert (facts["profile"]["width"], facts["profile"]["encoding"]) == (1920, "H264")
    assert (facts["end"], facts["asked_seconds"]) == ("complete", 0.6)
    assert 0 <= facts["first_packet_s"] < 1
    assert 0 < facts["round_trip_s"] < 1
    assert facts["dropped_by_receiver"] == 0
    assert facts["reference"] == {"error_s": None, "source": "unknown"}
    assert b"H264/90000" in recording.read("session.sdp")
    video = reader(recording).video
    assert video is not None
    assert video.loss.lost == 0
    assert len(video.units.first_ns) >= 8


async def test_without_a_rig_the_night_cannot_be_had(gstreamer: Start) -> None:
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("stream:night", camera, circumstances(light=NoRig()))
    assert recording.problem is not None
    assert recording.problem.code == "visit.no-rig"
    assert recording.problem.parameters["light"] == "night"
    assert not recording.parts


async def test_the_sub_stream_is_the_smaller_one(gstreamer: Start) -> None:
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("stream:sub", camera)
    assert recording.problem is None
    assert recording.facts["profile"]["width"] == 640
    assert "light" not in recording.facts


async def test_udp_refused_falls_back_to_tcp(gstreamer: Start) -> None:
    server = gstreamer("--tcp-only", "--user", "admin", "--password", PASSWORD)
    async with onvif_camera(rtsp_port=server.port) as (_, camera):
        recording = await visit("stream:sub", camera)
    assert recording.problem is None
    assert recording.facts["transport"] == "tcp"
    assert recording.facts["udp"] == "visit.not-offered"


async def test_udp_that_brings_nothing_falls_back_to_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtsp_client, "_FIRST_PACKET_SECONDS", 0.3)
    device = Device()
    device.after_play = frame()

    def set_up(headers: dict[str, str]) -> bytes:
        given = headers["transport"]
        given += "" if "TCP" in given else ";server_port=9-10"
        return rtsp_answer(headers, "200 OK", "Session: 1", f"Transport: {given}")

    device.answers["SETUP"] = set_up
    async with tcp_server(device) as port:
        recording = await visit("stream:day", streamer(port))
    assert recording.problem is None
    assert recording.facts["transport"] == "tcp"
    assert recording.facts["udp"] == "visit.timeout"
    assert recording.facts["end"] == "complete"


async def test_a_stream_that_never_comes_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtsp_client, "_FIRST_PACKET_SECONDS", 0.3)
    async with tcp_server(Device()) as port:
        camera = streamer(port)
        camera = replace(camera, options=replace(camera.options, transport="tcp"))
        recording = await visit("stream:day", camera)
    assert recording.problem is not None
    assert recording.problem.parameters == {"seconds": 0.3, "waiting_for": "RTP"}
    assert recording.facts["end"] == "stalled"
    assert reader(recording).video is not None


async def test_a_simulated_camera_that_speaks_rtsps_only() -> None:
    state = CameraState(ADDRESS, "p", behaviours={"rtsps-only"})
    state.ports = {"http": 0, "https": 0, "rtsp": 0, "rtsps": 0}
    camera = SimulatedCamera(state)
    await camera.start()
    try:
        target = onvif_target(state.ports["http"])
        trusting = CameraOptions(answer_seconds=15, verify_tls=False)
        recording = await visit("stream:sub", replace(target, options=trusting))
        careful = await visit("stream:sub", target)
    finally:
        await camera.stop()
        await asyncio.sleep(0.01)
    assert recording.problem is None
    assert recording.facts["transport"] == "rtsps"
    video = reader(recording).video
    assert video is not None
    assert video.key_pictures(1)
    assert careful.problem is not None
    assert careful.problem.code == "visit.certificate"


async def test_a_codec_that_a_profile_already_has(gstreamer: Start) -> None:
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("stream:codec-mjpeg", camera)
    assert recording.problem is None
    assert recording.facts["profile"]["token"] == "profile_third"
    assert "changed" not in recording.facts


async def test_a_codec_that_must_be_set_needs_leave(gstreamer: Start) -> None:
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (state, camera):
        refused = await visit("stream:codec-h265", camera)
        assert refused.problem is not None
        assert refused.problem.code == "visit.needs-intrusive"
        assert state.sub.encoding == "H264"
        before = repr(state.sub)
        recording = await visit("stream:codec-h265", camera, circumstances(intrusive=True))
        assert repr(state.sub) == before
    assert recording.problem is None
    assert recording.facts["profile"]["encoding"] == "H265"
    assert recording.facts["changed"]["restored"] is True


async def test_the_encoder_is_restored_when_the_stream_fails() -> None:
    async with onvif_camera(rtsp_port=1) as (state, camera):
        recording = await visit("stream:codec-h265", camera, circumstances(intrusive=True))
        assert state.sub.encoding == "H264"
    assert recording.problem is not None
    assert recording.problem.code == "visit.refused"
    assert recording.facts["changed"]["restored"] is True


async def test_a_codec_that_is_not_offered(gstreamer: Start) -> None:
    async with onvif_camera("media1-only", rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("stream:codec-h265", camera, circumstances(intrusive=True))
    assert recording.problem is not None
    assert recording.problem.code == "visit.not-offered"
    assert recording.problem.parameters["what"] == "H265"


def streamer(port: int, password: str = PASSWORD) -> CameraTarget:
    address = f"rtsp://admin@{ADDRESS}:{port}/stream"
    return parse_camera(address, point="p", secret=lambda: Secret(password), options=PATIENT)


async def test_a_camera_that_only_streams(gstreamer: Start) -> None:
    camera = streamer(streaming(gstreamer))
    day = await visit("stream:day", camera)
    assert day.problem is None
    assert day.facts["profile"] is None
    assert (await visit("stream:codec-h264", camera)).problem is None
    other = await visit("stream:codec-mjpeg", camera)
    assert other.problem == Reason("visit.one-stream", {"what": "MJPEG"})
    for kind in ("stream:sub", "description", "clock", "snapshot", "white-light"):
        assert (await visit(kind, camera)).problem == Reason("visit.needs-onvif")


async def test_an_unknown_variant_is_our_own_mistake() -> None:
    with pytest.raises(KeyError):
        await visit("stream:dusk", streamer(1))
