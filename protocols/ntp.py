"""NTP version 4 packets and the on-wire calculation, without I/O (RFC 5905 7.3, 8, A.5.5).

Timestamps stay 64-bit fixed point inside a packet, because the origin check compares them bit
by bit; they become POSIX seconds only in an exchange, in the era nearest to the reference.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from protocols.errors import ProtocolError

PORT = 123
CLIENT, SERVER = 3, 4
#: Leap indicator 3: the server's own clock is not synchronised.
UNSYNCHRONISED = 3
_HEADER = struct.Struct(">BBbbII4sQQQQ")
_NTP_TO_POSIX = 2_208_988_800
_ERA_S = 2**32
_LONGEST_PACKET = 2048
#: PHI of RFC 5905: the rate at which dispersion grows, seconds per second.
_FREQUENCY_TOLERANCE = 15e-6
#: MAXDIST of RFC 5905: a server farther from its root than this is not fit.
_GREATEST_DISTANCE_S = 1.5


@dataclass(frozen=True, slots=True)
class NtpPacket:
    """The 48 bytes of the header; extension fields and authenticators are passed over.

    Attributes:
        leap: leap indicator, 3 = not synchronised.
        version: 1 to 4.
        mode: 3 client, 4 server.
        stratum: 0 unspecified or kiss-o'-death, 1 primary, 16 not synchronised.
        poll, precision: log2 of seconds.
        root_delay_s, root_dispersion_s: of the server to its primary source, seconds.
        reference_id: four bytes: an address, a source's name, or a kiss code.
        reference, origin, receive, transmit: 32.32 fixed point timestamps.
    """

    leap: int = 0
    version: int = 4
    mode: int = CLIENT
    stratum: int = 0
    poll: int = 0
    precision: int = 0
    root_delay_s: float = 0.0
    root_dispersion_s: float = 0.0
    reference_id: bytes = b"\0\0\0\0"
    reference: int = 0
    origin: int = 0
    receive: int = 0
    transmit: int = 0

    def encode(self) -> bytes:
        """The packet as 48 bytes."""
        return _HEADER.pack(
            self.leap << 6 | self.version << 3 | self.mode,
            self.stratum,
            self.poll,
            self.precision,
            _short(self.root_delay_s),
            _short(self.root_dispersion_s),
            self.reference_id,
            self.reference,
            self.origin,
            self.receive,
            self.transmit,
        )


@dataclass(frozen=True, slots=True)
class NtpSample:
    """One exchange with one server.

    Attributes:
        offset_s: server minus own clock, seconds.
        delay_s: round trip without the server's own time, seconds.
        error_s: bound of the offset's error: half the delay, the server's root distance and
            the clocks' resolution and drift during the exchange.
        stratum: of the server.
    """

    offset_s: float
    delay_s: float
    error_s: float
    stratum: int

    @property
    def interval(self) -> tuple[float, float]:
        """The offset of true time from the own clock lies in here if the server tells truth."""
        return self.offset_s - self.error_s, self.offset_s + self.error_s


def parse_ntp(data: bytes) -> NtpPacket:
    """Read an NTP packet of version 1 to 4.

    Raises:
        ProtocolError: too short, too long or of another version.
    """
    if not _HEADER.size <= len(data) <= _LONGEST_PACKET:
        raise ProtocolError(f"NTP: packet of {len(data)} bytes")
    first, stratum, poll, precision, delay, dispersion, reference_id, *stamps = _HEADER.unpack_from(
        data
    )
    version = first >> 3 & 7
    if not 1 <= version <= 4:
        raise ProtocolError(f"NTP: version {version}")
    return NtpPacket(
        first >> 6,
        version,
        first & 7,
        stratum,
        poll,
        precision,
        delay / 65536,
        dispersion / 65536,
        reference_id,
        *stamps,
    )


def request(transmit: int) -> NtpPacket:
    """A client's request. ``transmit`` comes back as origin and may be any nonce."""
    return NtpPacket(transmit=transmit)


def exchange(sent: NtpPacket, answer: NtpPacket, left: float, returned: float) -> NtpSample:
    """The on-wire calculation of RFC 5905 8 with the sanity tests of 9.2.

    Args:
        sent: the request as it left.
        answer: the server's answer.
        left, returned: own wall clock when the request left and the answer came, POSIX seconds.

    Raises:
        ProtocolError: an answer to another request, a kiss-o'-death, a server that is not
            synchronised or too far from its root, or times that contradict each other.
    """
    if answer.mode != SERVER:
        raise ProtocolError(f"NTP: answer of mode {answer.mode}")
    if answer.origin != sent.transmit:
        raise ProtocolError("NTP: answer to another request")
    if answer.stratum == 0:
        code = answer.reference_id.rstrip(b"\0").decode("ascii", "replace")
        raise ProtocolError(f"NTP: kiss-o'-death {code!r}")
    if answer.leap == UNSYNCHRONISED or answer.stratum > 15:
        raise ProtocolError("NTP: server is not synchronised")
    if not answer.transmit or not answer.receive:
        raise ProtocolError("NTP: answer without time")
    distance = answer.root_delay_s / 2 + answer.root_dispersion_s
    if distance >= _GREATEST_DISTANCE_S:
        raise ProtocolError(f"NTP: root distance of {distance:.3f} s")
    received, transmitted = to_posix(answer.receive, left), to_posix(answer.transmit, left)
    delay = (returned - left) - (transmitted - received)
    # Both clocks tick in steps, so a very short way may come out slightly below zero.
    if transmitted < received or delay < -0.001:
        raise ProtocolError("NTP: answer with contradictory times")
    resolution = 2.0 ** max(-32, min(0, answer.precision))
    error = max(delay, 0.0) / 2 + distance + resolution
    error += _FREQUENCY_TOLERANCE * max(0.0, returned - left)
    offset = ((received - left) + (transmitted - returned)) / 2
    return NtpSample(offset, max(delay, 0.0), error, answer.stratum)


def agreement(samples: Sequence[NtpSample]) -> tuple[tuple[float, float], int]:
    """The interval on which most servers agree, and how many do (Marzullo 1984).

    Of several such intervals the narrowest is taken.

    Raises:
        ValueError: no samples.
    """
    edges = sorted(
        [(sample.interval[0], -1) for sample in samples]
        + [(sample.interval[1], 1) for sample in samples]
    )
    best: tuple[int, float, tuple[float, float]] | None = None
    count = 0
    for (edge, kind), (following, _) in pairwise(edges):
        count -= kind
        candidate = (-count, following - edge, (edge, following))
        if kind == -1 and (best is None or candidate < best):
            best = candidate
    if best is None:
        raise ValueError("agreement of no samples")
    return best[2], -best[0]


def to_posix(timestamp: int, near: float) -> float:
    """A 32.32 timestamp as POSIX seconds, in the era (of 136 years) nearest to ``near``."""
    seconds = timestamp / 2**32 - _NTP_TO_POSIX
    return seconds + _ERA_S * round((near - seconds) / _ERA_S)


def from_posix(seconds: float) -> int:
    """POSIX seconds as a 32.32 timestamp of its era."""
    return round((seconds + _NTP_TO_POSIX) * 2**32) % 2**64


def _short(seconds: float) -> int:
    """Seconds as 16.16 fixed point."""
    return min(0xFFFFFFFF, max(0, round(seconds * 65536)))
