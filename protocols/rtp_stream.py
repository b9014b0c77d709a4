"""RTP in a TCP connection (RFC 4571) and RTP packets back into the stream that they carry.

Devices of GB/T 28181 send the two-byte length of RFC 4571; some send RTSP's four bytes with
``$`` instead, some a private header of 256 bytes first. All are read, and what was met is told.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.rtp import RtpPacket, is_rtcp, parse_rtp
from protocols.wrap import SEQUENCE_BITS, Unwrapper

Framing = Literal["", "rfc4571", "interleaved"]
_PRIVATE_HEADER = 256
_LEAST = 16
# Where the first frame may begin and the bytes in front of its packet. ``$`` is also the first
# byte of an RFC 4571 length of 9 KiB: it is tried first, and what follows must agree.
_PLACES = ((0, 4), (0, 2), (_PRIVATE_HEADER, 4), (_PRIVATE_HEADER, 2))
_MOST_SEARCHED = 262_144
_LENGTH = struct.Struct(">H")


def frame(packet: bytes) -> bytes:
    """A packet as RFC 4571 frames it; the length does not count itself.

    Raises:
        ValueError: longer than 65535 bytes.
    """
    if len(packet) > 0xFFFF:
        raise ValueError(f"RFC 4571 cannot frame {len(packet)} bytes")
    return _LENGTH.pack(len(packet)) + packet


class FrameSplitter:
    """Packets out of the bytes of one TCP connection.

    Attributes:
        framing: what was found to be used; empty until the first packet.
        deviations: departures from RFC 4571, each once.
        skipped: bytes that belonged to no packet.
    """

    def __init__(self) -> None:
        self.framing: Framing = ""
        self.deviations: list[Deviation] = []
        self.skipped = 0
        self._data = bytearray()
        self._ssrc = b""
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; the packets, RTCP among them, that have become complete.

        Raises:
            ProtocolError: 256 KiB hold no RTP packet.
        """
        self._data += data
        packets: list[bytes] = []
        at = 0
        if not self.framing:
            begins = self._detect()
            if begins < 0:
                return packets
            at = begins
        head = 4 if self.framing == "interleaved" else 2
        buffer = self._data
        while len(buffer) - at >= head + 2:
            length = buffer[at + head - 2] << 8 | buffer[at + head - 1]
            if not self._plausible(at, head, length):
                found = self._resume(at + 1, head)
                if found < 0:
                    at += self._give_up(at, head)
                    break
                self._note("rtp-framing-lost", "RFC 4571 2", f"{found - at} bytes")
                self.skipped += found - at
                self._searched = 0
                at = found
                continue
            if len(buffer) - at < head + length:
                break
            packet = bytes(memoryview(buffer)[at + head : at + head + length])
            at += head + length
            if length:
                packets.append(packet)
                if not self._ssrc and not is_rtcp(packet):
                    self._ssrc = packet[8:12]
        del buffer[:at]
        return packets

    def _plausible(self, at: int, head: int, length: int) -> bool:
        """Whether a frame header stands there; an empty packet is one too (RFC 4571 2)."""
        if head == 4 and self._data[at] != 0x24:
            return False
        return length == 0 or (length >= 8 and self._data[at + head] >> 6 == 2)

    def _detect(self) -> int:
        """Where the first frame begins, -1 while that cannot be told; sets ``framing``.

        A frame header alone is found in a private header one time in four: the frame behind it
        must fit too, or the data end with it.
        """
        data = self._data
        weak: tuple[Framing, int] | None = None
        waits = len(data) < _PRIVATE_HEADER + _LEAST
        for begins, head in _PLACES:
            if len(data) < begins + _LEAST or not _stands(data, begins, head):
                continue
            kind: Framing = "interleaved" if head == 4 else "rfc4571"
            sure = _goes_on(data, begins, head)
            if sure:
                return self._decide(kind, begins)
            waits = waits or sure is None
            weak = weak or (kind, begins)
        if waits and len(data) < _MOST_SEARCHED:
            return -1
        if weak is None:
            raise ProtocolError("RTP over TCP: no RTP packet at the beginning")
        return self._decide(*weak)

    def _decide(self, kind: Framing, begins: int) -> int:
        self.framing = kind
        if kind == "interleaved":
            self._note("rtp-framing-interleaved", "RFC 4571 2", "$")
        if begins:
            self._note("rtp-private-header", "RFC 4571 2", f"{begins} bytes")
            self.skipped += begins
        return begins

    def _resume(self, at: int, head: int) -> int:
        """The next frame of the same source after rubbish, -1 if it is not there yet."""
        data = self._data
        if self._ssrc:
            found = data.find(self._ssrc, at + head + 8)
            while found >= 0:
                begins = found - 8 - head
                length = data[begins + head - 2] << 8 | data[begins + head - 1]
                if begins >= at and length >= 12 and self._plausible(begins, head, length):
                    return begins
                found = data.find(self._ssrc, found + 1)
        return -1

    def _give_up(self, at: int, head: int) -> int:
        """How many bytes from ``at`` on cannot begin a frame any more."""
        gone = max(0, len(self._data) - at - head - 12)
        self._searched += gone
        self.skipped += gone
        if self._searched > _MOST_SEARCHED:
            raise ProtocolError("RTP over TCP: framing lost")
        return gone

    def _note(self, code: str, clause: str, detail: str) -> None:
        if all(known.code != code for known in self.deviations):
            self.deviations.append(Deviation(code, clause, detail))


