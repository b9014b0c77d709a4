"""A stream recording opened: tracks, packets, access units, sender reports, decoded pictures.

Shared by every probe that looks at a stream. Lazy and cached: a probe pays only for what no
probe before it has asked for. Typical use::

    video = reader(recording).video
    if video is None: ...                       # no video track
    video.loss.lost                             # packets lost on the path
    video.units.first_ns, video.units.key       # arrays over all access units
    for report in video.sender_reports: ...     # arrival_ns, report.ntp_time
    for picture in video.key_pictures(2): picture.bgr()
    for picture in video.pictures(first, end): picture.luma()   # dear: decodes each of them

Nothing here raises on what a camera sent, except ``reader`` when there is no capture at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from assessment.recording import Recording
from probes.access_units import AccessUnit, AccessUnits, group_packets, leading_units
from probes.bitstream import identify
from probes.decoding import Blocks, Decoder, Picture, announced_units
from probes.rtp_track import Integers, Loss, Packets, order_packets
from protocols import h264, h265
from protocols.datagrams import DatagramTable, index_datagrams
from protocols.errors import ProtocolError
from protocols.jpeg import parse_jpeg
from protocols.picture_format import PictureFormat
from protocols.rtcp import SenderReport, parse_rtcp
from protocols.rtp import HeaderTable, parse_headers

STRETCH = 12
COMFORT_NOISE = 13
"""Payload type of comfort noise (RFC 3389); it shares the sequence numbers of the sound."""
_READERS_KEPT = 4
_MOST_REPORTS = 4096
_JPEG_HEADERS_READ = 64


@dataclass(frozen=True, slots=True)
class ArrivedReport:
    """A sender report and when it arrived (POSIX nanoseconds)."""

    arrival_ns: int
    report: SenderReport


@dataclass(frozen=True, slots=True)
class ArrivedFormat:
    """A parameter set or picture header, and the access unit that brought it.

    ``unit`` and ``arrival_ns`` are ``None`` when it was announced in the session description.
    """

    format: PictureFormat
    unit: int | None
    arrival_ns: int | None


@dataclass(frozen=True, slots=True)
class Glance:
    """A decoded picture reduced to the mean luma of its blocks of 16x16, and its access unit."""

    unit: int
    blocks: Blocks


class Track:
    """One medium of a stream.

    Attributes:
        media: ``video`` or ``audio``.
        payload_type, encoding, clock_rate, channels, format: as the session description
            declares them (encoding in upper case, format = text of a=fmtp).
    """

    def __init__(self, facts: Mapping[str, Any], datagrams: DatagramTable) -> None:
        self.media = str(facts.get("media") or "")
        self.payload_type = _number(facts.get("payload_type"), -1)
        self.encoding = str(facts.get("encoding") or "").upper()
        self.clock_rate = _number(
            facts.get("clock_rate"), 90_000 if self.media == "video" else 8000
        )
        self.channels = _number(facts.get("channels"), 1)
        self.format = str(facts.get("format") or "")
        self._ports = _number(facts.get("rtp_port"), -1), _number(facts.get("rtcp_port"), -1)
        self._datagrams = datagrams

    @cached_property
    def _arrived(self) -> tuple[Packets, Loss]:
        table = self._datagrams
        port = self._ports[0]
        here = np.flatnonzero((table.source_port == port) | (table.destination_port == port))
        headers = parse_headers(table.buffer, table.start[here], table.length[here])
        times = table.time_ns[here][headers.row]
        chosen = headers.payload_type == self._seen_payload_type(headers)
        if self.media == "audio":
            chosen |= headers.payload_type == COMFORT_NOISE
        return order_packets(table.buffer, headers.take(chosen), times[chosen])

    def _seen_payload_type(self, headers: HeaderTable) -> int:
        """The declared payload type, or the most frequent one when nothing carries it."""
        if not len(headers) or (headers.payload_type == self.payload_type).any():
            return self.payload_type
        return int(np.bincount(headers.payload_type).argmax())

    @property
    def packets(self) -> Packets:
        """Its RTP packets in sending order, as arrays."""
        return self._arrived[0]

    @property
    def loss(self) -> Loss:
        """What the path lost, doubled and reordered."""
        return self._arrived[1]

    @cached_property
    def codec(self) -> str | None:
        """What a video bitstream really is, ``None`` when its structure does not tell."""
        return identify(self.packets) if self.media == "video" else None

    @cached_property
    def units(self) -> AccessUnits:
        """Its access units, as arrays; ``units[i]`` is one."""
        return group_packets(self.packets, self._read_as)

    @property
    def _read_as(self) -> str | None:
        return self.codec or (self.encoding if self.media == "video" else None)

    @cached_property
    def sender_reports(self) -> list[ArrivedReport]:
        """RTCP sender reports in order of arrival (at most 4096)."""
        table = self._datagrams
        found: list[ArrivedReport] = []
        ports = [port for port in self._ports if port >= 0]
        here = np.isin(table.source_port, ports) | np.isin(table.destination_port, ports)
        second = np.zeros(len(table), np.uint8)
        enough = table.length >= 8
        second[enough] = table.buffer[table.start[enough] + 1]
        for row in np.flatnonzero(here & (second >= 192) & (second <= 223))[:_MOST_REPORTS]:
            start, end = table.start[row], table.start[row] + table.length[row]
            try:
                compound = parse_rtcp(table.buffer[start:end].tobytes())
            except ProtocolError:
                continue
            arrival = int(table.time_ns[row])
            found += [
                ArrivedReport(arrival, packet)
                for packet in compound
                if isinstance(packet, SenderReport)
            ]
        return found

    @cached_property
    def formats(self) -> list[ArrivedFormat]:
        """Every parameter set in the stream, in order, after those of the session description.

        For JPEG the header of each picture whose payload header differs from the one before.
        Parameter sets that break their format are left out and counted in ``broken_formats``.
        """
        return self._read_formats[0]

    @property
    def broken_formats(self) -> int:
        """Parameter sets that could not be read."""
        return self._read_formats[1]

    @cached_property
    def _read_formats(self) -> tuple[list[ArrivedFormat], int]:
        if self._read_as == "JPEG":
            return self._jpeg_formats()
        if self._read_as not in ("H264", "H265"):
            return [], 0
        parse = (
            h265.parse_sequence_parameters
            if self._read_as == "H265"
            else (h264.parse_sequence_parameters)
        )
        known: dict[bytes, PictureFormat | None] = {}
        found: list[ArrivedFormat] = []
        broken = 0
        for nal, unit in self._sequence_parameters():
            if nal not in known:
                try:
                    known[nal] = parse(nal)
                except ProtocolError:
                    known[nal] = None
            read = known[nal]
            if read is None:
                broken += 1
                continue
            if unit is None:
                found.append(ArrivedFormat(read, None, None))
            else:
                found.append(ArrivedFormat(read, unit.index, unit.first_ns))
        return found, broken

    def _sequence_parameters(self) -> Iterator[tuple[bytes, AccessUnit | None]]:
        codec = self._read_as or ""
        for nal in announced_units(self.format):
            if _is_sequence_parameters(nal, codec):
                yield nal, None
        for index in np.flatnonzero(self.units.parameters):
            unit = self.units[int(index)]
            for nal in leading_units(self.packets, unit, codec).units:
                if _is_sequence_parameters(nal, codec):
                    yield nal, unit

    def _jpeg_formats(self) -> tuple[list[ArrivedFormat], int]:
        first = self.units.first_packet
        packets = self.packets
        looks = np.stack([packets.payload_byte(offset)[first] for offset in (4, 6, 7)])
        changed = np.ones(len(first), np.bool_)
        if len(first):
            changed[1:] = (np.diff(looks, axis=1) != 0).any(axis=0)
        found, broken = [], 0
        for index in np.flatnonzero(changed & self.units.begins_clean)[:_JPEG_HEADERS_READ]:
            unit = self.units[int(index)]
            try:
                read = parse_jpeg(self.decoder.coded(unit)).format
            except ProtocolError:
                broken += 1
                continue
            found.append(ArrivedFormat(read, unit.index, unit.first_ns))
        return found, broken

    @cached_property
    def decoder(self) -> Decoder:
        """Decodes single access units and ranges of them; see ``Decoder``."""
        return Decoder(self.packets, self.units, self._read_as, self.format)

    def key_units(self) -> Integers:
        """Indices of the complete key access units."""
        return np.flatnonzero(self.units.key & self.units.complete & self.units.picture)

    def key_pictures(self, maximum: int = 2) -> list[Picture]:
        """Decoded key pictures spread evenly over the capture, one of them out of ``glances``.

        Fewer than ``maximum`` when the capture holds fewer, none when it holds none.
        """
        keys = self.key_units()
        if not len(keys):
            return []
        chosen = keys[np.unique(np.linspace(0, len(keys) - 1, maximum).round().astype(int))]
        indices = {int(index) for index in chosen}
        if (
            self.glances()
            and self._stretch_start is not None
            and self._stretch_start not in indices
        ):
            indices = {self._stretch_start, *sorted(indices)[1:]}
        pictures = [self.decoder.key_picture(index) for index in sorted(indices)]
        return [picture for picture in pictures if picture is not None]

    @cached_property
    def _stretch_start(self) -> int | None:
        """The key unit that is followed by the longest run without loss, up to a stretch."""
        best, longest = None, 0
        for key in self.key_units():
            length = self.sound_end(int(key), STRETCH) - int(key)
            if length > longest:
                best, longest = int(key), length
            if longest >= STRETCH:
                break
        return best

    def glances(self) -> list[Glance]:
        """Up to ``STRETCH`` consecutive pictures, reduced to block means, in order of display.

        They begin with a key picture and no packet is lost between them.
        """
        return self._glances

    @cached_property
    def _glances(self) -> list[Glance]:
        start = self._stretch_start
        return [] if start is None else list(self.glance_at(start, STRETCH))

    def glance_at(self, start: int, most: int) -> Iterator[Glance]:
        """Reduced pictures from key access unit ``start`` on, as far as no packet is lost."""
        end = self.sound_end(start, most)
        for picture in self.decoder.run(start, end, filtered=False):
            yield Glance(picture.index, picture.block_means())

    def sound_end(self, start: int, most: int) -> int:
        """End of the run of complete access units from ``start`` on, at most ``most`` of them."""
        end = start + 1
        while (
            end < min(len(self.units), start + most)
            and self.units.complete[end]
            and self.units.lost_before[end] == 0
        ):
            end += 1
        return end

    def pictures(self, first: int = 0, end: int | None = None) -> Iterator[Picture]:
        """Decode access units ``first`` to ``end`` one after another without keeping them.

        Costs the CPU of every picture in between: for a closer look only.
        """
        stop = len(self.units) if end is None else end
        keys = np.flatnonzero(self.units.key)
        before = keys[keys <= first]
        start = int(before[-1]) if len(before) else (int(keys[0]) if len(keys) else stop)
        return (each for each in self.decoder.run(start, stop) if each.index >= first)


class StreamReader:
    """All tracks of one capture of a stream recording.

    Raises:
        ProtocolError: the recording has no such part, or it is not a capture.
    """

    def __init__(self, recording: Recording, part: str = "packets.pcap") -> None:
        if part not in recording.parts:
            raise ProtocolError(f"the recording has no {part}")
        self.recording = recording
        self.datagrams = index_datagrams(recording.read(part))
        described = recording.facts.get("tracks")
        self.tracks = tuple(
            Track(facts, self.datagrams)
            for facts in (described if isinstance(described, list | tuple) else ())
            if isinstance(facts, Mapping)
        )

    @property
    def video(self) -> Track | None:
        """The first video track."""
        return next((track for track in self.tracks if track.media == "video"), None)

    @property
    def audio(self) -> Track | None:
        """The first audio track."""
        return next((track for track in self.tracks if track.media == "audio"), None)


_readers: OrderedDict[tuple[str, str], StreamReader] = OrderedDict()


def reader(recording: Recording, part: str = "packets.pcap") -> StreamReader:
    """The reader of a recording, shared by all probes (the last few are kept).

    Raises:
        ProtocolError: see ``StreamReader``.
    """
    key = recording.digest, part
    if key not in _readers:
        _readers[key] = StreamReader(recording, part)
        while len(_readers) > _READERS_KEPT:
            _readers.popitem(last=False)
    _readers.move_to_end(key)
    return _readers[key]


def forget(recording: Recording) -> None:
    """Drop what is kept of a recording: its pictures take memory."""
    for key in [key for key in _readers if key[0] == recording.digest]:
        del _readers[key]


def _number(value: object, otherwise: int) -> int:
    return int(value) if isinstance(value, int | float) else otherwise


def _is_sequence_parameters(nal: bytes, codec: str) -> bool:
    try:
        if codec == "H265":
            return h265.nal_type(nal) == h265.SEQUENCE_PARAMETERS
        return h264.nal_type(nal) == h264.SEQUENCE_PARAMETERS
    except ProtocolError:
        return False
