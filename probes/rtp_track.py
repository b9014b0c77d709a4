"""The packets of one RTP stream in sending order, and what was lost on the path."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from protocols.rtp import HeaderTable, extend

Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

_LARGEST_DROPOUT = 3000
"""A larger step of the sequence number is a restart of the sender, not loss (RFC 3550 A.1)."""


@dataclass(frozen=True)
class Packets:
    """RTP packets of one stream in the order they were sent, duplicates removed.

    Attributes:
        buffer: the capture that the headers point into.
        headers: one element a packet.
        time_ns: arrival, POSIX nanoseconds.
        sequence, timestamp: unwrapped within a segment.
        segment: counts up where the sender restarted (another SSRC, or a wild sequence number).
    """

    buffer: npt.NDArray[np.uint8]
    headers: HeaderTable
    time_ns: Integers
    sequence: Integers
    timestamp: Integers
    segment: Integers

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def size(self) -> Integers:
        """Payload bytes of each packet."""
        return self.headers.payload_end - self.headers.payload_start

    def payload(self, index: int) -> bytes:
        """The payload of one packet."""
        return self.buffer[
            self.headers.payload_start[index] : self.headers.payload_end[index]
        ].tobytes()

    def payloads(self, first: int, end: int) -> list[bytes]:
        """The payloads of packets ``first`` to ``end``."""
        content = self.buffer.data
        starts = self.headers.payload_start[first:end].tolist()
        ends = self.headers.payload_end[first:end].tolist()
        return [bytes(content[start:after]) for start, after in zip(starts, ends, strict=True)]

    def payload_byte(self, offset: int) -> npt.NDArray[np.uint8]:
        """Byte ``offset`` of every payload; 0 where the payload is shorter."""
        at = self.headers.payload_start + offset
        inside = at < self.headers.payload_end
        return np.where(inside, self.buffer[np.where(inside, at, 0)], 0).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Loss:
    """Statistics of the path by sequence numbers (RFC 3550 A.3).

    Attributes:
        received: distinct packets.
        lost: numbers that never came, between the first and the last.
        duplicated: packets that came again.
        reordered: packets that came after a later one.
        restarts: times that the sender began anew.
    """

    received: int
    lost: int
    duplicated: int
    reordered: int
    restarts: int

    @property
    def share(self) -> float:
        """Lost packets among those that were sent."""
        return self.lost / (self.received + self.lost) if self.received else 0.0


def order_packets(
    buffer: npt.NDArray[np.uint8], headers: HeaderTable, time_ns: Integers
) -> tuple[Packets, Loss]:
    """Put packets, given by arrival, into sending order."""
    step = (np.diff(headers.sequence) + 0x8000) % 0x10000 - 0x8000
    restart = (np.diff(headers.ssrc) != 0) | (np.abs(step) > _LARGEST_DROPOUT)
    segment = np.concatenate(([0], np.cumsum(restart))).astype(np.int64)[: len(headers)]
    sequence = _by_segment(headers.sequence, segment, 16)
    order = np.lexsort((np.arange(len(headers)), sequence, segment))
    sequence, segment = sequence[order], segment[order]
    again = np.zeros(len(order), np.bool_)
    again[1:] = (np.diff(sequence) == 0) & (np.diff(segment) == 0)
    reordered = int(np.count_nonzero((step < 0) & ~restart))
    order, sequence, segment = order[~again], sequence[~again], segment[~again]
    ordered = headers.take(order)
    packets = Packets(
        buffer=buffer,
        headers=ordered,
        time_ns=time_ns[order],
        sequence=sequence,
        timestamp=_by_segment(ordered.timestamp, segment, 32),
        segment=segment,
    )
    return packets, Loss(
        received=len(order),
        lost=int(gaps_before(packets).sum()),
        duplicated=int(np.count_nonzero(again)),
        reordered=reordered,
        restarts=int(segment[-1]) if len(segment) else 0,
    )


def gaps_before(packets: Packets) -> Integers:
    """Packets lost just before each packet; 0 before the first and across a restart."""
    lost = np.zeros(len(packets), np.int64)
    if len(packets) > 1:
        within = np.diff(packets.segment) == 0
        lost[1:] = np.where(within, np.diff(packets.sequence) - 1, 0)
    return lost


def _by_segment(values: Integers, segment: Integers, bits: int) -> Integers:
    if not len(segment) or segment[-1] == 0:
        return extend(values, bits)
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(segment)) + 1, [len(segment)]))
    return np.concatenate([extend(values[a:b], bits) for a, b in pairwise(bounds)])
