"""Packets grouped into access units: one coded picture, or one stretch of sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from probes.rtp_track import Integers, Packets, Truths, gaps_before
from protocols.depacketise import NalUnits, h264_units, h265_units
from protocols.h264 import SEQUENCE_PARAMETERS as H264_SEQUENCE_PARAMETERS
from protocols.h265 import SEQUENCE_PARAMETERS as H265_SEQUENCE_PARAMETERS

_LEADING_PACKETS = 12


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One access unit. Times are POSIX nanoseconds of arrival.

    Attributes:
        index: its place in ``AccessUnits``.
        timestamp: RTP timestamp, unwrapped.
        first_ns, last_ns: arrival of its earliest and latest packet.
        first_packet, end_packet: its packets, as a range of ``Packets``.
        size: payload bytes received.
        complete: no packet of it was lost.
        key: decodable without an earlier picture.
        picture: holds (a part of) a coded picture, not only parameter sets.
    """

    index: int
    timestamp: int
    first_ns: int
    last_ns: int
    first_packet: int
    end_packet: int
    size: int
    complete: bool
    key: bool
    picture: bool


@dataclass(frozen=True)
class AccessUnits:
    """All access units of a track in sending order, one array element each.

    The arrays are as in ``AccessUnit``; ``segment`` counts restarts of the sender, ``lost_before``
    the packets lost between the unit before and this one, ``ends_clean`` tells that the last
    packet of the unit carried the marker and ``begins_clean`` that the first packet begins
    a NAL unit or a picture, ``parameters`` that it holds a sequence parameter set.
    """

    timestamp: Integers
    first_ns: Integers
    last_ns: Integers
    first_packet: Integers
    end_packet: Integers
    size: Integers
    complete: Truths
    key: Truths
    picture: Truths
    segment: Integers
    lost_before: Integers
    begins_clean: Truths
    ends_clean: Truths
    parameters: Truths

    def __len__(self) -> int:
        return len(self.timestamp)

    def __getitem__(self, index: int) -> AccessUnit:
        return AccessUnit(
            index=index,
            timestamp=int(self.timestamp[index]),
            first_ns=int(self.first_ns[index]),
            last_ns=int(self.last_ns[index]),
            first_packet=int(self.first_packet[index]),
            end_packet=int(self.end_packet[index]),
            size=int(self.size[index]),
            complete=bool(self.complete[index]),
            key=bool(self.key[index]),
            picture=bool(self.picture[index]),
        )

    def __iter__(self) -> Iterator[AccessUnit]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True)
class _Content:
    """What each packet carries.

    ``picture`` any part of a coded picture, ``starts`` the first slice of one, ``key`` of one
    that needs no other, ``begins`` the beginning of a NAL unit, ``recovery`` a recovery point,
    ``parameters`` a sequence parameter set.
    """

    picture: Truths
    starts: Truths
    key: Truths
    begins: Truths
    recovery: Truths
    parameters: Truths

    @property
    def opens(self) -> Truths:
        """Can only open a picture: its first slice, or what comes before the first slice."""
        return self.starts | (self.begins & ~self.picture)


def group_packets(packets: Packets, codec: str | None) -> AccessUnits:
    """Group packets in sending order into the access units of ``codec``.

    A new unit begins with a new timestamp; also where a picture ended with a marker and what
    follows can only open the next, so that a sender with a standing timestamp is still counted.
    """
    content = _content(packets, codec)
    marker = packets.headers.marker
    count = len(packets)
    new = np.ones(count, np.bool_)
    if count:
        new[1:] = (
            (np.diff(packets.segment) != 0)
            | (np.diff(packets.timestamp) != 0)
            | (marker[:-1] & content.picture[:-1] & content.opens[1:])
        )
    first = np.flatnonzero(new)
    end = np.append(first[1:], count)
    if not count:
        return _empty()
    lost = gaps_before(packets)
    inner = np.where(new, 0, lost)
    lost_before = lost[first]
    lost_after = np.append(lost_before[1:], 0)
    ends_clean = marker[end - 1]
    begins_clean = content.begins[first]
    whole = np.add.reduceat(inner, first) == 0
    at_start = (lost_before == 0) & (np.arange(len(first)) > 0)
    at_end = (lost_after == 0) & (np.arange(len(first)) < len(first) - 1)
    key = _any(content.key, first) | (
        _any(content.recovery, first) & _any(content.parameters, first)
    )
    return AccessUnits(
        timestamp=packets.timestamp[first],
        first_ns=np.minimum.reduceat(packets.time_ns, first),
        last_ns=np.maximum.reduceat(packets.time_ns, first),
        first_packet=first,
        end_packet=end,
        size=np.add.reduceat(packets.size, first),
        complete=whole & (at_start | begins_clean) & (at_end | ends_clean),
        key=key,
        picture=_any(content.picture, first),
        segment=packets.segment[first],
        lost_before=lost_before,
        begins_clean=begins_clean,
        ends_clean=ends_clean,
        parameters=_any(content.parameters, first),
    )


