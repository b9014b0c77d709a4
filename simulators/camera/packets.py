"""Clips cut into RTP payloads, shared by all cameras that stream the same."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

from protocols.rtp_packetise import nal_units, packetise_h264, packetise_h265, packetise_jpeg
from simulators.camera.clips import encode
from simulators.camera.encoders import LIVE, ClipSpec, VideoEncoder, picture, planar

_H264_SETS = (7, 8)
_H265_SETS = (32, 33, 34)
_H264_NOISE = (6, 9)


@dataclass(frozen=True)
class Packing:
    """How access units become payloads: parameter sets in one packet, or not in band at all."""

    aggregate: bool = False
    sets_in_band: bool = True


@dataclass(frozen=True)
class Packetised:
    """The pictures of a clip as payloads in decoding order, with their capture times."""

    pictures: tuple[tuple[bytes, ...], ...]
    shown: tuple[float, ...]
    fps: float
    seconds: float
    reorder_s: float


def payloads_of(unit: bytes, codec: str, packing: Packing) -> tuple[bytes, ...]:
    """The RTP payloads of one coded picture."""
    if codec == "JPEG":
        return tuple(packetise_jpeg(unit))
    units = nal_units(unit)
    if codec == "H264":
        unwanted = _H264_NOISE if packing.sets_in_band else _H264_NOISE + _H264_SETS
        units = [one for one in units if one[0] & 31 not in unwanted]
        return tuple(packetise_h264(units, aggregate=packing.aggregate))
    if not packing.sets_in_band:
        units = [one for one in units if one[0] >> 1 & 63 not in _H265_SETS]
    return tuple(packetise_h265(units))


@lru_cache(maxsize=24)
def packetised(spec: ClipSpec, packing: Packing) -> Packetised:
    """A clip as payloads; encodes it first when nobody has."""
    clip = encode(spec)
    return Packetised(
        pictures=tuple(payloads_of(unit.data, clip.codec, packing) for unit in clip.access_units),
        shown=tuple(unit.shown for unit in clip.access_units),
        fps=clip.fps,
        seconds=clip.seconds,
        reorder_s=spec.b_frames / clip.fps,
    )


@lru_cache(maxsize=64)
def parameter_sets(spec: ClipSpec, live: bool) -> tuple[bytes, ...]:
    """The parameter sets of a stream in order; none for JPEG."""
    if spec.codec == "JPEG":
        return ()
    if live or spec.damage == "no-key-picture":
        first = VideoEncoder(spec, LIVE if live else None)
        coded = first.encode(planar(picture(spec, 0)), 0, key=True) + first.flush()
        units = nal_units(coded[0][0])
    else:
        units = nal_units(encode(spec).access_units[0].data)
    if spec.codec == "H264":
        return tuple(unit for unit in units if unit[0] & 31 in _H264_SETS)
    return tuple(unit for unit in units if unit[0] >> 1 & 63 in _H265_SETS)


def format_text(encoding: str, sets: tuple[bytes, ...]) -> str:
    """The ``a=fmtp`` text of a video stream (RFC 6184 8.1, RFC 7798 7.1); "" for none."""
    coded = [base64.b64encode(one).decode() for one in sets]
    if encoding == "H264":
        text = "packetization-mode=1"
        if sets and sets[0][0] & 0x1F == _H264_SETS[0]:
            profile = sets[0][1:4].hex().upper()
            text += f";profile-level-id={profile};sprop-parameter-sets={','.join(coded)}"
        return text
    if encoding == "H265" and len(sets) == len(_H265_SETS):
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        return ";".join(f"{name}={one}" for name, one in zip(names, coded, strict=True))
    return ""
