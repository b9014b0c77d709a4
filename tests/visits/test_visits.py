from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from assessment.recording import Recording
from protocols.http_digest import DigestGuard
from protocols.xml_reading import children, read_xml
from simulators.camera.state import CameraState
from simulators.camera.telnet_server import TelnetServer
from targets.camera import CameraOptions, CameraTarget
from tests.targets.servers import ADDRESS, http_answer, read_request, tcp_server
from tests.visits.equipment import (
    PASSWORD,
    SHORT,
    MemoryStore,
    Rig,
    Start,
    circumstances,
    onvif_camera,
    onvif_target,
    streaming,
)
from visits.circumstances import Circumstances
from visits.clock import http_date
from visits.desk import VisitDesk


async def visit(kind: str, camera: CameraTarget, given: Circumstances | None = None) -> Recording:
    recording = await VisitDesk(MemoryStore(), given or circumstances()).visit(kind, camera)
    written = json.dumps(recording.sealed_document()).encode()
    written += b"".join(part.read() for part in recording.parts.values())
    assert PASSWORD.encode() not in written
    return recording


def code(recording: Recording) -> str | None:
    return None if recording.problem is None else recording.problem.code


# description


async def test_the_description() -> None:
    async with onvif_camera(rtsp_port=8554) as (state, camera):
        recording = await visit("description", camera)
    assert code(recording) is None
    facts = recording.facts
    assert facts["device"]["model"] == state.identity.model
    assert "onvif://www.onvif.org/IP/IP66" in facts["scopes"]
    assert facts["interfaces"][0]["kind"] == "ethernet"
    assert [one["token"] for one in facts["profiles"]][:2] == ["profile_main", "profile_sub"]
    assert facts["profiles"][0]["uri"].startswith(f"rtsp://{ADDRESS}:8554/")
    assert facts["profiles"][0]["snapshot_uri"].startswith("http://")
    assert {"H264", "H265", "JPEG"} <= set(facts["encoder_options"])
    assert [1920, 1080] in facts["encoder_options"]["H264"]["sizes"]
    assert facts["audio_options"]
    assert "tt:WhiteLight|On" in facts["ptz_nodes"][0]["auxiliary"]
    assert (len(facts["digital_inputs"]), len(facts["relay_outputs"])) == (1, 1)
    assert facts["imaging"]["settings"]
    messages = read_xml(recording.read("transcript.xml"))
    assert len(list(children(messages, "request"))) == len(list(children(messages, "response")))


@pytest.mark.parametrize(("kind", "expected"), [("wifi", "wifi"), ("4g", "4g")])
async def test_the_kind_of_interface(kind: str, expected: str) -> None:
    async with onvif_camera() as (state, camera):
        state.identity.interface = kind
        recording = await visit("description", camera)
    assert recording.facts["interfaces"][0]["kind"] == expected


async def test_a_description_of_a_device_that_breaks_off_half_way() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await read_request(reader)
            writer.write(
                http_answer(
                    b'<E xmlns="urn:e"><Body><R><Model>half</Model></R></Body></E>'.replace(
                        b"<E", b"<Envelope"
                    ).replace(b"</E>", b"</Envelope>")
                )
            )
        await read_request(reader)
        writer.write(b"garbage\r\n\r\n")

    async with tcp_server(handle) as port:
        recording = await visit("description", onvif_target(port))
    assert code(recording) == "visit.malformed"
    assert recording.facts["device"]["model"] == "half"
    assert b"half" in recording.read("transcript.xml")


# snapshot


async def test_a_snapshot() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(picture, "JPEG")
    async with onvif_camera() as (_, camera):
        one = await snapshot_from(camera, picture.getvalue(), "200 OK")
        assert code(one) is None
        assert one.read("snapshot.jpg") == picture.getvalue()
        assert one.facts["status"] == 200
        assert one.facts["content_type"] == "image/jpeg"
        assert one.facts["uri"].endswith("/snap")
        refused = await snapshot_from(camera, b"", "503 Busy")
        assert code(refused) == "visit.not-offered"
        broken = await snapshot_from(camera, b"<html>", "200 OK")
        assert code(broken) == "visit.malformed"
        assert not broken.parts


