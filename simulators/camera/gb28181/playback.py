"""Playback control: MANSRTSP in INFO (clause 9.8, annex B)."""

from __future__ import annotations

import re

from simulators.behaviours import defect
from simulators.camera.gb28181.media import MediaStream
from simulators.camera.gb28181.quirks import CONTROL_IGNORED
from simulators.camera.state import CameraState

SCALE_IGNORED = defect("scale-ignored", "A changed speed is answered with success and ignored.")
PAUSE_IGNORED = defect("pause-keeps-sending", "PAUSE is answered with success; sending goes on.")

_SLOWEST, _FASTEST = 0.125, 16.0
_LARGEST = 4_096


def control(state: CameraState, stream: MediaStream, body: bytes) -> bytes | None:
    """Obey one request: the body of the answer, None after TEARDOWN."""
    lines = body[:_LARGEST].decode("ascii", "replace").splitlines()
    method = lines[0].split(" ")[0].upper() if lines else ""
    headers = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in lines[1:])
        if colon
    }
    number = headers.get("cseq", "1")[:10]
    if method == "TEARDOWN":
        return None
    if method == "PAUSE":
        if not state.has(PAUSE_IGNORED) and not state.has(CONTROL_IGNORED):
            stream.pause()
        return _answer(200, "OK", number)
    if method != "PLAY":
        return _answer(400, "Bad Request", number)
    if "scale" in headers:
        try:
            scale = float(headers["scale"])
        except ValueError:
            return _answer(400, "Bad Request", number)
        if scale < 0:
            return _answer(501, "Not Implemented", number)
        if not _SLOWEST <= scale <= _FASTEST:
            return _answer(457, "Invalid Range", number)
        if not state.has(SCALE_IGNORED) and not state.has(CONTROL_IGNORED):
            stream.set_scale(scale)
    place = re.fullmatch(r"(?:npt|ntp)\s*=\s*(now|\d+(?:\.\d+)?)\s*-.*", headers.get("range", ""))
    if state.has(CONTROL_IGNORED):
        pass
    elif place and place[1] != "now":
        stream.seek(float(place[1]))
    elif stream.paused:
        stream.resume()
    more = f"Range: npt={stream.media_now():.3f}-\r\n"
    more += f"RTP-Info: seq={stream.sequence};rtptime={stream.timestamp}\r\n"
    return _answer(200, "OK", number, more)


def _answer(status: int, reason: str, number: str, more: str = "") -> bytes:
    return f"RTSP/1.0 {status} {reason}\r\nCSeq: {number}\r\n{more}\r\n".encode()
