"""RTP packets of one session: opened, put in order, their content handed on."""

from __future__ import annotations

from protocols.errors import ProtocolError
from protocols.rtp import RtpPacket, is_rtcp, parse_rtp
from protocols.rtp_stream import Reorderer
from protocols.srtp import CryptoLine, SrtpReceiver
from reference_platform.media.units import AccessUnit
from reference_platform.signalling.pictures import PictureAssembler

#: Packets of another source after which it counts as the device's new one.
_TAKEOVER = 50
_REORDER_DEPTH = 64


class RtpInput:
    """Packets in, pictures out.

    Args:
        assembler: what makes pictures of the program stream.
        ssrc: what was agreed on; another one is taken too, some devices choose their own.
        crypto: the device's key when SRTP was agreed on; plain packets are then dropped.
        reliable: packets arrive in order (TCP).

    Attributes:
        packets, lost, rejected: counts; ``rejected`` were no RTP, or did not open.
    """

    def __init__(
        self,
        assembler: PictureAssembler,
        ssrc: int,
        *,
        crypto: CryptoLine | None = None,
        reliable: bool = False,
    ) -> None:
        self.packets = self.lost = self.rejected = 0
        self._assembler = assembler
        self._ssrc = ssrc
        self._locked: int | None = None
        self._strangers = 0
        self._srtp = SrtpReceiver(crypto) if crypto is not None else None
        self._depth = 0 if reliable else _REORDER_DEPTH
        self._order = Reorderer(self._depth)
        self._expected: int | None = None
        self._marked = False
        self._not_before: int | None = None

    def receive(self, data: bytes) -> list[AccessUnit]:
        """One packet as it came; RTCP is passed over."""
        if is_rtcp(data):
            return []
        try:
            packet = parse_rtp(data if self._srtp is None else self._srtp.rtp(data))
        except ProtocolError:
            self.rejected += 1
            return []
        if not self._is_ours(packet):
            return []
        self.packets += 1
        found: list[AccessUnit] = []
        for one in self._order.push(packet):
            found += self._ordered(one)
        return found

    def flush(self) -> list[AccessUnit]:
        """The end: what still waits."""
        found: list[AccessUnit] = []
        for one in self._order.flush():
            found += self._ordered(one)
        return found + self._assembler.flush()

    def skip_to(self, sequence: int | None) -> None:
        """After a leap: what was sent before packet ``sequence`` is of the old place."""
        self._not_before = sequence
        self._assembler.restart()

    def _is_ours(self, packet: RtpPacket) -> bool:
        """Whether the packet is of the session's source; a new source takes over in time."""
        if self._locked is None or packet.ssrc == self._locked:
            self._locked, self._strangers = packet.ssrc, 0
            return True
        self._strangers += 1
        if packet.ssrc != self._ssrc and self._strangers < _TAKEOVER:
            return False
        self._locked, self._strangers = packet.ssrc, 0
        self._order, self._expected = Reorderer(self._depth), None
        self._assembler.restart()
        return True

    def _ordered(self, packet: RtpPacket) -> list[AccessUnit]:
        found: list[AccessUnit] = []
        if self._expected is not None and packet.sequence != self._expected:
            self.lost += (packet.sequence - self._expected) & 0xFFFF
            found = self._assembler.lost(between=self._marked)
        self._expected = (packet.sequence + 1) & 0xFFFF
        self._marked = packet.marker
        if self._not_before is not None:
            if (packet.sequence - self._not_before) & 0x8000:
                return []
            self._not_before = None
        return found + self._assembler.feed(packet.payload)