async def snapshot_from(camera: CameraTarget, content: bytes, status: str) -> Recording:
    """Visit ``camera`` whose snapshot address is moved to a server that answers so."""

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(http_answer(content, status, "Content-Type: image/jpeg"))

    async with tcp_server(page) as page_port:
        uri = f"http://u:p@{ADDRESS}:{page_port}/snap"

        async def front(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await read_request(reader)
                profile = (
                    '<Profiles token="a"><VideoEncoderConfiguration token="v"><Encoding>H264'
                    "</Encoding></VideoEncoderConfiguration></Profiles>"
                )
                media = f"http://{ADDRESS}:{port}/m"
                service = (
                    "<Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace>"
                    f"<XAddr>{media}</XAddr></Service>"
                )
                body = f"<R>{service}{profile}<MediaUri><Uri>{uri}</Uri></MediaUri></R>"
                writer.write(http_answer(f"<Envelope><Body>{body}</Body></Envelope>".encode()))

        async with tcp_server(front) as port:
            return await visit("snapshot", onvif_target(port))


# white light


async def test_the_lamp_is_commanded_off_on_off_and_left_automatic(gstreamer: Start) -> None:
    rig = Rig()
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (state, camera):
        rig.state = state
        recording = await visit("white-light", camera, circumstances(light=rig))
        assert state.white_light == "auto"
    assert code(recording) is None
    facts = recording.facts
    assert facts["light"] == {"level": "night", "source": "rig"}
    assert facts["command"] == "auxiliary"
    assert [(one["state"], one["accepted"]) for one in facts["answers"]] == [
        ("off", True), ("on", True), ("off", True),
    ]  # fmt: skip
    assert facts["restored"] is True
    assert {"before.pcap", "on.pcap", "off.pcap", "session.sdp"} == set(recording.parts)
    assert len(recording.read("on.pcap")) > 1000


async def test_a_camera_without_a_lamp_is_recorded_all_the_same(gstreamer: Start) -> None:
    async with onvif_camera("infrared-only", rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("white-light", camera)
    assert code(recording) is None
    assert recording.facts["command"] == "none"
    assert not any(one["accepted"] for one in recording.facts["answers"])
    assert "off.pcap" in recording.parts


async def test_a_lamp_is_restored_when_the_stream_fails() -> None:
    async with onvif_camera(rtsp_port=1) as (state, camera):
        recording = await visit("white-light", camera)
        assert state.white_light == "auto"
    assert code(recording) == "visit.refused"
    assert recording.facts["restored"] is True


# clock


async def test_the_clock_is_asked_by_two_paths() -> None:
    async def reference() -> dict[str, object]:
        return {"error_s": 0.001, "source": "ntp"}

    async with onvif_camera() as (_, camera):
        recording = await visit("clock", camera, circumstances(reference=reference))
    assert code(recording) is None
    polls = recording.facts["polls"]
    onvif = [poll for poll in polls if poll["path"] == "onvif"]
    dates = [poll for poll in polls if poll["path"] == "http-date"]
    assert len(onvif) >= 2
    assert len(dates) >= 2
    for poll in polls:
        assert poll["sent"] <= poll["received"]
        assert 0 < poll["received_mono"] - poll["sent_mono"] < 0.5
        assert poll["utc"]["year"] >= 2024
    assert onvif[0]["time_zone"] == "CST-8"
    assert onvif[0]["local"] is not None
    assert dates[0]["time_zone"] is None
    assert recording.facts["ntp"] == {"from_dhcp": False, "servers": ["127.0.0.1"]}
    assert recording.facts["reference"] == {"error_s": 0.001, "source": "ntp"}
    assert b"GetSystemDateAndTimeResponse" in recording.read("transcript.xml")


async def test_a_device_that_tells_no_time() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(http_answer(b"<Envelope><Body><Nothing/></Body></Envelope>"))

    async with tcp_server(handle) as port:
        recording = await visit("clock", onvif_target(port))
    assert code(recording) == "visit.not-offered"
    assert recording.facts["polls"] == []


async def test_a_device_that_tells_the_time_only_after_login() -> None:
    told = (
        b"<Envelope><Body><GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime><Time>"
        b"<Hour>1</Hour><Minute>2</Minute><Second>3</Second></Time><Date><Year>2026</Year>"
        b"<Month>1</Month><Day>1</Day></Date></UTCDateTime></SystemDateAndTime>"
        b"</GetSystemDateAndTimeResponse></Body></Envelope>"
    )
    fault = (
        b"<Envelope><Body><Fault><Code><Value>s:Sender</Value><Subcode><Value>ter:NotAuthorized"
        b"</Value></Subcode></Code></Fault></Body></Envelope>"
    )

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, _, body = await read_request(reader)
            writer.write(http_answer(told if b"UsernameToken" in body else fault))

    async with tcp_server(handle) as port:
        recording = await visit("clock", onvif_target(port))
    assert code(recording) is None
    assert recording.facts["polls"][0]["utc"]["second"] == 3
    assert recording.facts["polls"][0]["path"] == "onvif"


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Mon, 23 Nov 2026 09:11:39 GMT", 9),
        ("Mon, 23 Nov 2026 09:11:39 -0000", 9),
        ("Mon, 23 Nov 2026 17:11:39 +0800", 9),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_http_dates_are_read_as_utc_in_every_zone(text: str | None, hour: int | None) -> None:
    told = http_date(text)
    assert (told and told["hour"]) == hour


# online


async def test_online_means_answers_authenticates_and_delivers(gstreamer: Start) -> None:
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (state, camera):
        state.main.gop = 25
        lengths = replace(SHORT, online_polls=2)
        recording = await visit("online", camera, circumstances(lengths=lengths))
    assert code(recording) is None
    assert recording.facts["expected"] == 2
    for poll in recording.facts["polls"]:
        assert poll["answers"]
        assert poll["authenticates"]
        assert poll["picture"]
    with Image.open(io.BytesIO(recording.read("picture.jpg"))) as picture:
        assert picture.size == (320, 240)


async def test_offline_is_a_result_not_a_problem() -> None:
    recording = await visit("online", onvif_target(1))
    assert code(recording) is None
    assert recording.facts["polls"][0] | {"at": 0} == {
        "at": 0, "answers": False, "authenticates": False, "picture": False,
        "detail": "visit.refused",
    }  # fmt: skip
    assert len(recording.facts["polls"]) == 2
    assert not recording.parts


async def test_a_device_that_answers_but_refuses_the_password_is_asked_once() -> None:
    device = CountingDevice(status="401 Unauthorized")
    async with tcp_server(device) as port:
        recording = await visit("online", onvif_target(port, "wrong"))
    first, second = recording.facts["polls"]
    assert (first["answers"], first["authenticates"]) == (True, False)
    assert (second["answers"], second["authenticates"]) == (True, False)
    assert device.presented == 1


class CountingDevice:
    """Answers everything alike behind digest, and counts presented passwords."""

    def __init__(self, status: str, password: str = "x", lock_after: int = 1000) -> None:
        self.guard = DigestGuard("camera")
        self.status = status
        self.password = password
        self.lock_after = lock_after
        self.presented = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, headers, _ = await read_request(reader)
            verdict = ""
            if "authorization" in headers:
                self.presented += 1
                method = line.split()[0]
                verdict = self.guard.verify(headers["authorization"], method, self.password, 0.0)
            challenges = [f"WWW-Authenticate: {one.build()}" for one in self.guard.challenges(0.0)]
            if self.presented >= self.lock_after:
                writer.write(http_answer(b"", "423 Locked"))
            elif verdict == "ok":
                writer.write(http_answer(b"<Envelope><Body><R/></Body></Envelope>"))
            else:
                writer.write(http_answer(b"", self.status, *challenges))


# passwords


def trial(**changes: object) -> Circumstances:
    return circumstances(intrusive=True, telnet_port=1, **changes)


async def test_a_trial_needs_leave() -> None:
    async with onvif_camera() as (_, camera):
        assert code(await visit("passwords", camera)) == "visit.needs-intrusive"


async def test_a_strong_password_holds_on_every_service(gstreamer: Start) -> None:
    async with onvif_camera(rtsp_port=streaming(gstreamer)) as (_, camera):
        recording = await visit("passwords", camera, trial())
    assert code(recording) is None
    facts = recording.facts
    assert facts["ports"] == {
        "onvif": "open", "rtsp": "open", "http": "open", "telnet": "closed",
    }  # fmt: skip
    assert facts["anonymous"] == {"rtsp": False, "onvif": False, "http": False}
    assert {one["service"] for one in facts["attempts"]} == {"onvif", "rtsp", "http"}
    assert {one["candidate"] for one in facts["attempts"]} == {
        "empty", "equals-user", "factory-1",
    }  # fmt: skip
    assert {one["outcome"] for one in facts["attempts"]} == {"refused"}
    assert facts["stopped_early"] is None
    assert facts["declared"] == {
        "length": 15, "classes": 4, "in_dictionary": False, "equals_user": False, "score": None,
    }  # fmt: skip


async def test_a_factory_password_is_found_and_not_written_down(gstreamer: Start) -> None:
    port = streaming(gstreamer, "12345")
    async with onvif_camera(rtsp_port=port, password="12345") as (_, camera):
        patient = CameraOptions(answer_seconds=10)  # the first snapshot is rendered on demand
        camera = replace(onvif_target(camera.port, "12345"), options=patient)
        recording = await visit("passwords", camera, trial())
    accepted = [one for one in recording.facts["attempts"] if one["outcome"] == "accepted"]
    assert {(one["service"], one["candidate"]) for one in accepted} == {
        ("onvif", "factory-1"), ("rtsp", "factory-1"), ("http", "factory-1"),
    }  # fmt: skip
    assert recording.facts["declared"]["in_dictionary"] is True
    assert "12345" not in json.dumps(recording.facts["attempts"])


async def test_services_without_any_password_are_told(gstreamer: Start) -> None:
    async with onvif_camera("onvif-anonymous", rtsp_port=gstreamer().port) as (_, camera):
        recording = await visit("passwords", camera, trial())
    assert recording.facts["anonymous"]["rtsp"] is True
    assert recording.facts["anonymous"]["onvif"] is True
    assert {one["service"] for one in recording.facts["attempts"]} <= {"http"}


async def test_the_trial_ends_at_the_first_sign_of_a_lock_out() -> None:
    device = CountingDevice(status="401 Unauthorized", password="unguessable", lock_after=2)
    async with tcp_server(device) as port:
        recording = await visit("passwords", onvif_target(port, "also-wrong"), trial())
    assert recording.facts["attempts"][-1]["outcome"] == "locked"
    assert recording.facts["stopped_early"] == "visit.trial-locked"
    assert device.presented == 2


async def test_an_open_telnet_is_seen(gstreamer: Start) -> None:
    state = CameraState(ADDRESS, "p", behaviours={"telnet-open"})
    state.ports["telnet"] = 0
    server = TelnetServer(state)
    await server.start()
    try:
        async with onvif_camera(rtsp_port=streaming(gstreamer)) as (_, camera):
            given = replace(trial(), telnet_port=state.ports["telnet"])
            recording = await visit("passwords", camera, given)
    finally:
        await server.stop()
        await asyncio.sleep(0.01)
    assert recording.facts["ports"]["telnet"] == "open"
    assert "login" in recording.facts["telnet_banner"].lower()


async def test_a_trial_of_a_dead_device_is_a_problem() -> None:
    assert code(await visit("passwords", onvif_target(1), trial())) == "visit.unreachable"
