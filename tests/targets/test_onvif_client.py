from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from protocols.time_source import SystemTime, VirtualTime
from protocols.xml_reading import read_xml, words
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from targets.camera import CameraOptions, CameraTarget, parse_camera
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.onvif_client import OnvifClient, OnvifFault, device_utc
from targets.onvif_media import CameraMedia
from targets.transcript import Transcript
from tests.targets.servers import ADDRESS, Handler, http_answer, read_request, tcp_server

PATIENT = CameraOptions(connect_seconds=10, answer_seconds=10)
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:ter="http://www.onvif.org/ver10/error"><s:Body>{}</s:Body></s:Envelope>'
)
REFUSAL = ENVELOPE.format(
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value>"
    "</s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>"
).encode()


def target(port: int, password: str = "Tantou-2026-sim") -> CameraTarget:
    address = f"onvif://admin@{ADDRESS}:{port}"
    return parse_camera(address, secret=lambda: Secret(password), options=PATIENT)


@asynccontextmanager
async def simulated(*behaviours: str, clock: VirtualTime | None = None) -> AsyncIterator[int]:
    state = CameraState(ADDRESS, "p", behaviours=set(behaviours))
    state.ports = {"http": 0, "https": 0, "rtsp": 554, "rtsps": 322}
    if clock is not None:
        state.clock = clock
    server = OnvifServer(state)
    await server.start()
    try:
        yield state.ports["http"]
    finally:
        await server.stop()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def talking_to(port: int, password: str = "Tantou-2026-sim") -> AsyncIterator[OnvifClient]:
    secret = Secret(password)
    client = OnvifClient(
        target(port, password), time_source=SystemTime(), transcript=Transcript([secret])
    )
    try:
        yield client
    finally:
        client.close()


async def problem_of(work: Awaitable[object]) -> VisitProblem:
    with pytest.raises(VisitProblem) as caught:
        await work
    return caught.value


@pytest.mark.parametrize("behaviour", ["", "wsse-only", "http-digest-only", "local-time-as-utc"])
async def test_logging_in_as_the_device_asks(behaviour: str) -> None:
    async with simulated(behaviour) as port, talking_to(port) as client:
        await client.connect()
        answer = await client.call("devicemgmt", "GetDeviceInformation")
        assert words(answer, "Manufacturer") == "Tantou"
        users = await client.call("devicemgmt", "GetUsers")
        assert words(users, "User", "Username") == "admin"
        assert client.transcript is not None
        written = client.transcript.to_bytes()
        assert b"Tantou-2026-sim" not in written
        assert b"PasswordDigest" not in written
        assert words(read_xml(written), "response", "Envelope", "Body") is not None


async def test_the_token_is_made_in_the_devices_own_time() -> None:
    clock = VirtualTime(1_500_000_000.0)  # years behind: a token of our time would be refused
    async with simulated("wsse-only", clock=clock) as port, talking_to(port) as client:
        assert await client.call("devicemgmt", "GetUsers") is not None


@pytest.mark.parametrize("behaviour", ["", "wsse-only", "http-digest-only"])
async def test_a_wrong_password_is_tried_once(behaviour: str) -> None:
    async with simulated(behaviour) as port, talking_to(port, "wrong-word") as client:
        for _ in range(2):
            problem = await problem_of(client.call("devicemgmt", "GetUsers"))
            assert problem.reason.code == "visit.unauthorised"
            assert "wrong-word" not in repr(problem)
        assert client.transcript is not None
        written = client.transcript.to_bytes()
        assert b"wrong-word" not in written
        assert written.count(b"UsernameToken") <= 1


@pytest.mark.parametrize("behaviour", ["", "media1-only", "media2-only", "many-profiles"])
async def test_profiles_addresses_and_options(behaviour: str) -> None:
    async with simulated(behaviour) as port, talking_to(port) as client:
        media = CameraMedia(client)
        profiles = await media.profiles()
        assert profiles[0]["video"] == {
            "token": "main",
            "encoding": "H264",
            "width": 1920,
            "height": 1080,
            "frame_rate": 25.0,
            "bitrate_kbps": 4096,
            "gop": 50,
        }
        assert profiles[0]["audio"]["sample_rate"] == 8000
        uri = await media.stream_uri(profiles[0]["token"])
        assert uri.startswith(f"rtsp://{ADDRESS}")
        snapshot = await media.snapshot_uri(profiles[0]["token"])
        assert snapshot is not None
        assert snapshot.startswith(f"http://{ADDRESS}:{port}/")
        options = await media.encoder_options()
        assert [1920, 1080] in options["H264"]["sizes"]
        assert ("H265" in options) == (behaviour != "media1-only")


