"""Counters that wrap: 32-bit RTP time stamps (13.26 h at 90 kHz), 33-bit PTS (26.51 h), 16 bits.

For arrays there is ``protocols.rtp.extend``; here values come one at a time.
"""

from __future__ import annotations

SEQUENCE_BITS, RTP_TIME_BITS, PTS_BITS = 16, 32, 33


class Unwrapper:
    """Turns a counter of ``bits`` bits into one that never wraps: each step is the nearest one.

    A step back by less than half the range is a step back and not a wrap, so that reordered
    values keep their place (RFC 3550 A.1).
    """

    def __init__(self, bits: int) -> None:
        self._size = 1 << bits
        self._last: int | None = None

    def next(self, value: int) -> int:
        """The unwrapped value; the first one stays as it is."""
        if self._last is None:
            self._last = value
        else:
            self._last += difference(value, self._last, self._size)
        return self._last


def difference(later: int, earlier: int, size: int) -> int:
    """The nearest way from ``earlier`` to ``later`` round a counter of ``size`` values."""
    half = size >> 1
    return (later - earlier + half) % size - half


def pts_difference(later: int, earlier: int) -> int:
    """Ticks from one 33-bit time stamp to another: 8589932482 to 1490 is +3600."""
    return difference(later, earlier, 1 << PTS_BITS)


def rtp_time_difference(later: int, earlier: int) -> int:
    """Ticks from one RTP time stamp to another."""
    return difference(later, earlier, 1 << RTP_TIME_BITS)
