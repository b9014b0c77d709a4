"""The session description (SDP) of a camera's stream."""

from __future__ import annotations

from protocols.sdp import Media, SessionDescription
from simulators.camera.packets import format_text
from simulators.camera.rtsp_session import VIDEO_PAYLOAD_TYPES, Stream
from simulators.camera.sound import Sound, sound_of


async def describe(stream: Stream) -> SessionDescription:
    """What DESCRIBE answers; encodes the clip first when nobody has."""
    address = stream.state.address
    media = [await _video(stream)]
    sound = sound_of(stream.state)
    if sound is not None:
        media.append(_audio(sound))
    return SessionDescription(
        origin=f"- 1 1 IN IP4 {address}",
        name="Media session",
        connection="IN IP4 0.0.0.0",
        attributes=[("control", "*"), ("range", "npt=now-")],
        media=media,
    )


async def _video(stream: Stream) -> Media:
    encoding = stream.encoding
    payload_type = VIDEO_PAYLOAD_TYPES[encoding]
    attributes = [("rtpmap", f"{payload_type} {encoding}/90000")]
    text = format_text(encoding, await stream.prepare())
    if text:
        attributes.append(("fmtp", f"{payload_type} {text}"))
    attributes.append(("framerate", str(stream.settings.frame_rate)))
    attributes.append(("control", "trackID=0"))
    attributes.append(("recvonly", ""))
    return Media(
        "video",
        formats=[str(payload_type)],
        attributes=attributes,
        bandwidth_kbps=stream.settings.bitrate_kbps,
    )


def _audio(sound: Sound) -> Media:
    described = sound.format
    number = described.payload_type
    attributes = [("rtpmap", f"{number} {described.name}/{described.clock_rate}")]
    if described.format:
        attributes.append(("fmtp", f"{number} {described.format}"))
    attributes.append(("control", "trackID=1"))
    attributes.append(("recvonly", ""))
    return Media("audio", formats=[str(number)], attributes=attributes)
