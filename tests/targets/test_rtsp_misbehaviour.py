from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.utils import rdpcap

from protocols.http_digest import DigestGuard
from protocols.time_source import SystemTime
from targets import packet_capture, udp_receiver
from targets.camera import CameraOptions, parse_camera
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.packet_capture import Flow, PacketCapture, TooMuchMediaError
from targets.rtsp_client import Reception, open_session
from targets.udp_receiver import Sweep, UdpReceiver, open_pair
from tests.targets.servers import ADDRESS, Handler, read_request, tcp_server

QUICK = CameraOptions(connect_seconds=0.5, answer_seconds=0.5)
#: Where an answer comes: a busy machine may take its time.
PATIENT = CameraOptions(connect_seconds=10, answer_seconds=10)
SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n"
)


def rtsp_answer(
    headers: dict[str, str], status: str = "200 OK", *fields: str, body: str = ""
) -> bytes:
    lines = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '')}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, "", ""]) + body).encode()


class Device:
    """A tiny RTSP device over TCP whose answers can be replaced by method."""

    def __init__(self, **answers: Callable[[dict[str, str]], bytes]) -> None:
        self.answers = answers
        self.seen: list[str] = []
        self.after_play = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, headers, _ = await read_request(reader)
            method = line.split()[0]
            self.seen.append(method)
            usual = {
                "OPTIONS": rtsp_answer(headers, "200 OK", "Public: DESCRIBE, GET_PARAMETER"),
                "DESCRIBE": rtsp_answer(headers, body=SDP),
                "SETUP": rtsp_answer(
                    headers, "200 OK", "Session: 7;timeout=2",
                    "Transport: RTP/AVP/TCP;unicast;interleaved=0-1",
                ),
            }  # fmt: skip
            given = self.answers.get(method)
            content = given(headers) if given else usual.get(method, rtsp_answer(headers))
            writer.write(content)
            if method == "PLAY":
                writer.write(self.after_play)


async def receive(
    handler: Handler,
    seconds: float = 0.2,
    *,
    stall: float = 0.3,
    options: CameraOptions = PATIENT,
) -> Reception:
    async with tcp_server(handler) as port:
        camera = parse_camera(
            f"rtsp://admin@{ADDRESS}:{port}/s", secret=lambda: Secret("pw"), options=options
        )
        async with open_session(camera, camera.stream_uri, time_source=SystemTime()) as session:
            session.first_packet_seconds = stall
            session.stall_seconds = stall
            await session.set_up(await session.describe(), udp=False)
            return await session.play(seconds)


async def code_of(handler: Handler, options: CameraOptions = PATIENT) -> str:
    started = time.monotonic()
    with pytest.raises(VisitProblem) as caught:
        await receive(handler, options=options)
    assert time.monotonic() - started < options.answer_seconds + 3.0
    return caught.value.reason.code


def frame(channel: int = 0, size: int = 20) -> bytes:
    packet = struct.pack(">BBHII", 0x80, 96, 1, 1, 1) + bytes(size)
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


@pytest.mark.parametrize(
    ("method", "content", "code"),
    [
        ("OPTIONS", b"\x00\x01garbage", "visit.malformed"),
        ("OPTIONS", b"HTTP/1.1 400 Bad Request\r\n\r\n", "visit.malformed"),
        ("DESCRIBE", b"RTSP/1.0 200 OK\r\nX: " + b"y" * 70_000, "visit.malformed"),
        ("DESCRIBE", b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "visit.malformed"),
        ("DESCRIBE", b"", "visit.timeout"),
    ],
    ids=lambda one: repr(one)[:40],
)
async def test_wrong_bytes_become_problems(method: str, content: bytes, code: str) -> None:
    options = QUICK if code == "visit.timeout" else PATIENT
    assert await code_of(Device(**{method: lambda _: content}), options) == code


