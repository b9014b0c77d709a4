"""A whole session of the simulated device with our registrar, as Wireshark's tshark sees it.

tshark captures from the wire what both say, and afterwards reads what the registrar recorded; the
pictures in the program stream inside RTP are decoded by ffmpeg.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.pcap import read_capture
from protocols.rtp import is_rtcp, parse_rtp
from protocols.sip.capture import write_conversation
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState
from targets.credentials import Secret
from targets.gb28181 import ServerSettings, UpperPlatform
from targets.gb28181.media_receiver import MediaTransport
from targets.gb28181.media_session import MediaOrder, MediaOutcome, MediaSession

SERVER, DEVICE = "61010000002000000001", "61010000001320000001"
PASSWORD = "Seen-by-tshark-2026"
TRANSPORTS: tuple[MediaTransport, ...] = ("udp", "tcp-device-active", "tcp-device-passive")
MEDIA_SECONDS = 1.5
FLOWS = {"udp": "127.67.4", "tcp": "127.67.5"}


@dataclass(frozen=True)
class Session:
    """What was captured and recorded of one session."""

    transport: str
    port: int
    wire: Path
    conversation: Path
    media: dict[MediaTransport, Path]
    outcomes: dict[MediaTransport, MediaOutcome]


@pytest.fixture(autouse=True, scope="module")
def _tools() -> None:
    for tool in ("tshark", "ffmpeg", "ffprobe"):
        if shutil.which(tool) is None:
            pytest.fail(f"{tool} is missing: apt-get install {tool.replace('probe', 'mpeg')}")


@pytest.fixture(scope="module", params=["udp", "tcp"])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp(f"session-{request.param}")
    return asyncio.run(_session(request.param, folder))


@contextlib.asynccontextmanager
async def capturing(network: str, path: Path) -> AsyncIterator[None]:
    """tshark on loopback; it says itself when it has begun."""
    command = ["tshark", "-i", "lo", "-f", f"net {network}.0/24", "-w", str(path)]
    tshark = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert tshark.stderr is not None
    async with asyncio.timeout(20):
        while b"Capturing on" not in await tshark.stderr.readline():
            pass
    await asyncio.sleep(0.5)  # what it says comes a little before the kernel's filter stands
    try:
        yield
        await asyncio.sleep(0.5)  # so does its file come a little after the packets
    finally:
        tshark.terminate()
        await tshark.communicate()


async def _session(transport: str, folder: Path) -> Session:
    """Register, live, be asked, send pictures three times, leave."""
    network = FLOWS[transport]
    settings = ServerSettings(address=f"{network}.1", port=0, server_id=SERVER)
    platform = UpperPlatform(settings, password_of=lambda _: Secret(PASSWORD))
    await platform.start()
    watched = platform.device(DEVICE)
    state = CameraState(address=f"{network}.2", point=DEVICE, light="day")
    plan = {
        "server_address": f"{network}.1", "server_port": platform.port, "server_id": SERVER,
        "device_id": DEVICE, "password": PASSWORD, "keepalive_s": 1.0, "transport": transport,
    }  # fmt: skip
    device = GbDevice(state, GbSettings.from_plan(plan, DEVICE))
    media, outcomes = {}, {}
    try:
        async with capturing(network, folder / "wire.pcapng"):
            await device.start()
            await watched.registered(10)
            for command in ("Catalog", "DeviceInfo", "DeviceStatus"):
                assert (await watched.query(command)).complete, command
            for kind in TRANSPORTS:
                order = MediaOrder(channel=device.settings.channel_ids()[0], transport=kind)
                async with MediaSession(watched, order) as live:
                    await asyncio.sleep(MEDIA_SECONDS)
                media[kind], outcomes[kind] = folder / f"{kind}.pcap", live.outcome
                media[kind].write_bytes(live.to_pcap())
            assert await watched.wait_for(lambda: watched.since(0, "keepalive"), 3)
            await device.stop()
    finally:
        await device.stop()
        await platform.stop()
    conversation = folder / "conversation.pcapng"
    conversation.write_bytes(write_conversation(watched.messages))
    return Session(transport, platform.port, folder / "wire.pcapng", conversation, media, outcomes)


def tshark(path: Path, *options: str, fields: tuple[str, ...]) -> list[list[str]]:
    command = ["tshark", "-r", str(path), *options, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def as_sip(session: Session) -> tuple[str, ...]:
    """How tshark is told which port is SIP, and that the bodies are XML."""
    options: tuple[str, ...] = ("-d", "media_type==application/manscdp+xml,xml")
    for transport in ("udp", "tcp"):
        options += ("-d", f"{transport}.port=={session.port},sip")
    return options


SAID = ("sip.Method", "sip.Status-Code", "sip.CSeq.method")


def test_everything_was_played_and_ended(session):
    for kind, outcome in session.outcomes.items():
        assert outcome.problem is None, kind
        assert (outcome.status, outcome.bye_status) == (200, 200)


@pytest.mark.parametrize("what", ["wire", "conversation"])
def test_tshark_finds_nothing_malformed(session, what):
    path = getattr(session, what)
    doubtful = '_ws.malformed || _ws.expert.severity == "Error"'
    fields = ("frame.number", "_ws.expert.message")
    assert tshark(path, *as_sip(session), "-Y", doubtful, fields=fields) == []


@pytest.mark.parametrize("what", ["wire", "conversation"])
def test_tshark_sees_registration_keepalive_questions_sessions_and_leave(session, what):
    rows = tshark(getattr(session, what), *as_sip(session), "-Y", "sip", fields=SAID)
    said = [method or f"{status} {of}" for method, status, of in rows]
    assert said[:4] == ["REGISTER", "401 REGISTER", "REGISTER", "200 REGISTER"]
    for one in ("INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"):
        assert said.count(one) == len(TRANSPORTS), one
    assert said.count("MESSAGE") == said.count("200 MESSAGE") > 6
    assert said[-1] == "200 REGISTER"


def test_tshark_reads_the_commands_in_the_bodies(session):
    rows = tshark(session.wire, *as_sip(session), "-Y", "xml", fields=("xml.cdata",))
    words = {word for row in rows for word in ",".join(row).split(",")}
    assert {"Keepalive", "Catalog", "DeviceInfo", "DeviceStatus", DEVICE} <= words


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_tshark_reads_the_media_as_rtp_of_the_agreed_source(session, kind):
    path = session.media[kind]
    ports = [int(one[0]) for one in tshark(path, fields=("udp.dstport",))]
    decode = ("-d", f"udp.port=={max(set(ports), key=ports.count)},rtp")
    assert tshark(path, *decode, "-Y", "_ws.malformed", fields=("frame.number",)) == []
    rows = tshark(path, *decode, "-Y", "rtp", fields=("rtp.ssrc", "rtp.p_type", "rtp.seq"))
    assert {(int(one[0], 16), one[1]) for one in rows} == {(session.outcomes[kind].ssrc, "96")}
    numbers = [int(one[2]) for one in rows]
    assert all((after - before) % 65536 == 1 for before, after in itertools.pairwise(numbers))


def test_tshark_reads_rtp_over_tcp_off_the_wire_by_rfc_4571(session):
    opened = ("-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0")
    ports = {int(one[0]) for one in tshark(session.wire, *opened, fields=("tcp.dstport",))}
    ports -= {session.port}
    assert len(ports) == 2
    decode = tuple(word for port in ports for word in ("-d", f"tcp.port=={port},rtp"))
    rows = tshark(session.wire, *decode, "-Y", "rtp && tcp", fields=("rtp.ssrc",))
    found = {int(one, 16) for row in rows for one in row[0].split(",")}
    assert found == {session.outcomes[kind].ssrc for kind in TRANSPORTS if kind != "udp"}


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_ffmpeg_decodes_every_picture_that_we_find(session, kind, tmp_path):
    packets = [one.data[28:] for one in read_capture(session.media[kind].read_bytes())]
    stream = b"".join(parse_rtp(one).payload for one in packets if not is_rtcp(one))
    path = tmp_path / "taken-out.ps"
    path.write_bytes(stream)
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v"]
    command += ["-show_entries", "stream=codec_name,nb_read_frames", "-of", "csv=p=0", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    codec, count = done.stdout.strip().split(",")[:2]
    pictures = demultiplex(stream).access_units
    assert codec == "h264"
    assert len(pictures) - 1 <= int(count) <= len(pictures)  # the last one may be cut off
    assert int(count) >= 15
    assert "[h264" not in done.stderr  # of stream type 90H, G.711, ffmpeg knows nothing
