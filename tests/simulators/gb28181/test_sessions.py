from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocols.gb28181.sdp import GbSession, build_offer, parse_session
from protocols.mpeg_ps.conformance import judge_program_stream
from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.rtp import is_rtcp
from protocols.rtp_stream import FrameSplitter
from protocols.sip.dialog import Dialog
from protocols.srtp import SrtpReceiver, new_crypto_line, parse_crypto_line
from simulators import certificates
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.records import SEGMENT_S
from tests.simulators.gb28181.bench import SERVER, Registrar, registered

SSRC = 100_000_007
_PLAYBACK: dict[str, Any] = {"name": "Playback", "ssrc": 1_100_000_001}
_PORTS = itertools.count(31_000, 2)


class Receiver:
    """The platform's end of one session."""

    def __init__(self, registrar: Registrar, device: GbDevice) -> None:
        self.registrar = registrar
        self.channel = device.settings.channel_ids()[0]
        self.packets: list[tuple[float, bytes]] = []
        self.reports: list[bytes] = []
        self.port = 0
        self.answer: GbSession
        self.dialog: Dialog
        self.status = 0
        self._closing: list[Any] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def invite(self, transport: str = "udp", **more: Any) -> None:
        loop = asyncio.get_running_loop()
        address = self.registrar.endpoint.address
        if transport == "udp":
            self.port = next(_PORTS)
            for offset in (0, 1):
                medium, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(address, self.port + offset)
                )
                self._closing.append(medium)
        elif transport == "tcp-device-active":
            listener = await asyncio.start_server(self._read, address, 0)
            self.port = listener.sockets[0].getsockname()[1]
            self._closing.append(listener)
        offer = build_offer(
            owner=SERVER,
            address=address,
            port=self.port or 9,
            ssrc=more.pop("ssrc", SSRC),
            transport="udp" if transport == "udp" else "tcp",
            setup="active" if transport == "tcp-device-passive" else "",
            channel=self.channel,
            **more,
        )
        endpoint, peer = self.registrar.endpoint, self.registrar.peer
        assert peer is not None
        request = endpoint.new_request(
            "INVITE",
            f"sip:{self.channel}@{peer.host}:{peer.port}",
            from_=f"<sip:{SERVER}@6101000000>",
            to=f"<sip:{self.channel}@6101000000>",
            contact=f"<sip:{SERVER}@{address}:{endpoint.port}>",
            headers=[("Subject", f"{self.channel}:{SSRC:010d},{SERVER}:0")],
            content_type="APPLICATION/SDP",
            body=offer,
        )
        answer = await endpoint.request(request, peer, timeout=60)
        self.status = answer.status
        if answer.status != 200:
            return
        self.answer = parse_session(answer.body)
        self.dialog = Dialog.from_uac(request, answer)
        endpoint.send(self.dialog.request("ACK"), peer)
        if transport == "tcp-device-passive":
            reader, writer = await asyncio.open_connection(self.answer.address, self.answer.port)
            self._tasks.append(asyncio.create_task(self._read(reader, writer)))

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        splitter = FrameSplitter()
        while data := await reader.read(65_536):
            for packet in splitter.feed(data):
                self.take(packet)

    def take(self, packet: bytes) -> None:
        if is_rtcp(packet):
            self.reports.append(packet)
        else:
            self.packets.append((time.monotonic(), packet))

    async def ask(self, method: str, body: bytes = b"", content_type: str = "") -> int:
        assert self.registrar.peer is not None
        request = self.dialog.request(method, body=body, content_type=content_type)
        answer = await self.registrar.endpoint.request(request, self.registrar.peer, timeout=3)
        return answer.status

    async def control(self, *lines: str) -> int:
        body = "\r\n".join([*lines, "", ""]).encode()
        return await self.ask("INFO", body, "Application/MANSRTSP")

    async def gather(self, count: int, seconds: float = 8.0) -> None:
        await self.until(lambda: len(self.packets) >= count, seconds)

    async def until(self, ready: Callable[[], bool], seconds: float = 8.0) -> None:
        """Wait for what the media bring: they travel beside the signalling, not before it."""
        async with asyncio.timeout(seconds):
            while not ready():
                await asyncio.sleep(0.02)

    def stream(self) -> bytes:
        return b"".join(packet[12:] for _, packet in self.packets)

    def span(self) -> float:
        """Seconds of media by RTP timestamps."""
        stamps = [int.from_bytes(packet[4:8], "big") for _, packet in self.packets]
        return ((stamps[-1] - stamps[0]) % (1 << 32)) / 90_000

    async def close(self) -> None:
        for one in (*self._closing, *self._writers):
            one.close()
        for task in self._tasks:
            task.cancel()
        # A listener does not close what it accepted: only the writers do.
        ends = [writer.wait_closed() for writer in self._writers]
        await asyncio.gather(*self._tasks, *ends, return_exceptions=True)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._receiver.take(data)