@pytest.mark.parametrize(
    ("method", "answer", "code"),
    [
        ("DESCRIBE", lambda h: rtsp_answer(h, "404 Not Found"), "visit.not-offered"),
        ("DESCRIBE", lambda h: rtsp_answer(h, body="no sdp"), "visit.malformed"),
        ("DESCRIBE", lambda h: rtsp_answer(h), "visit.malformed"),
        ("DESCRIBE", lambda h: rtsp_answer(h, body="v=0\r\n"), "visit.not-offered"),
        ("DESCRIBE", lambda h: rtsp_answer(h, "401 No"), "visit.unauthorised"),
        ("SETUP", lambda h: rtsp_answer(h, "461 No"), "visit.not-offered"),
        ("SETUP", lambda h: rtsp_answer(h), "visit.malformed"),
        ("SETUP", lambda h: rtsp_answer(h, "200 OK", "Session: 1"), "visit.malformed"),
        ("PLAY", lambda h: rtsp_answer(h, "455 No"), "visit.not-offered"),
    ],
    ids=lambda one: one if isinstance(one, str) else "answer",
)  # fmt: skip
async def test_refusals_and_nonsense_become_problems(
    method: str, answer: Callable[[dict[str, str]], bytes], code: str
) -> None:
    assert await code_of(Device(**{method: answer})) == code


async def test_nothing_listens() -> None:
    camera = parse_camera(f"rtsp://{ADDRESS}:1/s", options=PATIENT)
    with pytest.raises(VisitProblem) as caught:
        async with open_session(camera, camera.stream_uri, time_source=SystemTime()):
            pass
    assert caught.value.reason.code == "visit.refused"


async def test_the_session_is_torn_down_whatever_happened() -> None:
    device = Device(PLAY=lambda headers: rtsp_answer(headers, "455 No"))
    assert await code_of(device) == "visit.not-offered"
    assert device.seen[-1] == "TEARDOWN"


async def test_a_stream_that_never_begins_stalls() -> None:
    reception = await receive(Device())
    assert (reception.end, reception.first_packet_s) == ("stalled", None)


async def test_a_stream_that_stops_stalls() -> None:
    device = Device()
    device.after_play = frame() + frame(1)
    reception = await receive(device, 5.0)
    assert reception.end == "stalled"
    assert [flow for _, flow, _ in reception.capture.packets] == [0, 1]


async def test_a_stream_that_turns_into_garbage_is_an_error() -> None:
    device = Device()
    device.after_play = frame() + b"\xff" * 50
    assert (await receive(device, 5.0)).end == "error"


async def test_a_device_that_hangs_up() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        device = Device()
        device.after_play = frame()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await device(reader, writer)

    assert (await receive(handle, 5.0, stall=2.0)).end == "closed-by-device"


async def test_a_flood_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_capture, "MAXIMUM_BYTES", 1000)
    device = Device()
    device.after_play = frame(size=400) * 5
    assert await code_of(device) == "visit.too-much"


async def test_frames_on_channels_nobody_set_up_are_ignored() -> None:
    device = Device()
    device.after_play = frame(9) + frame(0)
    reception = await receive(device, 0.1)
    assert [flow for _, flow, _ in reception.capture.packets] == [0]


async def test_the_session_is_kept_alive() -> None:
    device = Device()
    device.after_play = frame()
    await receive(device, 2.3, stall=5.0)
    assert "GET_PARAMETER" in device.seen


async def test_a_wrong_password_is_presented_once() -> None:
    guard = DigestGuard("camera", ("MD5", "SHA-256"))
    presented = 0

    def describe(headers: dict[str, str]) -> bytes:
        nonlocal presented
        presented += "authorization" in headers
        fields = [f"WWW-Authenticate: {one.build()}" for one in guard.challenges(0.0)]
        return rtsp_answer(headers, "401 Unauthorized", *fields)

    assert await code_of(Device(DESCRIBE=describe)) == "visit.unauthorised"
    assert presented == 1


async def test_control_addresses_of_other_hosts_are_not_followed() -> None:
    body = SDP.replace("a=control:v", "a=control:rtsp://192.0.2.9/s/v")
    device = Device(DESCRIBE=lambda headers: rtsp_answer(headers, body=body))
    device.after_play = frame()
    assert (await receive(device, 0.1)).end == "complete"