def _stands(data: bytearray, at: int, head: int) -> bool:
    """Whether a frame header and behind it an RTP header stand at ``at``."""
    length = data[at + head - 2] << 8 | data[at + head - 1]
    return (head == 2 or data[at] == 0x24) and length >= 8 and data[at + head] >> 6 == 2


def _goes_on(data: bytearray, at: int, head: int) -> bool | None:
    """Whether the frame at ``at`` ends with the data or another of its source follows.

    ``None`` while too little is there.
    """
    end = at + head + (data[at + head - 2] << 8 | data[at + head - 1])
    if len(data) == end:
        return True
    if len(data) < end + _LEAST:
        return None
    return _stands(data, end, head) and _source(data, at + head) == _source(data, end + head)


def _source(data: bytearray, at: int) -> bytes:
    """The synchronisation source of the RTP or RTCP packet at ``at``."""
    offset = 4 if is_rtcp(bytes(data[at : at + 2])) else 8
    return bytes(data[at + offset : at + offset + 4])


def split_frames(data: bytes) -> list[bytes]:
    """The packets of a whole connection.

    Raises:
        ProtocolError: it does not begin with RTP in a known framing.
    """
    return FrameSplitter().feed(data)


class Reorderer:
    """Puts packets of one source back in order; waits for at most ``depth`` later ones.

    Attributes:
        lost: sequence numbers that were given up.
        duplicates: packets that came again.
        late: packets that came after they were given up.
    """

    def __init__(self, depth: int = 64) -> None:
        self.lost = self.duplicates = self.late = 0
        self._depth = depth
        self._waiting: dict[int, RtpPacket] = {}
        self._next: int | None = None
        self._highest = 0

    def push(self, packet: RtpPacket) -> list[RtpPacket]:
        """The packets that can now go on, in order."""
        if self._next is None:
            self._next = self._highest = packet.sequence
        half = 1 << SEQUENCE_BITS - 1
        number = self._highest + (packet.sequence - self._highest + half) % (2 * half) - half
        self._highest = max(self._highest, number)
        if number < self._next:
            self.late += 1
            return []
        if number in self._waiting:
            self.duplicates += 1
            return []
        self._waiting[number] = packet
        ready: list[RtpPacket] = []
        while self._waiting:
            if self._next in self._waiting:
                ready.append(self._waiting.pop(self._next))
                self._next += 1
            elif len(self._waiting) > self._depth:
                first = min(self._waiting)
                self.lost += first - self._next
                self._next = first
            else:
                break
        return ready

    def flush(self) -> list[RtpPacket]:
        """What still waits, in order."""
        ready = []
        for number in sorted(self._waiting):
            if self._next is not None:
                self.lost += number - self._next
            self._next = number + 1
            ready.append(self._waiting[number])
        self._waiting = {}
        return ready