@pytest.mark.parametrize("transport", ["udp", "tcp-device-active", "tcp-device-passive"])
async def test_live(transport: str, tmp_path: Path) -> None:
    async with registered() as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite(transport)
            assert receiver.status == 200
            assert receiver.answer.ssrc == SSRC
            await receiver.gather(100)
            first = receiver.packets[0][1]
            assert first[1] & 0x7F == 96
            assert int.from_bytes(first[8:12], "big") == SSRC
            found = demultiplex(receiver.stream())
            assert found.video == "H264"
            assert found.access_units[0].key
            assert judge_program_stream(receiver.stream()) == ()
            assert await receiver.ask("BYE") == 200
            await asyncio.sleep(0.1)
            seen = len(receiver.packets)
            await asyncio.sleep(0.3)
            assert len(receiver.packets) == seen
            assert receiver.reports or transport != "udp"
        finally:
            await receiver.close()
        if transport == "udp":
            (tmp_path / "live.ps").write_bytes(receiver.stream())
            told = subprocess.run(
                ["ffprobe", "-v", "error", "-show_streams", "-of", "json", tmp_path / "live.ps"],
                capture_output=True,
                check=True,
            )
            names = {one["codec_name"] for one in json.loads(told.stdout)["streams"]}
            assert "h264" in names  # ffprobe takes G.711 in a program stream for MPEG audio.


@pytest.mark.parametrize("transport", ["udp", "tcp-device-active"])
async def test_history(transport: str) -> None:
    start = (time.time() // SEGMENT_S - 2) * SEGMENT_S
    async with registered() as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            times: dict[str, Any] = {"start": round(start), "stop": round(start) + 3}
            await receiver.invite(transport, **_PLAYBACK, **times)
            assert receiver.status == 200
            await receiver.gather(50)
            assert await receiver.control("PLAY RTSP/1.0", "CSeq: 1", "Scale: 4.0") == 200
            await registrar.until(lambda: registrar.of("MediaStatus"), 3.0)
            assert registrar.of("MediaStatus")[0].text("NotifyType") == "121"
            await receiver.until(lambda: receiver.span() > 2.8)
            assert abs(receiver.span() - 3) < 0.2
            assert await receiver.ask("BYE") == 200
        finally:
            await receiver.close()


async def test_pause_and_seek() -> None:
    start = (time.time() // SEGMENT_S - 2) * SEGMENT_S
    async with registered() as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            times: dict[str, Any] = {"start": round(start), "stop": round(start) + 600}
            await receiver.invite(**_PLAYBACK, **times)
            await receiver.gather(20)
            assert await receiver.control("PAUSE RTSP/1.0", "CSeq: 2", "PauseTime: now") == 200
            await asyncio.sleep(0.1)
            seen = len(receiver.packets)
            await asyncio.sleep(0.3)
            assert len(receiver.packets) == seen
            assert await receiver.control("PLAY RTSP/1.0", "CSeq: 3", "Range: npt=100-") == 200
            await receiver.gather(seen + 10)
            assert abs(receiver.span() - 100) < 2
        finally:
            await receiver.close()


async def test_download_is_faster_and_as_long_as_told() -> None:
    start = (time.time() // SEGMENT_S - 2) * SEGMENT_S
    async with registered() as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite(
                "tcp-device-active",
                name="Download",
                ssrc=1_100_000_001,
                download_speed=4,
                start=round(start),
                stop=round(start) + 4,
            )
            began = time.monotonic()
            await registrar.until(lambda: registrar.of("MediaStatus"), 4.0)
            assert time.monotonic() - began < 2.5
            size = receiver.answer.file_size
            assert size is not None
            await receiver.until(lambda: len(receiver.stream()) >= size)
            assert len(receiver.stream()) == size
        finally:
            await receiver.close()


async def test_refusals() -> None:
    async with registered() as (registrar, device):
        for more, status in (
            ({"formats": ("H264",)}, 488),
            ({"name": "Playback", "start": 1_000_000_000, "stop": 1_000_000_060}, 404),
            ({"crypto": ["1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40]}, 488),
        ):
            receiver = Receiver(registrar, device)
            try:
                await receiver.invite(**more)
                assert receiver.status == status
            finally:
                await receiver.close()


@pytest.mark.parametrize(
    "name", ["wrong-ssrc", "wrong-payload-type", "no-psm", "ps-length-wrong", "gb-h265"]
)
async def test_media_behaviours(name: str) -> None:
    async with registered(name) as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite()
            await receiver.gather(60)
            first = receiver.packets[0][1]
            found = judge_program_stream(receiver.stream())
            if name == "wrong-ssrc":
                assert int.from_bytes(first[8:12], "big") != SSRC
            elif name == "wrong-payload-type":
                assert first[1] & 0x7F == 98
            elif name == "gb-h265":
                assert demultiplex(receiver.stream()).video == "H265"
            else:
                assert found
        finally:
            await receiver.close()


async def test_ignores_bye() -> None:
    async with registered("ignores-bye") as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite()
            await receiver.gather(10)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(receiver.ask("BYE"), 0.5)
            seen = len(receiver.packets)
            await receiver.gather(seen + 10)
        finally:
            await receiver.close()


async def test_passive_fails() -> None:
    async with registered("tcp-passive-fails") as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            with pytest.raises(OSError):
                await receiver.invite("tcp-device-passive")
        finally:
            await receiver.close()


@pytest.mark.parametrize("transport", ["udp", "tcp-device-active"])
async def test_srtp_is_agreed_inside_tls(transport: str) -> None:
    line = new_crypto_line()
    authority = str(certificates.authority_file())
    async with registered(tls=True, transport="tls", ca_file=authority) as (registrar, device):
        receiver = Receiver(registrar, device)
        try:
            await receiver.invite(transport, crypto=[line.build()])
            assert receiver.status == 200
            await receiver.gather(30)
            key = parse_crypto_line(receiver.answer.crypto[0])
            opener = SrtpReceiver(key)
            clear = b"".join(opener.rtp(packet)[12:] for _, packet in receiver.packets)
            assert demultiplex(clear).access_units[0].key
            assert b"\0\0\1\xba" not in receiver.packets[0][1]
        finally:
            await receiver.close()