async def test_a_camera_with_an_ipv6_address_stands_in_the_capture_by_a_number() -> None:
    device = Device()
    device.after_play = frame()
    async with tcp_server(device, address="::1") as port:
        camera = parse_camera(f"rtsp://[::1]:{port}/s", options=PATIENT)
        async with open_session(camera, camera.stream_uri, time_source=SystemTime()) as session:
            await session.set_up(await session.describe(), udp=False)
            await session.play(0.1)
            assert session.flows()[0].source == ("192.0.2.1", 50_000)


# capture and UDP


def test_the_capture_is_what_scapy_reads(tmp_path: Path) -> None:
    capture = PacketCapture()
    flows = [
        Flow(("10.0.0.2", 50_000), ("10.0.0.1", 50_000)),
        Flow(("10.0.0.2", 50_001), ("10.0.0.1", 50_001)),
    ]
    capture.add(1_700_000_000_000_000_500, 1, b"second")
    capture.add(1_700_000_000_000_000_100, 0, b"first")
    path = tmp_path / "a.pcap"
    path.write_bytes(capture.to_pcap(flows))
    first, second = rdpcap(str(path))
    assert (bytes(first[UDP].payload), first[UDP].sport, first[IP].dst) == (
        b"first", 50_000, "10.0.0.1",
    )  # fmt: skip
    assert bytes(second[UDP].payload) == b"second"
    assert int(first.time * 10**9) == 1_700_000_000_000_000_100
    checksum = first[IP].chksum
    del first[IP].chksum
    assert IP(bytes(first)).chksum == checksum
    assert len(rdpcap(str(path))) == 2


def test_the_capture_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_capture, "MAXIMUM_BYTES", 10)
    capture = PacketCapture()
    capture.add(0, 0, b"123456")
    with pytest.raises(TooMuchMediaError):
        capture.add(0, 0, b"123456")


@pytest.mark.parametrize("stamped", [True, False])
async def test_datagrams_are_taken_with_their_times(
    monkeypatch: pytest.MonkeyPatch, stamped: bool
) -> None:
    if not stamped:
        monkeypatch.setattr(udp_receiver, "_ask_for_stamps", lambda _: False)
    rtp, rtcp = open_pair(ADDRESS)
    assert rtp.getsockname()[1] % 2 == 0
    assert rtcp.getsockname()[1] == rtp.getsockname()[1] + 1
    rtcp.close()
    capture = PacketCapture()
    receiver = UdpReceiver(rtp, 4, ADDRESS, capture, SystemTime())
    sweep = Sweep([receiver])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((ADDRESS, 0))
        before = time.time_ns()
        sender.sendto(b"one", (ADDRESS, receiver.port))
        async with asyncio.timeout(2):
            await receiver.first
        sender.sendto(b"two", (ADDRESS, receiver.port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.12.0.77", 0))
        stranger.sendto(b"forged", (ADDRESS, receiver.port))
    sweep.close()
    receiver.close()
    receiver.close()
    assert [(flow, data) for _, flow, data in capture.packets] == [(4, b"one"), (4, b"two")]
    assert all(before - 1000 <= at <= time.time_ns() for at, _, _ in capture.packets)
    assert capture.dropped == 0


async def test_what_our_own_queue_drops_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_receiver, "_QUEUE_BYTES", 4096)
    rtp, rtcp = open_pair(ADDRESS)
    rtcp.close()
    capture = PacketCapture()
    receiver = UdpReceiver(rtp, 0, ADDRESS, capture, SystemTime())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(200):
            sender.sendto(bytes(1000), (ADDRESS, receiver.port))
        receiver.drain()
        sender.sendto(bytes(1000), (ADDRESS, receiver.port))
        receiver.drain()
    receiver.close()
    assert capture.dropped == 201 - len(capture.packets)
    assert capture.dropped > 100
