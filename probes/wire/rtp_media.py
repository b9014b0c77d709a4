"""RTP tracks found in captured packets, and pictures rebuilt from their payload.

H.264 (RFC 6184), H.265 (RFC 7798), JPEG (RFC 2435), MPEG program and transport streams, G.711;
with the tag of an SRTP whose cipher is NULL (RFC 3711) cut off where that makes it readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from probes.wire.pictures import Picture, decode_container, decode_sequences
from probes.wire.statistics import uniformity
from protocols.depacketise import START_CODE, NalUnits, h264_units, h265_units
from protocols.depacketise_jpeg import jpeg_picture
from protocols.errors import ProtocolError
from protocols.flow_signatures import looks_like_rtp
from protocols.mpeg_ps import demultiplex
from protocols.rtp import RtpPacket, parse_rtp

_MINIMUM_PACKETS = 4
_TAG_SIZES = (0, 10, 4, 16, 14)
_MAXIMUM_UNITS = 600
_CERTAINLY_UNEVEN = 30.0
_DECODERS = {"H264": "h264", "H265": "hevc"}


@dataclass
class RtpTrack:
    """The packets of one synchronisation source and payload type, in sequence order."""

    ssrc: int
    payload_type: int
    packets: list[RtpPacket] = field(default_factory=list)

    @property
    def octets(self) -> int:
        """Payload bytes."""
        return sum(len(packet.payload) for packet in self.packets)

    def payloads(self) -> list[bytes]:
        """The payloads in order."""
        return [packet.payload for packet in self.packets]


@dataclass(frozen=True)
class RtpContent:
    """What was readable in a track.

    Attributes:
        codec: ``h264``, ``hevc``, ``mjpeg``, ``ps``, ``ts``, ``g711``.
        picture: rebuilt; ``None`` for sound.
        tag: bytes cut off the end of each payload (an authentication tag).
    """

    codec: str
    picture: Picture | None
    tag: int = 0


def find_tracks(datagrams: list[bytes]) -> list[RtpTrack]:
    """The RTP tracks among datagrams: same source and type, sequence numbers that count up.

    Empty when fewer than nine in ten of the datagrams that look like RTP belong to a track.
    """
    found: dict[tuple[int, int], RtpTrack] = {}
    candidates = 0
    for data in datagrams:
        if not looks_like_rtp(data):
            continue
        try:
            packet = parse_rtp(data)
        except ProtocolError:
            continue
        candidates += 1
        key = packet.ssrc, packet.payload_type
        if key in found or len(found) < 64:
            found.setdefault(key, RtpTrack(*key)).packets.append(packet)
    tracks = [track for track in found.values() if _counts_up(track)]
    kept = sum(len(track.packets) for track in tracks)
    if not tracks or kept < 0.9 * candidates:
        return []
    for track in tracks:
        _order(track)
    return sorted(tracks, key=lambda track: -track.octets)


def _counts_up(track: RtpTrack) -> bool:
    packets = track.packets
    if len(packets) < _MINIMUM_PACKETS:
        return False
    near = sum(
        (later.sequence - earlier.sequence) & 0xFFFF < 64 for earlier, later in pairwise(packets)
    )
    return near >= 0.8 * (len(packets) - 1)


def _order(track: RtpTrack) -> None:
    """Sort by sequence number, unwrapped, and drop packets captured twice."""
    extended: dict[int, RtpPacket] = {}
    last = track.packets[0].sequence
    for packet in track.packets:
        last += (packet.sequence - last + 0x8000) % 0x10000 - 0x8000
        extended.setdefault(last, packet)
    track.packets = [extended[number] for number in sorted(extended)]


def read_track(track: RtpTrack) -> RtpContent | None:
    """What can be read of a track, ``None`` when nothing can."""
    for tag in _TAG_SIZES:
        pictures = _access_units(track, tag)
        if not pictures:
            continue
        for attempt in (_program_stream, _transport_stream, _jpeg, _h264, _h265):
            content = attempt(pictures, tag)
            if content is not None:
                return content
    return _speech(track)


def _access_units(track: RtpTrack, tag: int) -> list[list[bytes]]:
    """Payloads grouped by timestamp, each without its last ``tag`` bytes."""
    units: list[list[bytes]] = []
    timestamp: int | None = None
    for packet in track.packets:
        payload = packet.payload[: len(packet.payload) - tag]
        if not payload:
            continue
        if packet.timestamp != timestamp:
            timestamp = packet.timestamp
            units.append([])
        units[-1].append(payload)
    return units


def _program_stream(pictures: list[list[bytes]], tag: int) -> RtpContent | None:
    start = next((at for at, unit in enumerate(pictures) if _opens_pack(unit[0])), None)
    if start is None:
        return None
    # A pack with a system header opens a group of pictures; the demuxer finds its own way.
    data = b"".join(b"".join(unit) for unit in pictures[start : start + _MAXIMUM_UNITS])
    picture = decode_container(data, "mpeg") or _demultiplexed(data)
    return RtpContent("ps", picture, tag) if picture else None


def _demultiplexed(data: bytes) -> Picture | None:
    """By our own reader, which believes the pictures and not a map that is missing or wrong."""
    try:
        streams = demultiplex(data)
    except ProtocolError:
        return None
    codec = _DECODERS.get(streams.video)
    if codec is None:
        return None
    runs: list[list[bytes]] = []
    for unit in streams.access_units:
        if unit.key:
            runs.append([])
        if runs:
            runs[-1].append(unit.data)
    return decode_sequences(codec, runs)


def _opens_pack(payload: bytes) -> bool:
    return payload[:4] == b"\0\0\1\xba"


def _transport_stream(pictures: list[list[bytes]], tag: int) -> RtpContent | None:
    if not all(unit[0][0] == 0x47 for unit in pictures[:8]):
        return None
    data = b"".join(b"".join(unit) for unit in pictures[:_MAXIMUM_UNITS])
    picture = decode_container(data, "mpegts")
    return RtpContent("ts", picture, tag) if picture else None


def _jpeg(pictures: list[list[bytes]], tag: int) -> RtpContent | None:
    sequences: list[list[bytes]] = []
    for unit in pictures[:8]:
        try:
            assembly = jpeg_picture(unit)
        except ProtocolError:
            continue
        if not assembly.damaged:
            sequences.append([assembly.data])
    picture = decode_sequences("mjpeg", sequences)
    return RtpContent("mjpeg", picture, tag) if picture else None


def _h264(pictures: list[list[bytes]], tag: int) -> RtpContent | None:
    if not _mostly(pictures, lambda first: first & 0x80 == 0 and 1 <= first & 0x1F <= 29):
        return None
    units = [h264_units(unit) for unit in pictures[:_MAXIMUM_UNITS]]
    runs = _runs(units, lambda nal: nal[0] & 0x1F, parameters={7, 8}, keys={5})
    picture = decode_sequences("h264", runs)
    return RtpContent("h264", picture, tag) if picture else None


def _h265(pictures: list[list[bytes]], tag: int) -> RtpContent | None:
    if not _mostly(pictures, lambda first: first & 0x81 == 0 and first >> 1 <= 50):
        return None
    units = [h265_units(unit) for unit in pictures[:_MAXIMUM_UNITS]]
    keys = {16, 17, 18, 19, 20, 21}
    runs = _runs(units, lambda nal: nal[0] >> 1 & 0x3F, parameters={32, 33, 34}, keys=keys)
    picture = decode_sequences("hevc", runs)
    return RtpContent("hevc", picture, tag) if picture else None


def _mostly(pictures: list[list[bytes]], fits: Callable[[int], bool]) -> bool:
    firsts = [payload[0] for unit in pictures[:200] for payload in unit]
    return sum(map(fits, firsts)) >= 0.95 * len(firsts)


def _runs(
    units: list[NalUnits], kind: Callable[[bytes], int], parameters: set[int], keys: set[int]
) -> Iterator[list[bytes]]:
    """Runs of access units from each key picture on, parameter sets in front."""
    known: dict[tuple[int, bytes], bytes] = {}
    run: list[bytes] = []
    for unit in units:
        kinds = [kind(nal) if len(nal) > 2 else -1 for nal in unit.units]
        for nal, number in zip(unit.units, kinds, strict=True):
            if number in parameters and len(nal) < 1024:
                known[number, nal[:3]] = nal
        if keys.intersection(kinds):
            if run:
                yield run
            front = b"".join(START_CODE + known[key] for key in sorted(known))
            run = [front + unit.annex_b()] if known and not unit.damaged else []
        elif run and unit.units and not unit.damaged:
            run.append(unit.annex_b())
        if len(run) > 32:
            yield run
            run = []
    if run:
        yield run


def _speech(track: RtpTrack) -> RtpContent | None:
    """G.711 by its static payload type, its steady packet size and its very uneven bytes."""
    if track.payload_type not in (0, 8) or track.octets < 8000:
        return None
    if len({len(payload) for payload in track.payloads()}) > 3:
        return None
    if uniformity(b"".join(track.payloads())) < _CERTAINLY_UNEVEN:
        return None
    return RtpContent("g711", None)
