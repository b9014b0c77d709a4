"""RTP from senders that nobody here wrote (ffmpeg, GStreamer), received on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence

from assessment.recording import Recording
from protocols.pcap import udp_datagram
from tests.stream_recordings import DEVICE, HARNESS, VIDEO_PORTS, Sender, sealed_stream, video_track

ADDRESS = "127.13.7.1"
_QUIET_S = 0.2


def receive(command: Sequence[str], codec: str, seconds: float = 25.0) -> Recording:
    """Run a sender whose arguments name ``{port}``, and record what it sends until it ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 2**20)
        listener.bind((ADDRESS, 0))
        listener.settimeout(_QUIET_S)
        port = listener.getsockname()[1]
        arguments = [part.replace("{port}", str(port)) for part in command]
        sender = Sender()
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                try:
                    data = listener.recv(65536)
                except TimeoutError:
                    if process.poll() is not None:
                        break
                    continue
                sender.frames.append((time.time_ns(), _datagram(data)))
        finally:
            process.kill()
            _, said = process.communicate()
    assert sender.frames, f"{arguments[0]} sent nothing: {said.decode(errors='replace')[-500:]}"
    kind = sender.frames[0][1][29] & 0x7F
    return sealed_stream([sender], [video_track(codec, payload_type=kind)])


def _datagram(data: bytes) -> bytes:
    return udp_datagram((DEVICE, VIDEO_PORTS[0]), (HARNESS, VIDEO_PORTS[0]), data)