@pytest.mark.parametrize("behaviour", ["", "media1-only"])
async def test_an_encoder_is_set_and_set_back(behaviour: str) -> None:
    async with simulated(behaviour) as port, talking_to(port) as client:
        media = CameraMedia(client)
        before = (await media.profiles())[1]
        wanted = before["video"] | {"encoding": "JPEG", "frame_rate": 10.0}
        await media.set_encoder(before, wanted)
        changed = (await media.profiles(again=True))[1]["video"]
        assert (changed["encoding"], changed["frame_rate"]) == ("JPEG", 10.0)
        await media.set_encoder(before, before["video"])
        assert (await media.profiles(again=True))[1] == before


async def test_onvif_over_tls() -> None:
    state = CameraState(ADDRESS, "p")
    state.ports = {"http": 0, "https": 0, "rtsp": 554, "rtsps": 322}
    server = OnvifServer(state)
    await server.start()
    try:
        secure = replace(
            target(state.ports["https"]),
            scheme="onvifs",
            options=CameraOptions(connect_seconds=10, answer_seconds=10, verify_tls=False),
        )
        client = OnvifClient(secure, time_source=SystemTime())
        assert (await CameraMedia(client).profiles())[0]["token"] == "profile_main"
        assert all(one.startswith("https://") for one in client.services.values())
        client.close()
    finally:
        await server.stop()
        await asyncio.sleep(0.01)


async def test_an_absent_service_and_a_fault() -> None:
    async with simulated("no-ptz") as port, talking_to(port) as client:
        await client.connect()
        assert await client.optional("ptz", "GetNodes") is None
        problem = await problem_of(client.call("ptz", "GetNodes"))
        assert problem.reason.code == "visit.not-offered"
        with pytest.raises(OnvifFault):
            await client.call("media", "GetStreamUri", ProfileToken="absent", StreamSetup={
                "Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}})  # fmt: skip
        problem = await problem_of(client.require("media2", "GetSnapshotUri", ProfileToken="no"))
        assert problem.reason.code == "visit.not-offered"


def soap(answer: bytes, status: str = "200 OK") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(http_answer(answer, status))

    return handle


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (b"not xml", "200 OK", "visit.malformed"),
        (b"<html/>", "200 OK", "visit.malformed"),
        (ENVELOPE.format("").encode(), "200 OK", "visit.malformed"),
        (b"<a>" * 1000 + b"</a>" * 1000, "200 OK", "visit.malformed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "200 OK", "visit.malformed"),
        (b"<a>" + b"<b/>" * 300_000, "200 OK", "visit.too-much"),
        (b"<h1>error</h1>", "500 Error", "visit.malformed"),
        (b"", "404 Not Found", "visit.malformed"),
        (REFUSAL, "400 Bad", "visit.unauthorised"),
        (b"", "401 Unauthorized", "visit.unauthorised"),
    ],
    ids=lambda one: repr(one)[2:30],
)
async def test_wrong_answers_become_problems(answer: bytes, status: str, code: str) -> None:
    async with tcp_server(soap(answer, status)) as port, talking_to(port) as client:
        problem = await problem_of(client.call("devicemgmt", "GetDeviceInformation"))
        assert problem.reason.code == code


async def test_addresses_elsewhere_are_reached_on_the_host_of_the_site_file() -> None:
    client = OnvifClient(target(8080), time_source=SystemTime())
    assert client.reachable("http://10.0.0.9/onvif/media") == f"http://{ADDRESS}:8080/onvif/media"
    assert client.reachable("http://10.0.0.9:81/m") == f"http://{ADDRESS}:81/m"
    assert client.reachable(f"http://{ADDRESS}/m") == f"http://{ADDRESS}/m"
    assert client.reachable("rtsp://a:b@10.0.0.9/s?x=1") == f"rtsp://{ADDRESS}/s?x=1"
    assert client.addresses_elsewhere == ["10.0.0.9", "10.0.0.9", "10.0.0.9"]
    secure = replace(target(8443), scheme="onvifs")
    behind_tls = OnvifClient(secure, time_source=SystemTime())
    assert behind_tls.reachable(f"http://{ADDRESS}:80/m") == f"https://{ADDRESS}:8443/m"
    for nonsense in ("", "no address", "http://[broken", "http://x:99999/"):
        with pytest.raises(VisitProblem) as caught:
            client.reachable(nonsense)
        assert caught.value.reason.code == "visit.malformed"


def test_the_device_time_of_nonsense_is_unknown() -> None:
    told = (
        "<a><SystemDateAndTime><UTCDateTime><Time><Hour>{}</Hour><Minute>0</Minute><Second>0"
        "</Second></Time><Date><Year>{}</Year><Month>1</Month><Day>1</Day></Date></UTCDateTime>"
        "</SystemDateAndTime></a>"
    )
    assert device_utc(read_xml(told.format(1, 1970).encode())) == 3600.0
    assert device_utc(read_xml(told.format(1, 0).encode())) is None
    assert device_utc(read_xml(told.format("x", 2026).encode())) is None
    assert device_utc(read_xml(b"<a/>")) is None