def _any(values: Truths, first: Integers) -> Truths:
    found: Truths = np.logical_or.reduceat(values, first)
    return found


def _empty() -> AccessUnits:
    numbers, truths = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    return AccessUnits(
        timestamp=numbers,
        first_ns=numbers,
        last_ns=numbers,
        first_packet=numbers,
        end_packet=numbers,
        size=numbers,
        complete=truths,
        key=truths,
        picture=truths,
        segment=numbers,
        lost_before=numbers,
        begins_clean=truths,
        ends_clean=truths,
        parameters=truths,
    )


def _content(packets: Packets, codec: str | None) -> _Content:
    if codec == "H264":
        return _h264_content(packets)
    if codec == "H265":
        return _h265_content(packets)
    always, never = np.ones(len(packets), np.bool_), np.zeros(len(packets), np.bool_)
    if codec == "JPEG":
        offset = packets.payload_byte(1) | packets.payload_byte(2) | packets.payload_byte(3)
        starts = offset == 0
        return _Content(always, starts, always, starts, never, never)
    return _Content(always, never, never, always, never, never)


def _h264_content(packets: Packets) -> _Content:
    first, second, third = (packets.payload_byte(offset) for offset in range(3))
    kind = first & 0x1F
    fragment = (kind == 28) | (kind == 29)
    unit = np.where(fragment, second & 0x1F, kind)
    begins = ~fragment | (second & 0x80 != 0)
    slice_byte = np.where(fragment, third, second)
    picture = (unit == 1) | (unit == 2) | (unit == 5)
    content = _Content(
        picture=picture,
        starts=picture & begins & (slice_byte & 0x80 != 0),
        key=unit == 5,
        begins=begins,
        recovery=begins & (unit == 6) & (slice_byte == 6),
        parameters=begins & (unit == H264_SEQUENCE_PARAMETERS),
    )
    for index in np.flatnonzero((kind >= 24) & (kind <= 27)):
        for inner in h264_units([packets.payload(int(index))]).units:
            kind_inside = inner[0] & 0x1F
            if kind_inside in (1, 2, 5):
                content.picture[index] = True
                content.starts[index] |= len(inner) > 1 and inner[1] & 0x80 != 0
            content.key[index] |= kind_inside == 5
            content.recovery[index] |= kind_inside == 6 and inner[1:2] == b"\6"
            content.parameters[index] |= kind_inside == H264_SEQUENCE_PARAMETERS
    return content


def _h265_content(packets: Packets) -> _Content:
    first, _, third, fourth = (packets.payload_byte(offset) for offset in range(4))
    kind = first >> 1 & 0x3F
    fragment = kind == 49
    unit = np.where(fragment, third & 0x3F, kind)
    begins = ~fragment | (third & 0x80 != 0)
    slice_byte = np.where(fragment, fourth, third)
    picture = unit <= 31
    content = _Content(
        picture=picture,
        starts=picture & begins & (slice_byte & 0x80 != 0),
        key=(unit >= 16) & (unit <= 21),
        begins=begins,
        recovery=np.zeros(len(packets), np.bool_),
        parameters=begins & (unit == H265_SEQUENCE_PARAMETERS),
    )
    for index in np.flatnonzero(kind == 48):
        content.picture[index] = False
        for inner in h265_units([packets.payload(int(index))]).units:
            kind_inside = inner[0] >> 1 & 0x3F
            if kind_inside <= 31:
                content.picture[index] = True
                content.starts[index] |= len(inner) > 2 and inner[2] & 0x80 != 0
            content.key[index] |= 16 <= kind_inside <= 21
            content.parameters[index] |= kind_inside == H265_SEQUENCE_PARAMETERS
    return content


def nal_units(packets: Packets, unit: AccessUnit, codec: str) -> NalUnits:
    """The NAL units of one access unit of H.264 or H.265."""
    payloads = packets.payloads(unit.first_packet, unit.end_packet)
    return h265_units(payloads) if codec == "H265" else h264_units(payloads)


def leading_units(packets: Packets, unit: AccessUnit, codec: str) -> NalUnits:
    """The NAL units in the first packets of an access unit, where parameter sets are."""
    end = min(unit.end_packet, unit.first_packet + _LEADING_PACKETS)
    payloads = packets.payloads(unit.first_packet, end)
    return h265_units(payloads) if codec == "H265" else h264_units(payloads)