@dataclass(frozen=True)
class OrderedPackets:
    """The packets of one source in order.

    Attributes:
        packets: without duplicates.
        numbers: their sequence numbers, unwrapped.
        lost: numbers that are missing between the first and the last.
        duplicates: packets that came again.
        reordered: packets that came after a later one.
    """

    packets: tuple[RtpPacket, ...]
    numbers: tuple[int, ...]
    lost: int
    duplicates: int
    reordered: int


def in_order(packets: Iterable[RtpPacket]) -> OrderedPackets:
    """All packets of a recording in order, whatever way they came."""
    unwrap = Unwrapper(SEQUENCE_BITS)
    kept: dict[int, RtpPacket] = {}
    count = reordered = 0
    highest: int | None = None
    for packet in packets:
        number = unwrap.next(packet.sequence)
        count += 1
        if highest is not None and number < highest:
            reordered += 1
        highest = number if highest is None else max(highest, number)
        kept.setdefault(number, packet)
    numbers = tuple(sorted(kept)) if reordered else tuple(kept)
    lost = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
    return OrderedPackets(
        tuple(kept[number] for number in numbers), numbers, lost, count - len(kept), reordered
    )


@dataclass(frozen=True)
class CarriedStream:
    """The bytes that RTP packets carried.

    Attributes:
        data: their payloads one after the other.
        gaps: places in ``data`` where packets are missing.
        starts: place of each packet's payload.
        ordered: the packets.
    """

    data: bytes
    gaps: tuple[int, ...]
    starts: tuple[int, ...]
    ordered: OrderedPackets = field(repr=False)


def payload_of_packets(packets: Iterable[RtpPacket]) -> CarriedStream:
    """The stream that the packets of one source carry."""
    ordered = in_order(packets)
    pieces: list[bytes] = []
    gaps: list[int] = []
    starts: list[int] = []
    size = 0
    before: int | None = None
    for number, packet in zip(ordered.numbers, ordered.packets, strict=True):
        if before is not None and number != before + 1:
            gaps.append(size)
        before = number
        starts.append(size)
        pieces.append(packet.payload)
        size += len(packet.payload)
    return CarriedStream(b"".join(pieces), tuple(gaps), tuple(starts), ordered)


def read_packets(datagrams: Iterable[bytes], ssrc: int | None = None) -> list[RtpPacket]:
    """The RTP packets among datagrams, RTCP and rubbish left out.

    Args:
        datagrams: as received.
        ssrc: only those of this source; ``None`` takes the one with the most packets.
    """
    packets: list[RtpPacket] = []
    counted: dict[int, int] = {}
    for data in datagrams:
        if is_rtcp(data):
            continue
        try:
            packet = parse_rtp(data)
        except ProtocolError:
            continue
        packets.append(packet)
        counted[packet.ssrc] = counted.get(packet.ssrc, 0) + 1
    if not packets:
        return []
    chosen = ssrc if ssrc is not None else max(counted, key=counted.__getitem__)
    return [packet for packet in packets if packet.ssrc == chosen]


def packetise_program_stream(pack: bytes, maximum: int = 1300) -> list[bytes]:
    """The payloads of one picture's pack; the marker belongs on the last.

    By default they leave room for SRTP (``protocols.srtp.LONGEST_PACKET``).
    """
    return [pack[start : start + maximum] for start in range(0, len(pack), maximum)]
