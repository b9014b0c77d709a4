"""Pictures and sound into a program stream, one picture a pack (GB/T 28181-2016 C.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from protocols.mpeg_ps.codes import (
    FIRST_AUDIO,
    FIRST_VIDEO,
    LONGEST_PES,
    TIME_MASK,
    TYPE_OF,
    crc32,
)

_VIDEO_ID, _AUDIO_ID = FIRST_VIDEO, FIRST_AUDIO
_LEAD = 9_000
_RATE = 160_000
_PES = struct.Struct(">IH")


@dataclass(frozen=True)
class Flaws:
    """What a device may get wrong, or do in an unusual way; nothing of it by default.

    Attributes:
        map: whether key pictures carry a program stream map.
        map_every_picture: every pack carries system header and map (unusual, not wrong).
        map_length_error: added to the declared length of the map.
        stream_map_length_error: added to the elementary stream map's declared length.
        map_checksum: ``False`` sends a wrong CRC.
        video_type, audio_type: stream types declared instead of the true ones.
        system: whether key pictures carry a system header.
        pes_length_error: added to the declared length of picture packets.
        pes_length_zero: picture packets declare length 0, which only transport streams may.
        parameter_sets: ``False`` leaves SPS and PPS out of key pictures.
        one_pes_a_unit: every NAL unit has a packet of its own (unusual, not wrong).
        packs: ``False`` sends no pack headers but the first.
        audio_clock: ticks per second of audio time stamps; 8000 is the known fault.
        clock_reference_step: added to the system clock reference for each picture sent; a
            negative one lets it fall behind and run backwards.
        picture_time_gap: added to the PTS of every second picture, so that PTS is not monotonic.
    """

    map: bool = True
    map_every_picture: bool = False
    map_length_error: int = 0
    stream_map_length_error: int = 0
    map_checksum: bool = True
    video_type: int | None = None
    audio_type: int | None = None
    system: bool = True
    pes_length_error: int = 0
    pes_length_zero: bool = False
    parameter_sets: bool = True
    one_pes_a_unit: bool = False
    packs: bool = True
    audio_clock: int = 90_000
    clock_reference_step: int = 0
    picture_time_gap: int = 0


NO_FLAWS = Flaws()


class ProgramStreamBuilder:
    """Writes the packs of one stream.

    Args:
        video: ``H264``, ``H265``, ``SVAC`` or ``MPEG4``.
        audio: ``PCMA``, ``PCMU``, another name of ``codes.AUDIO_TYPES`` or ``None``.
        flaws: what to get wrong on purpose.
        mux_rate: declared bound of the rate in units of 50 bytes a second.
    """

    def __init__(
        self,
        video: str = "H264",
        audio: str | None = None,
        *,
        flaws: Flaws = NO_FLAWS,
        mux_rate: int = _RATE,
    ) -> None:
        self._flaws = flaws
        self._video = video
        self._has_audio = audio is not None
        self._mux_rate = mux_rate
        video_type = TYPE_OF[video] if flaws.video_type is None else flaws.video_type
        streams = [(video_type, _VIDEO_ID)]
        if audio is not None:
            audio_type = TYPE_OF[audio] if flaws.audio_type is None else flaws.audio_type
            streams.append((audio_type, _AUDIO_ID))
        self._system = self._system_header()
        self._map = self._stream_map(streams)
        self._rate_field = (mux_rate << 2 | 3).to_bytes(3, "big") + b"\xf8"
        self._pictures = 0
        self._packs = 0

    def picture(self, annex_b: bytes, pts_90k: int, key: bool, dts_90k: int | None = None) -> bytes:
        """The pack of one access unit.

        Args:
            annex_b: the coded picture with start codes.
            pts_90k: its time in ticks of 90 kHz, of any size; 33 bits of it are sent.
            key: whether it starts a group of pictures; system header and map go in front.
            dts_90k: its decoding time where that is another one.
        """
        flaws = self._flaws
        pts = pts_90k + (flaws.picture_time_gap if self._pictures & 1 else 0)
        clock = (dts_90k if dts_90k is not None else pts_90k) - _LEAD
        clock += flaws.clock_reference_step * self._pictures
        self._pictures += 1
        pieces = self._pack(clock)
        if key or flaws.map_every_picture:
            if flaws.system:
                pieces.append(self._system)
            if flaws.map:
                pieces.append(self._map)
        if key and not flaws.parameter_sets:
            annex_b = _without_parameter_sets(annex_b, self._video)
        times = _times(pts, dts_90k)
        units = _split_units(annex_b) if flaws.one_pes_a_unit else (annex_b,)
        for unit in units:
            self._packets(pieces, _VIDEO_ID, unit, times, aligned=True)
            times = b""
        return b"".join(pieces)

    def sound(self, data: bytes, pts_90k: int) -> bytes:
        """The pack of one packet of sound; the time as for pictures.

        Raises:
            ValueError: the stream was made without sound.
        """
        if not self._has_audio:
            raise ValueError("the stream was made without sound")
        pieces = self._pack(pts_90k - _LEAD)
        pts = pts_90k * self._flaws.audio_clock // 90_000
        self._packets(pieces, _AUDIO_ID, data, _times(pts, None), aligned=True)
        return b"".join(pieces)

    def end(self) -> bytes:
        """The end code of a stored stream; live streams have none."""
        return b"\0\0\1\xb9"

    def _pack(self, clock: int) -> list[bytes]:
        self._packs += 1
        if not self._flaws.packs and self._packs > 1:
            return []
        return [b"\0\0\1\xba", _clock_reference(clock), self._rate_field]

    def _packets(
        self, pieces: list[bytes], stream: int, content: bytes, times: bytes, *, aligned: bool
    ) -> None:
        """Append ``content`` as packets; only the first carries the time and begins a unit."""
        flaws = self._flaws
        start = 0
        view = memoryview(content)
        while True:
            flags = (0x84 if aligned else 0x80, _TIME_FLAGS[len(times)], len(times))
            room = LONGEST_PES - 3 - len(times)
            piece = view[start : start + room]
            length = 3 + len(times) + len(piece)
            if stream == _VIDEO_ID:
                length = 0 if flaws.pes_length_zero else length + flaws.pes_length_error
            pieces.append(_PES.pack(0x100 | stream, length & 0xFFFF) + bytes(flags) + times)
            pieces.append(piece)  # type: ignore[arg-type]  # join takes any buffer
            start += len(piece)
            if start >= len(content):
                return
            times, aligned = b"", False

    def _system_header(self) -> bytes:
        sounds = 1 if self._has_audio else 0
        body = (1 << 23 | self._mux_rate << 1 | 1).to_bytes(3, "big")
        body += bytes([sounds << 2, 0xE1, 0x7F])
        body += bytes([_VIDEO_ID]) + (0xE000 | 2048).to_bytes(2, "big")
        if sounds:
            body += bytes([_AUDIO_ID]) + (0xC000 | 32).to_bytes(2, "big")
        return b"\0\0\1\xbb" + len(body).to_bytes(2, "big") + body

    def _stream_map(self, streams: list[tuple[int, int]]) -> bytes:
        flaws = self._flaws
        entries = b"".join(bytes([kind, stream, 0, 0]) for kind, stream in streams)
        body = b"\xe1\xff\0\0"
        body += (len(entries) + flaws.stream_map_length_error).to_bytes(2, "big") + entries
        length = len(body) + 4 + flaws.map_length_error
        whole = b"\0\0\1\xbc" + length.to_bytes(2, "big") + body
        checksum = crc32(whole) ^ (0 if flaws.map_checksum else 0xFFFFFFFF)
        return whole + checksum.to_bytes(4, "big")


_TIME_FLAGS = {0: 0x00, 5: 0x80, 10: 0xC0}


def _clock_reference(clock: int) -> bytes:
    """SCR base of 33 bits and extension 0 (Table 2-33)."""
    base = clock & TIME_MASK
    value = 1 << 46 | base >> 30 << 43 | 1 << 42 | (base >> 15 & 0x7FFF) << 27 | 1 << 26
    value |= (base & 0x7FFF) << 11 | 1 << 10 | 1
    return value.to_bytes(6, "big")


def _time(prefix: int, time: int) -> bytes:
    """A time stamp of 33 bits (Table 2-17)."""
    value = prefix << 36 | (time >> 30 & 7) << 33 | 1 << 32
    value |= (time >> 15 & 0x7FFF) << 17 | 1 << 16 | (time & 0x7FFF) << 1 | 1
    return value.to_bytes(5, "big")


def _times(pts: int, dts: int | None) -> bytes:
    if dts is None or dts == pts:
        return _time(2, pts)
    return _time(3, pts) + _time(1, dts)


def _split_units(annex_b: bytes) -> list[bytes]:
    """The NAL units, each with its start code; all bytes are kept."""
    starts = []
    at = annex_b.find(b"\0\0\1")
    while at >= 0:
        starts.append(at - 1 if at and not annex_b[at - 1] else at)
        at = annex_b.find(b"\0\0\1", at + 3)
    if not starts:
        return [annex_b]
    starts[0] = 0
    return [annex_b[a:b] for a, b in zip(starts, [*starts[1:], len(annex_b)], strict=True)]


def _without_parameter_sets(annex_b: bytes, video: str) -> bytes:
    kept = []
    for unit in _split_units(annex_b):
        first = unit[unit.find(b"\0\0\1") + 3]
        drop = first >> 1 & 63 in (32, 33, 34) if video == "H265" else first & 31 in (7, 8)
        if not drop:
            kept.append(unit)
    return b"".join(kept)
