"""Which codec a payload really is: told by its own structure, not by the session description."""

from __future__ import annotations

import numpy as np

from probes.rtp_track import Packets, Truths

_MOST_PACKETS = 600
_CONVINCING = 0.9
_PACK_START = (0x00, 0x00, 0x01, 0xBA)
_MAP_START = b"\0\0\1\xbc"


def identify(packets: Packets) -> str | None:
    """``H264``, ``H265``, ``JPEG``, ``PS`` or ``MP2T`` by the structure of the payloads.

    ``None`` when no structure fits at least nine payloads in ten, or two fit equally.
    """
    if not len(packets):
        return None
    scores = {
        "H264": _share(_like_h264(packets)),
        "H265": _share(_like_h265(packets)),
        "JPEG": _share(_like_jpeg(packets)),
        "MP2T": _share(_like_transport_stream(packets)),
    }
    if _like_program_stream(packets):
        return "PS"
    best = max(scores, key=lambda name: scores[name])
    rivals = [name for name in scores if scores[name] == scores[best]]
    return best if scores[best] >= _CONVINCING and len(rivals) == 1 else None


def _share(fits: Truths) -> float:
    return float(fits[:_MOST_PACKETS].mean())


def _like_h264(packets: Packets) -> Truths:
    first, second = packets.payload_byte(0), packets.payload_byte(1)
    kind, importance = first & 0x1F, first & 0x60
    fragment = kind == 28
    unit = np.where(fragment, second & 0x1F, kind)
    known = np.isin(unit, (1, 5, 6, 7, 8, 9, 10, 11, 12)) | (kind == 24)
    needed = np.isin(unit, (5, 7, 8))
    never_needed = np.isin(unit, (9, 10, 11, 12))
    fits: Truths = (
        (first & 0x80 == 0)
        & known
        & (~fragment | (second & 0x20 == 0))
        & (~needed | (importance != 0))
        & (~never_needed | (importance == 0))
    )
    return fits


def _like_h265(packets: Packets) -> Truths:
    first, second, third = (packets.payload_byte(offset) for offset in range(3))
    kind = first >> 1
    unit = np.where(kind == 49, third & 0x3F, kind)
    known = (unit <= 9) | ((unit >= 16) & (unit <= 21)) | ((unit >= 32) & (unit <= 40))
    fits: Truths = (first & 0x81 == 0) & (second >= 1) & (second <= 7) & (known | (kind == 48))
    return fits


def _like_jpeg(packets: Packets) -> Truths:
    kind, quality = packets.payload_byte(4), packets.payload_byte(5)
    width, height = packets.payload_byte(6), packets.payload_byte(7)
    known = np.isin(kind, (0, 1, 64, 65))
    factor = ((quality >= 1) & (quality <= 99)) | (quality >= 128)
    steady = (width == np.median(width)) & (height == np.median(height))
    fits: Truths = (packets.size >= 8) & (packets.payload_byte(0) <= 2) & known & factor & steady
    return fits


def _like_transport_stream(packets: Packets) -> Truths:
    fits: Truths = (
        (packets.size % 188 == 0) & (packets.size > 0) & (packets.payload_byte(0) == 0x47)
    )
    return fits


def _like_program_stream(packets: Packets) -> bool:
    starts = np.ones(min(len(packets), _MOST_PACKETS), np.bool_)
    for offset, value in enumerate(_PACK_START):
        starts &= packets.payload_byte(offset)[: len(starts)] == value
    timestamps = len(np.unique(packets.timestamp[: len(starts)]))
    return bool(starts.any() and np.count_nonzero(starts) >= timestamps / 2)


def program_stream_types(packets: Packets) -> list[int]:
    """The stream types in the first program stream map of an MPEG program stream.

    ISO/IEC 13818-1 2.5.4; 0x1B is H.264, 0x24 H.265, 0x80 SVAC (GB/T 28181).
    """
    for index in range(min(len(packets), _MOST_PACKETS)):
        payload = packets.payload(index)
        at = payload.find(_MAP_START)
        if at < 0 or at + 12 > len(payload):
            continue
        begin = at + 10 + int.from_bytes(payload[at + 8 : at + 10], "big")
        end = begin + 2 + int.from_bytes(payload[begin : begin + 2], "big")
        types, begin = [], begin + 2
        while begin + 4 <= min(end, len(payload)):
            types.append(payload[begin])
            begin += 4 + int.from_bytes(payload[begin + 2 : begin + 4], "big")
        return types
    return []
