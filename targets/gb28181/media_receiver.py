"""Receives the media of one session: RTP over UDP, or over a TCP connection of either side."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Literal, Protocol

from protocols.addresses import family_of
from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.rtp import is_rtcp
from protocols.rtp_stream import FrameSplitter
from protocols.srtp import CryptoLine, SrtpReceiver
from protocols.time_source import TimeSource
from targets.packet_capture import Flow, PacketCapture, TooMuchMediaError, ends_in_file
from targets.udp_receiver import Sweep, UdpReceiver, open_pair

MediaTransport = Literal["udp", "tcp-device-active", "tcp-device-passive"]
_CONNECT_SECONDS = 5.0
#: A TCP client tries at least three times, a second apart (GB/T 28181-2022, annex D).
_CONNECT_TRIES = 3
_TRY_EVERY = 1.0
_READ_BYTES = 65_536


class MediaReceiver(Protocol):
    """Where the packets of a session go, whatever brings them.

    Attributes:
        capture: what came, in order of arrival.
        port: ours, to be named in the offer.
    """

    capture: PacketCapture
    port: int

    async def first_packet(self, seconds: float) -> bool:
        """Whether a packet came within ``seconds``."""

    async def connect(self, address: str, port: int) -> None:
        """Go and fetch the media, where it is for us to connect."""

    def flush(self) -> None:
        """Take what still waits in queues."""

    def source(self) -> tuple[str, int]:
        """Where the packets came from."""

    async def close(self) -> None:
        """Receive no more."""


class UdpMedia:
    """RTP on an even UDP port and RTCP on the next one."""

    def __init__(self, local: str, device: str, time_source: TimeSource) -> None:
        first, second = open_pair(local)
        self.capture = PacketCapture()
        self._receivers = [
            UdpReceiver(one, number, device, self.capture, time_source)
            for number, one in enumerate((first, second))
        ]
        self._sweep = Sweep(self._receivers)
        self._device = device
        self._peer_port = 0
        self.port = self._receivers[0].port

    async def first_packet(self, seconds: float) -> bool:
        """See ``MediaReceiver``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._receivers[0].first), seconds)
        self.flush()
        return self._receivers[0].first.done()

    async def connect(self, address: str, port: int) -> None:
        """Nothing to do but to remember the port that the answer names."""
        self._device, self._peer_port = address or self._device, port

    def flush(self) -> None:
        """See ``MediaReceiver``."""
        for receiver in self._receivers:
            receiver.drain()

    def source(self) -> tuple[str, int]:
        """See ``MediaReceiver``."""
        return self._device, self._peer_port

    async def close(self) -> None:
        """See ``MediaReceiver``."""
        self._sweep.close()
        for receiver in self._receivers:
            receiver.close()


class TcpMedia:
    """RTP framed in one TCP connection (RFC 4571), which the device or we open (annex L).

    Attributes:
        deviations: of the framing.
        fault: why no more is read, ``None`` while all is well.
    """

    def __init__(self, local: str, time_source: TimeSource, *, active: bool) -> None:
        self.capture = PacketCapture()
        self.fault: ProtocolError | None = None
        self._active = active
        self._local = local
        self._time = time_source
        self._splitter = FrameSplitter()
        self._first = asyncio.Event()
        self._source = ("", 0)
        self._connection: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._family = family_of(local)
        self._listener = socket.socket(self._family, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        self._listener.bind((local, 0))
        self.port = int(self._listener.getsockname()[1])
        if not active:
            self._listener.listen(1)
            self._task = asyncio.create_task(self._serve())

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Departures from RFC 4571."""
        return tuple(self._splitter.deviations)

    async def first_packet(self, seconds: float) -> bool:
        """See ``MediaReceiver``."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._first.wait(), seconds)
        return self._first.is_set()

    async def connect(self, address: str, port: int) -> None:
        """Connect to the device when the offer said that we do; retried thrice.

        Raises:
            OSError: it cannot be reached.
        """
        if not self._active:
            return
        loop = asyncio.get_running_loop()
        for number in range(_CONNECT_TRIES):
            connection = socket.socket(self._family, socket.SOCK_STREAM)
            connection.setblocking(False)
            try:
                connection.bind((self._local, 0))
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await loop.sock_connect(connection, (address, port))
            except (OSError, TimeoutError):
                connection.close()
                if number + 1 == _CONNECT_TRIES:
                    raise
                await asyncio.sleep(_TRY_EVERY)
            else:
                self._task = asyncio.create_task(self._read(connection))
                return

    async def _serve(self) -> None:
        connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)
        await self._read(connection)

    async def _read(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        self._connection = connection
        self._source = connection.getpeername()[:2]
        with contextlib.suppress(OSError):
            while data := await loop.sock_recv(connection, _READ_BYTES):
                now = int(self._time.now() * 1e9)
                try:
                    packets = self._splitter.feed(data)
                    self.capture.extend([(now, int(is_rtcp(one)), one) for one in packets])
                except (ProtocolError, TooMuchMediaError) as fault:
                    self.fault = fault
                    return
                if packets:
                    self._first.set()

    def flush(self) -> None:
        """Nothing waits: what the kernel holds is read as it comes."""

    def source(self) -> tuple[str, int]:
        """See ``MediaReceiver``."""
        return self._source

    async def close(self) -> None:
        """See ``MediaReceiver``."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


def opened(capture: PacketCapture, line: CryptoLine) -> tuple[PacketCapture, int]:
    """The capture in clear, and how many packets were not protected by ``line``.

    A packet that does not open is kept as it came.
    """
    receiver = SrtpReceiver(line)
    clear, failed = PacketCapture(dropped=capture.dropped), 0
    for time_ns, flow, data in capture.packets:
        try:
            content = receiver.rtcp(data) if is_rtcp(data) else receiver.rtp(data)
        except ProtocolError:
            content, failed = data, failed + 1
        clear.add(time_ns, flow, content)
    return clear, failed


def flows_of(receiver: MediaReceiver, local: str, device: str) -> list[Flow]:
    """Ends of the RTP and RTCP packets in the capture file."""
    host, port = receiver.source()
    (host, local), port = ends_in_file(host or device, local), port or 1
    return [Flow((host, port + one), (local, receiver.port + one)) for one in (0, 1)]
