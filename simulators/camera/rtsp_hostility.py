"""What a hostile or broken camera sends instead of an RTSP answer."""

from __future__ import annotations

import asyncio
import random
import re

from protocols.rtsp import Request
from simulators.behaviours import defect
from simulators.camera.state import CameraState

REFUSES = defect("rtsp-refuses", "The RTSP ports are closed.")
GARBAGE = defect("rtsp-garbage", "RTSP answers are bytes without meaning.")
ENDLESS = defect("rtsp-endless-header", "The header of an RTSP answer goes on without end.")
WRONG_LENGTH = defect(
    "rtsp-wrong-content-length", "The session description is shorter than its Content-Length."
)

_MISSING_BYTES = 4096
_MOST_LINES = 1_000_000


async def misbehave(state: CameraState, request: Request, writer: asyncio.StreamWriter) -> bool:
    """Answer in a hostile way if the state says so; True when the connection shall be closed."""
    if state.has(REFUSES):
        writer.transport.abort()
        return True
    if state.has(GARBAGE):
        writer.write(random.Random(state.point).randbytes(2048))
        await writer.drain()
        return True
    if state.has(ENDLESS):
        writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {request.sequence or 0}\r\n".encode())
        for _ in range(_MOST_LINES):
            writer.write(b"X-More: and more and more\r\n" * 100)
            await writer.drain()
        return True
    return False


def spoil(state: CameraState, request: Request, answer: bytes) -> bytes:
    """An answer with its length made wrong, if the state says so."""
    if not state.has(WRONG_LENGTH) or request.method != "DESCRIBE":
        return answer

    def longer(found: re.Match[bytes]) -> bytes:
        return b"Content-Length: %d" % (int(found[1]) + _MISSING_BYTES)

    return re.sub(rb"Content-Length: (\d+)", longer, answer, count=1)
