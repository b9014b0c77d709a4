"""The elementary streams of a program stream: pictures with their times, and sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocols.mpeg_ps.codes import (
    AUDIO_TYPES,
    OTHER_AUDIO_TYPES,
    OTHER_VIDEO_TYPES,
    VIDEO_TYPES,
    is_audio,
    is_video,
)
from protocols.mpeg_ps.parse import Pack, PesPacket, StreamMap, Unit, parse_program_stream

_PREFIX = b"\0\0\1"
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture.

    Attributes:
        pts: 33 bits of 90 kHz; ``None`` where none was carried for it.
        data: with start codes.
        key: an IDR or other random access picture, or one with its own parameter sets; of codecs
            that are not read here, one in whose pack a map stands.
        offset: place in the program stream of the packet that it begins in.
    """

    pts: int | None
    data: bytes
    key: bool
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """The content of one audio packet; ``pts`` as carried, whatever clock the device used."""

    pts: int | None
    data: bytes


@dataclass(frozen=True)
class Streams:
    """What a program stream carries.

    Attributes:
        video: the codec that the pictures are in: found in them where that is possible, else
            the declared one; empty without pictures.
        audio: the declared codec; empty without sound.
        declared_video, declared_audio: names of the map's stream types, ``0x..`` for unknown
            ones, empty without a map.
        access_units, sounds: in the order of the stream.
        reordered: pictures carry decoding times of their own, so that their times may go back.
    """

    video: str
    audio: str
    declared_video: str
    declared_audio: str
    access_units: tuple[AccessUnit, ...]
    sounds: tuple[Sound, ...]
    reordered: bool = False

    def annex_b(self) -> bytes:
        """All pictures as one byte stream."""
        return b"".join(unit.data for unit in self.access_units)


def demultiplex(data: bytes) -> Streams:
    """The streams of a whole program stream; the first video and the first audio stream.

    Raises:
        ProtocolError: it is no program stream at all.
    """
    return streams_of(parse_program_stream(data))


def streams_of(units: Iterable[Unit]) -> Streams:
    """As ``demultiplex``, from units that were read already."""
    declared: dict[int, int] = {}
    pictures: list[PesPacket] = []
    packs: list[tuple[int, bool]] = []
    sounds: list[Sound] = []
    video_id = audio_id = -1
    pack, mapped = 0, False
    for unit in units:
        if isinstance(unit, PesPacket):
            if is_video(unit.stream_id):
                video_id = unit.stream_id if video_id < 0 else video_id
                if unit.stream_id == video_id:
                    pictures.append(unit)
                    packs.append((pack, mapped))
            elif is_audio(unit.stream_id):
                audio_id = unit.stream_id if audio_id < 0 else audio_id
                if unit.stream_id == audio_id:
                    sounds.append(Sound(unit.pts, unit.payload))
        elif isinstance(unit, Pack):
            pack, mapped = pack + 1, False
        elif isinstance(unit, StreamMap):
            mapped = True
            declared.update((stream, kind) for kind, stream in unit.streams)
    declared_video = _name(declared.get(video_id), VIDEO_TYPES | OTHER_VIDEO_TYPES)
    declared_audio = _name(declared.get(audio_id), AUDIO_TYPES | OTHER_AUDIO_TYPES)
    video = sniff_video(packet.payload for packet in pictures[:_SAMPLES]) if pictures else ""
    video = video or declared_video
    if video in ("H264", "H265"):
        access_units = _by_nal_units(pictures, video)
    else:
        access_units = _by_packets(pictures, packs)
    reordered = any(packet.dts is not None for packet in pictures)
    return Streams(
        video,
        declared_audio,
        declared_video,
        declared_audio,
        tuple(access_units),
        tuple(sounds),
        reordered,
    )


def _name(kind: int | None, names: dict[int, str]) -> str:
    return "" if kind is None else names.get(kind, f"0x{kind:02X}")


