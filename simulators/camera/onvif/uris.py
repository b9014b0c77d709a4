"""Addresses of streams and pictures."""

from __future__ import annotations

from simulators.camera.onvif.device_memory import Profile
from simulators.camera.onvif.operations import Call
from simulators.camera.rtsp_server import RTSPS_ONLY

SNAPSHOT_PATH = "/snapshot.jpg"


def stream_uri(call: Call, profile: Profile, *, tunnel: bool = False, secure: bool = False) -> str:
    """The URI of a profile's stream; ``tunnel`` for RTSP over HTTP, ``secure`` for RTSPS."""
    path = f"/{profile.stream}"
    if tunnel:
        return call.web_uri(path)
    secure = secure or call.state.has(RTSPS_ONLY)
    return call.device.uri("rtsps" if secure else "rtsp", path)


def snapshot_uri(call: Call) -> str:
    """The URI of a picture in JPEG."""
    return call.web_uri(SNAPSHOT_PATH)
