"""The media of one session, opened: RTP as it arrived, the program stream, its pictures.

Nothing here raises on what a device sent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from assessment.recording import CorruptRecordingError, Recording
from protocols.errors import ProtocolError
from protocols.mpeg_ps.demultiplex import AccessUnit, Streams, demultiplex
from protocols.pcap import read_capture
from protocols.rtp import RtpPacket, is_rtcp, parse_rtp
from protocols.rtp_stream import CarriedStream, payload_of_packets

CLOCK = 90_000
_WRAP = 1 << 33
_PACK, _VIDEO = b"\0\0\1\xba", b"\0\0\1\xe0"
_DECODERS = {"H264": "h264", "H265": "hevc"}
_MOST_PACKETS = 2_000_000
#: Pictures that come so late may show what an earlier command did, in seconds.
LATE_S = 0.4
#: No path is so late: the device's times jump, and tell nothing.
_USABLE_LAG_S = 10.0


@dataclass(frozen=True)
class Shown:
    """One decoded picture: index of its access unit, arrival, whether it is a key picture, luma."""

    index: int
    at: float
    key: bool
    luma: npt.NDArray[np.uint8]


class Media:
    """RTP of one session.

    Attributes:
        arrivals: time and packet of the source that sent most, in order of arrival.
        sources: packets by SSRC.
        payload_types: packets of that source by payload type.
    """

    def __init__(self, packets: Sequence[tuple[float, RtpPacket]]) -> None:
        self.sources = Counter(packet.ssrc for _, packet in packets)
        main = self.sources.most_common(1)[0][0] if self.sources else -1
        self.arrivals = [(at, packet) for at, packet in packets if packet.ssrc == main]
        self.ssrc: int | None = main if self.sources else None
        self.payload_types = Counter(packet.payload_type for _, packet in self.arrivals)

    @cached_property
    def stream(self) -> CarriedStream:
        """The bytes that were carried, in order."""
        return payload_of_packets(packet for _, packet in self.arrivals)

    @property
    def lost(self) -> int:
        """Places where packets are missing."""
        return len(self.stream.gaps)

    @cached_property
    def streams(self) -> Streams | None:
        """Pictures and sound, ``None`` when it is no program stream."""
        try:
            return demultiplex(self.stream.data)
        except ProtocolError:
            return None

    @property
    def units(self) -> Sequence[AccessUnit]:
        """The coded pictures."""
        return self.streams.access_units if self.streams else ()

    @cached_property
    def _times(self) -> list[float]:
        """Arrival of each packet in the order of the stream."""
        arrived = {id(packet): at for at, packet in self.arrivals}
        return [arrived[id(packet)] for packet in self.stream.ordered.packets]

    def arrival_of(self, index: int) -> float:
        """When the last packet of access unit ``index`` was there."""
        first, last = (
            max(0, bisect_right(self.stream.starts, place) - 1)
            for place in (self.units[index].offset, self._end_of(index) - 1)
        )
        return max(self._times[first : last + 1])

    def _end_of(self, index: int) -> int:
        """Where access unit ``index`` ends: before the pack that follows its last packet."""
        data, begin = self.stream.data, self.units[index].offset
        end = self.units[index + 1].offset if index + 1 < len(self.units) else len(data)
        pack = data.find(_PACK, max(begin, data.rfind(_VIDEO, begin, end)), end)
        return end if pack < 0 else pack

    @cached_property
    def media_times(self) -> list[float | None]:
        """PTS of each access unit in seconds, unwrapped from 33 bits."""
        found: list[float | None] = []
        last: int | None = None
        for unit in self.units:
            if unit.pts is None:
                found.append(None)
                continue
            value = unit.pts
            if last is not None:
                value = last + ((unit.pts - last + _WRAP // 2) % _WRAP - _WRAP // 2)
            last = value
            found.append(value / CLOCK)
        return found

    def late_between(self, start: float, end: float) -> float:
        """By how many seconds pictures of that time came later than the promptest, at worst.

        A path or a machine that is late shows what the device did long before. 0 where the
        device's own times do not tell.
        """
        worst = max((late for at, late in self._lateness if start <= at <= end), default=0.0)
        return worst if worst < _USABLE_LAG_S else 0.0

    @cached_property
    def _lateness(self) -> list[tuple[float, float]]:
        """Of each picture that has a time: when it came, and how much later than the promptest."""
        told = [(index, at) for index, at in enumerate(self.media_times) if at is not None]
        came = [(self.arrival_of(index), at) for index, at in told]
        promptest = min((arrival - at for arrival, at in came), default=0.0)
        return [(arrival, arrival - at - promptest) for arrival, at in came]

    def pictures(self, *, width: int = 0, only_key: bool = False) -> Iterator[Shown]:
        """The decoded pictures in order; ``width`` scales them down, 0 leaves their size."""
        codec = self.streams.video if self.streams else ""
        if codec not in _DECODERS:
            return
        decoder: Any = av.CodecContext.create(_DECODERS[codec], "r")
        for index, unit in enumerate(self.units):
            if only_key and not unit.key:
                continue
            packet = av.Packet(unit.data)
            packet.pts = index
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError:
                continue
            for frame in frames:
                yield self._shown(frame, width)
        try:
            for frame in decoder.decode(None):
                yield self._shown(frame, width)
        except av.FFmpegError:
            return

    def _shown(self, frame: Any, width: int) -> Shown:
        index = int(frame.pts or 0)
        if width and frame.width > width:
            height = max(2, round(frame.height * width / frame.width) // 2 * 2)
            frame = frame.reformat(width=width, height=height, format="gray")
        else:
            frame = frame.reformat(format="gray")
        luma = np.asarray(frame.to_ndarray(), np.uint8)
        return Shown(index, self.arrival_of(index), self.units[index].key, luma)

    def first_key(self) -> float | None:
        """When the first key picture that decodes was there whole."""
        for index, unit in enumerate(self.units):
            if unit.key and self.decodes(unit.data):
                return self.arrival_of(index)
        return None

    def decodes(self, data: bytes) -> bool:
        """Whether a key access unit gives a picture by itself."""
        codec = self.streams.video if self.streams else ""
        if codec not in _DECODERS:
            return False
        decoder: Any = av.CodecContext.create(_DECODERS[codec], "r")
        try:
            frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        except av.FFmpegError:
            return False
        return any(not frame.is_corrupt for frame in frames)

    def sent_between(self, start: float, end: float) -> int:
        """Packets that arrived in that time."""
        return sum(start < at <= end for at, _ in self.arrivals)


def open_media(recording: Recording, name: Any) -> Media:
    """The media in part ``name``; without packets when there is no such part."""
    try:
        content = recording.read(str(name))
    except (KeyError, CorruptRecordingError):
        return Media([])
    packets: list[tuple[float, RtpPacket]] = []
    try:
        for frame in read_capture(content):
            header = (frame.data[0] & 0x0F) * 4 if frame.data else 0
            payload = frame.data[header + 8 :]
            if len(packets) >= _MOST_PACKETS or is_rtcp(payload):
                continue
            try:
                packets.append((frame.time_ns / 1e9, parse_rtp(payload)))
            except ProtocolError:
                continue
    except ProtocolError:
        pass
    return Media(packets)