def sniff_video(pieces: Iterable[bytes]) -> str:
    """``H264`` or ``H265`` by the parameter sets and slices in byte streams; empty if neither.

    H.265 headers have six type bits and 01H as second byte (layer 0, temporal id 0); H.264
    reference bits and types are told apart from them by their parameter sets.
    """
    h264 = h265 = 0
    for piece in pieces:
        at = piece.find(_PREFIX)
        while 0 <= at < len(piece) - 4:
            first, second = piece[at + 3], piece[at + 4]
            if first in (0x40, 0x42, 0x44, 0x4E, 0x26, 0x28, 0x02, 0x00) and second == 1:
                h265 += 4 if first in (0x40, 0x42, 0x44) else 1
            elif first & 0x1F == 7 and first & 0x60 and second in _H264_PROFILES:
                h264 += 4
            elif (first & 0x1F in (5, 8) and first & 0x60) or first in (0x01, 0x21, 0x41, 0x61):
                h264 += 1
            at = piece.find(_PREFIX, at + 3)
    if h264 == h265:
        return ""
    return "H264" if h264 > h265 else "H265"


_H264_PROFILES = frozenset({44, 66, 77, 88, 100, 110, 118, 122, 128, 138, 144, 244})


def _by_nal_units(packets: list[PesPacket], video: str) -> list[AccessUnit]:
    """Split where pictures begin; a time belongs to the first picture that begins in its packet
    (2.4.3.7)."""
    stream = b"".join([packet.payload for packet in packets])
    starts = _picture_starts(stream, video == "H265")
    units: list[AccessUnit] = []
    begins = 0
    times: list[tuple[int, int | None, int]] = []
    for packet in packets:
        times.append((begins, packet.pts, packet.offset))
        begins += len(packet.payload)
    index = 0
    for number, (start, key) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else len(stream)
        # The leading zero of a start code may be the end of the packet before.
        place = start + stream.startswith(b"\0\0\0\1", start)
        while index + 1 < len(times) and times[index + 1][0] <= place:
            index += 1
        begin, pts, offset = times[index]
        # The time is taken: a second picture that begins in the same packet has none.
        times[index] = (begin, None, offset)
        units.append(AccessUnit(pts, stream[start:end], key, offset))
    return units


def _picture_starts(stream: bytes, h265: bool) -> list[tuple[int, bool]]:
    """Where access units begin and whether they are key pictures (H.264 and H.265 7.4.1.2.3)."""
    found: list[tuple[int, bool]] = []
    start, has_slice, key, sets = -1, False, False, 0
    size = len(stream)
    at = stream.find(_PREFIX)
    while 0 <= at < size - 5:
        first = stream[at + 3]
        if h265:
            kind = first >> 1 & 63
            is_slice, new = kind < 32, kind in (32, 33, 34, 35, 39)
            first_slice = is_slice and stream[at + 5] & 0x80
            random_access, is_set = 16 <= kind <= 21, kind in (33, 34)
        else:
            kind = first & 31
            is_slice, new = kind in (1, 2, 5), kind in (6, 7, 8, 9)
            first_slice = is_slice and stream[at + 4] & 0x80
            random_access, is_set = kind == 5, kind in (7, 8)
        if has_slice and (new or first_slice):
            found.append((start, key or sets > 1))
            start, has_slice, key, sets = -1, False, False, 0
        if start < 0:
            start = at - 1 if at and not stream[at - 1] else at
        has_slice = has_slice or is_slice
        key = key or random_access
        sets += is_set
        at = stream.find(_PREFIX, at + 3)
    if has_slice:
        found.append((start, key or sets > 1))
    if found:
        # What stands before the first picture's start code belongs to no other.
        found[0] = (min(found[0][0], 0), found[0][1]) if found[0][0] <= 1 else found[0]
    return found


def _by_packets(packets: list[PesPacket], packs: list[tuple[int, bool]]) -> list[AccessUnit]:
    """Pictures of other codecs: one begins with a new time or, without times, with a pack.

    Args:
        packets: of the video stream.
        packs: for each packet the number of its pack, and whether a map stood in it, which
            makes its picture a key picture (GB/T 28181-2016 C.1).
    """
    units: list[AccessUnit] = []
    pieces: list[bytes] = []
    pts, offset, key, last = None, 0, False, -1
    timed = any(packet.pts is not None for packet in packets)
    # Where every pack has a map, it tells nothing.
    telling = not all(mapped for _, mapped in packs)
    for packet, (pack, mapped) in zip(packets, packs, strict=True):
        new = packet.pts is not None and packet.pts != pts if timed else pack != last
        if new and pieces:
            units.append(AccessUnit(pts, b"".join(pieces), key, offset))
            pieces = []
        if new or not pieces:
            pts, offset = packet.pts if new else pts, packet.offset
            key = mapped and telling
        last = pack
        pieces.append(packet.payload)
    if pieces:
        units.append(AccessUnit(pts, b"".join(pieces), key, offset))
    return units
