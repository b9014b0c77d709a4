from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from protocols.time_source import SystemTime
from targets.camera import CameraOptions, parse_camera
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.rtsp_client import Reception, RtspSession, open_session
from tests.targets.servers import GstreamerServer, write_certificate

PATIENT = CameraOptions(connect_seconds=10, answer_seconds=10)
Start = Callable[..., GstreamerServer]


async def receive(
    uri: str, seconds: float, *, udp: bool, password: str = "", options: CameraOptions = PATIENT
) -> tuple[RtspSession, Reception, bytes]:
    camera = parse_camera(uri, secret=lambda: Secret(password), options=options)
    async with open_session(camera, camera.stream_uri, time_source=SystemTime()) as session:
        await session.set_up(await session.describe(), udp=udp)
        reception = await session.play(seconds)
        pcap = reception.capture.to_pcap(session.flows())
    return session, reception, pcap


@pytest.mark.parametrize("udp", [True, False])
async def test_gstreamers_stream_is_received(gstreamer: Start, tmp_path: Path, udp: bool) -> None:
    server = gstreamer()
    before = time.time()
    session, reception, pcap = await receive(server.uri(), 1.5, udp=udp)
    assert reception.end == "complete"
    assert reception.first_packet_s is not None
    assert reception.first_packet_s < 2
    video, audio = (track.as_fact() for track in session.tracks)
    assert (video["media"], video["encoding"], video["clock_rate"]) == ("video", "H264", 90000)
    assert (audio["media"], audio["encoding"], audio["payload_type"]) == ("audio", "PCMA", 8)
    assert "packetization-mode=1" in video["format"]
    times = [time_ns / 1e9 for time_ns, _, _ in reception.capture.packets]
    assert before < min(times)
    assert max(times) < time.time()
    flows = {flow for _, flow, _ in reception.capture.packets}
    assert flows >= {0, 2}, "video and audio"
    path = tmp_path / "packets.pcap"
    path.write_bytes(pcap)
    assert independent_count(path, video["rtp_port"]) >= 25


def independent_count(path: Path, port: int) -> int:
    """Pictures that tshark finds: RTP packets with the marker bit."""
    command = ["tshark", "-r", str(path), "-d", f"udp.port=={port},rtp", "-Y", "rtp.marker==1"]
    shown = subprocess.run(
        [*command, "-T", "fields", "-e", "rtp.seq"], capture_output=True, check=True
    )
    return len(shown.stdout.split())


async def test_digest_login_of_gstreamer(gstreamer: Start) -> None:
    server = gstreamer("--user", "admin", "--password", "right")
    _, reception, _ = await receive(server.uri(user="admin"), 0.2, udp=False, password="right")
    assert reception.end == "complete"


async def test_wrong_password_is_tried_once(gstreamer: Start) -> None:
    server = gstreamer("--user", "admin", "--password", "right")
    with pytest.raises(VisitProblem) as caught:
        await receive(server.uri(user="admin"), 0.2, udp=False, password="wrong-one")
    assert caught.value.reason.code == "visit.unauthorised"
    assert "wrong-one" not in str(caught.value)


async def test_rtsps_with_a_trusted_certificate(gstreamer: Start, tmp_path: Path) -> None:
    pem = write_certificate(tmp_path)
    server = gstreamer("--certificate", str(pem))
    options = CameraOptions(connect_seconds=10, answer_seconds=10, ca_file=pem)
    _, reception, _ = await receive(server.uri("rtsps"), 0.3, udp=False, options=options)
    assert reception.end == "complete"


async def test_rtsps_with_an_unknown_certificate_is_refused(
    gstreamer: Start, tmp_path: Path
) -> None:
    server = gstreamer("--certificate", str(write_certificate(tmp_path)))
    with pytest.raises(VisitProblem) as caught:
        await receive(server.uri("rtsps"), 0.3, udp=False)
    assert caught.value.reason.code == "visit.certificate"


async def test_refused_udp_is_told(gstreamer: Start) -> None:
    server = gstreamer("--tcp-only")
    with pytest.raises(VisitProblem) as caught:
        await receive(server.uri(), 0.3, udp=True)
    assert caught.value.reason.code == "visit.not-offered"
    assert caught.value.reason.parameters["what"] == "UDP"


async def test_absent_stream_is_told(gstreamer: Start) -> None:
    server = gstreamer()
    with pytest.raises(VisitProblem) as caught:
        await receive(server.uri() + "-absent", 0.3, udp=True)
    assert caught.value.reason.parameters["detail"] == "404"
