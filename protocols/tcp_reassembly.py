"""TCP byte streams put together from captured segments (RFC 9293 section 3.4).

Tolerant as a listener must be: duplicates, overlaps, disorder, a capture that starts in the
middle, and segments the capture lost (a gap, kept as such). Bounded in bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from heapq import heappop, heappush

from protocols.frames import FIN, RST, SYN, Packet

_MAXIMUM_WAITING = 4_000_000


@dataclass
class TcpStream:
    """One direction of a connection.

    Attributes:
        limit: bytes that are kept; more is counted only.
        data: the bytes in order; after a gap it simply goes on.
        gaps: offsets in ``data`` at which bytes are missing.
        marks: (offset, time in ns) of each piece appended, in order.
        began: the capture saw the SYN, so offset 0 is the first byte ever sent.
        ended: the capture saw a FIN or RST.
        discarded: bytes beyond ``limit``.
    """

    limit: int
    data: bytearray = field(default_factory=bytearray)
    gaps: list[int] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    began: bool = False
    ended: bool = False
    discarded: int = 0
    _expected: int | None = None  # position of the next byte, never wrapped at 2**32
    _waiting: list[tuple[int, int, bytes]] = field(default_factory=list)
    _waiting_bytes: int = 0

    def add(self, packet: Packet) -> None:
        """Take one captured segment of this direction."""
        sequence = packet.sequence
        if packet.flags & SYN:
            self.began = True
            sequence += 1
            if not self.data:
                self._expected = sequence
        if packet.flags & (FIN | RST):
            self.ended = True
        if not packet.payload:
            return
        if self._expected is None:
            self._expected = sequence
        position = self._expected + _ahead(sequence, self._expected)
        heappush(self._waiting, (position, packet.time_ns, packet.payload))
        self._waiting_bytes += len(packet.payload)
        self._drain()
        while self._waiting_bytes > _MAXIMUM_WAITING:
            self._skip_gap()

    def finish(self) -> None:
        """Append what still waits behind gaps; call once after the last segment."""
        while self._waiting:
            self._skip_gap()

    def time_at(self, offset: int) -> int:
        """Time (ns) at which the byte at ``offset`` was captured; 0 for an empty stream."""
        if not self.marks:
            return 0
        position = bisect_right(self.marks, (offset, 1 << 63)) - 1
        return self.marks[max(position, 0)][1]

    def _skip_gap(self) -> None:
        self.gaps.append(len(self.data))
        self._expected = self._waiting[0][0]
        self._drain()

    def _drain(self) -> None:
        expected = self._expected or 0
        while self._waiting and self._waiting[0][0] <= expected:
            position, time_ns, payload = heappop(self._waiting)
            self._waiting_bytes -= len(payload)
            fresh = payload[expected - position :]
            if not fresh:
                continue
            expected += len(fresh)
            kept = fresh[: max(self.limit - len(self.data), 0)]
            self.discarded += len(fresh) - len(kept)
            if kept:
                self.marks.append((len(self.data), time_ns))
                self.data += kept
        self._expected = expected


def _ahead(sequence: int, expected: int) -> int:
    """How far ``sequence`` lies ahead of ``expected`` (negative: behind), modulo 2**32."""
    return ((sequence - expected + 0x80000000) & 0xFFFFFFFF) - 0x80000000
