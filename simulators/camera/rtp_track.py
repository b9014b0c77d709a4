"""One sent RTP stream: numbering, timestamps, counts for the sender reports, and its carriers."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from protocols.addresses import family_of
from protocols.rtcp_build import goodbye, receiver_report, sender_report, source_description
from protocols.rtp_packetise import rtp_header

_LARGEST_BACKLOG = 8_000_000
_SEND_BUFFER = 1_048_576


class Carrier(Protocol):
    """What brings packets to the client."""

    def send(self, header: bytes, payload: bytes) -> None:
        """Send one RTP packet; what cannot be sent is lost."""

    def report(self, data: bytes) -> None:
        """Send one RTCP packet."""

    def flush(self) -> None:
        """Send what was gathered."""

    def close(self) -> None:
        """Give up the sockets."""


class UdpCarrier:
    """A pair of UDP sockets on the camera's address, RTP on the even port."""

    def __init__(
        self, address: str, peer: str, ports: tuple[int, int], alive: Callable[[], None]
    ) -> None:
        self._rtp, self._rtcp = _bind_pair(address)
        self._rtp_peer = (peer, ports[0])
        self._rtcp_peer = (peer, ports[1])
        self._alive = alive
        self.ports = (self._rtp.getsockname()[1], self._rtcp.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._rtcp, self._heard)

    def send(self, header: bytes, payload: bytes) -> None:
        """See ``Carrier``."""
        with contextlib.suppress(OSError):
            self._rtp.sendmsg((header, payload), (), 0, self._rtp_peer)

    def report(self, data: bytes) -> None:
        """See ``Carrier``."""
        with contextlib.suppress(OSError):
            self._rtcp.sendto(data, self._rtcp_peer)

    def flush(self) -> None:
        """Nothing is gathered."""

    def close(self) -> None:
        """See ``Carrier``."""
        self._loop.remove_reader(self._rtcp)
        self._rtp.close()
        self._rtcp.close()

    def _heard(self) -> None:
        with contextlib.suppress(OSError):
            self._rtcp.recv(2048)
            self._alive()


class TcpCarrier:
    """Interleaved frames on the RTSP connection; a picture is one write."""

    def __init__(self, writer: asyncio.StreamWriter, channels: tuple[int, int]) -> None:
        self._writer = writer
        self._channels = channels
        self._gathered: list[bytes] = []

    def send(self, header: bytes, payload: bytes) -> None:
        """See ``Carrier``."""
        length = len(header) + len(payload)
        prefix = b"$" + bytes([self._channels[0]]) + length.to_bytes(2, "big")
        self._gathered += (prefix, header, payload)

    def report(self, data: bytes) -> None:
        """See ``Carrier``."""
        prefix = b"$" + bytes([self._channels[1]]) + len(data).to_bytes(2, "big")
        self._gathered += (prefix, data)
        self.flush()

    def flush(self) -> None:
        """See ``Carrier``; a client that does not read loses whole pictures."""
        transport = self._writer.transport
        if not transport.is_closing() and transport.get_write_buffer_size() < _LARGEST_BACKLOG:
            self._writer.write(b"".join(self._gathered))
        self._gathered.clear()

    def close(self) -> None:
        """The connection belongs to the server."""


def _bind_pair(address: str) -> tuple[socket.socket, socket.socket]:
    """Two neighbouring ports, the lower one even.

    Raises:
        OSError: none is free.
    """
    family = family_of(address)
    for _ in range(64):
        port = random.randrange(20_000, 60_000, 2)
        pair = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(2)]
        try:
            for offset, one in enumerate(pair):
                one.setblocking(False)
                one.bind((address, port + offset))
        except OSError:
            for one in pair:
                one.close()
            continue
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        return pair[0], pair[1]
    raise OSError("no pair of UDP ports is free")


class RtpTrack:
    """The sending side of one medium of a session.

    Attributes:
        base: RTP timestamp of media time 0.
        rate: ticks of the media clock in a media second.
    """

    def __init__(self, payload_type: int, rate: float, control: str) -> None:
        self.payload_type = payload_type
        self.rate = rate
        self.control = control
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)
        self.base = secrets.randbits(32)
        self.carrier: Carrier | None = None
        self.packets = 0
        self.octets = 0

    def timestamp(self, media_time: float) -> int:
        """The RTP timestamp of a media time in seconds, 32 bits."""
        return (self.base + round(media_time * self.rate)) & 0xFFFFFFFF

    def send(
        self,
        payloads: Sequence[bytes],
        media_time: float,
        lost: Callable[[], bool] | None = None,
        *,
        ends: bool = True,
    ) -> None:
        """Send packets of one media time; ``ends`` marks the last one as the end of a picture.

        Packets for which ``lost`` says so are numbered and counted, and do not arrive.
        """
        carrier = self.carrier
        if carrier is None:
            return
        timestamp = self.timestamp(media_time)
        last = len(payloads) - 1
        for index, payload in enumerate(payloads):
            marker = ends and index == last
            header = rtp_header(self.payload_type, marker, self.sequence, timestamp, self.ssrc)
            if lost is None or not lost():
                carrier.send(header, payload)
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.packets += 1
            self.octets += len(payload)
        carrier.flush()

    def report(self, wall_clock: float, media_time: float, name: str) -> None:
        """Send a sender report: ``wall_clock`` (POSIX seconds) and media time of one instant."""
        if self.carrier is None:
            return
        timestamp = self.timestamp(media_time)
        compound = sender_report(self.ssrc, wall_clock, timestamp, self.packets, self.octets)
        self.carrier.report(compound + source_description(self.ssrc, name))

    def end(self, name: str) -> None:
        """Say goodbye and give up the carrier."""
        if self.carrier is None:
            return
        if self.packets:
            compound = receiver_report(self.ssrc) + source_description(self.ssrc, name)
            self.carrier.report(compound + goodbye(self.ssrc))
        self.carrier.close()
        self.carrier = None
