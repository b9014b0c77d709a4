"""Receives RTP over UDP at little cost: the kernel stamps, we empty its queue now and then."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Sequence

from protocols.addresses import family_of
from protocols.time_source import TimeSource
from targets.packet_capture import PacketCapture, TooMuchMediaError

_QUEUE_BYTES = 4 << 20
_ENOUGH_TO_WAIT = 1 << 20
_SWEEP_SECONDS = 0.1
_MAXIMUM_DATAGRAM = 65_536
_ANCILLARY_BYTES = 128
_TIMESPEC = struct.Struct("@qq")
# Linux numbers that the socket module does not name.
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_RXQ_OVFL = 40
_PAIR_TRIES = 64


def open_pair(local: str) -> tuple[socket.socket, socket.socket]:
    """Sockets on an even port of ``local`` for RTP and on the next one for RTCP (RFC 3550, 11).

    Raises:
        OSError: no such pair is free.
    """
    family = family_of(local)
    for _ in range(_PAIR_TRIES):
        first = socket.socket(family, socket.SOCK_DGRAM)
        first.bind((local, 0))
        port = first.getsockname()[1]
        if port % 2 == 0 and port < 65_535:
            second = socket.socket(family, socket.SOCK_DGRAM)
            try:
                second.bind((local, port + 1))
            except OSError:
                second.close()
            else:
                return first, second
        first.close()
    raise OSError("no pair of UDP ports is free")


class UdpReceiver:
    """Reads one UDP socket into a capture.

    Where the kernel stamps arrival times and its queue is large, a ``Sweep`` empties the queue
    now and then; else every packet wakes us, at several times the CPU.

    Args:
        socket_: bound; closed by ``close``.
        flow: number of the flow in the capture.
        peer: where reports are sent. Datagrams may come from another address of the device;
            the first sender is taken and everybody else ignored.
        capture: where the packets go.
        time_source: reference time.
    """

    def __init__(
        self,
        socket_: socket.socket,
        flow: int,
        peer: str,
        capture: PacketCapture,
        time_source: TimeSource,
    ) -> None:
        self.socket = socket_
        self.first = asyncio.get_running_loop().create_future()
        self.last_arrival = time_source.monotonic()
        self.fault: TooMuchMediaError | None = None
        self._flow = flow
        self._peer = peer
        self._sender = ""
        self._capture = capture
        self._time = time_source
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_MAXIMUM_DATAGRAM))
        self._drops = 0
        socket_.setblocking(False)
        queue = _enlarge_queue(socket_)
        self._stamped = _ask_for_stamps(socket_)
        self.patient = self._stamped and queue >= _ENOUGH_TO_WAIT
        if not self.patient:
            self._loop.add_reader(socket_.fileno(), self.drain)

    @property
    def port(self) -> int:
        """The local port."""
        return int(self.socket.getsockname()[1])

    def send(self, payload: bytes, port: int) -> None:
        """Send ``payload`` to ``port`` of the peer; loss is not an error."""
        with contextlib.suppress(OSError):
            self.socket.sendto(payload, (self._peer, port))

    def close(self) -> None:
        """Take what is still queued and let the socket go."""
        if self.socket.fileno() < 0:
            return
        if not self.patient:
            self._loop.remove_reader(self.socket.fileno())
        self.drain()
        self.socket.close()

    def drain(self) -> None:
        """Read until the queue is empty."""
        if self.fault is not None:
            return
        now = self._time.now()
        now_ns = int(now * 1e9)
        taken = 0
        try:
            while True:
                length, ancillary, _flags, address = self.socket.recvmsg_into(
                    [self._buffer], _ANCILLARY_BYTES
                )
                if address[0] != self._sender:
                    if self._sender:
                        continue
                    self._sender = address[0]
                stamp = self._read_ancillary(ancillary) if self._stamped else None
                self._capture.add(stamp or now_ns, self._flow, bytes(self._buffer[:length]))
                taken += 1
        except BlockingIOError:
            pass
        except TooMuchMediaError as fault:
            self.fault = fault
        except OSError:
            pass  # an ICMP error of an earlier sendto: the stream itself decides
        if taken:
            self.last_arrival = self._time.monotonic()
            if not self.first.done():
                self.first.set_result(None)

    def _read_ancillary(self, ancillary: list[tuple[int, int, bytes]]) -> int | None:
        """Arrival in ns by the kernel; notes what the queue has dropped."""
        stamp = None
        for level, kind, content in ancillary:
            if level != socket.SOL_SOCKET:
                continue
            if kind == _SO_TIMESTAMPNS and len(content) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(content)
                stamp = seconds * 1_000_000_000 + nanoseconds
            elif kind == _SO_RXQ_OVFL and len(content) == 4:
                drops = int.from_bytes(content, sys.byteorder)
                self._capture.dropped += drops - self._drops
                self._drops = drops
        return stamp


class Sweep:
    """Empties the queues of patient receivers every 100 ms until ``close``."""

    def __init__(self, receivers: Sequence[UdpReceiver]) -> None:
        self._receivers = [one for one in receivers if one.patient]
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        if self._receivers:
            self._sweep()

    def _sweep(self) -> None:
        for receiver in self._receivers:
            receiver.drain()
        self._timer = self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Sweep no more."""
        if self._timer is not None:
            self._timer.cancel()


def _enlarge_queue(socket_: socket.socket) -> int:
    """Ask for a large receive queue and return its size in bytes."""
    for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
        if option == _SO_RCVBUFFORCE and sys.platform != "linux":
            continue
        with contextlib.suppress(OSError):
            socket_.setsockopt(socket.SOL_SOCKET, option, _QUEUE_BYTES)
            break
    return socket_.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def _ask_for_stamps(socket_: socket.socket) -> bool:
    """Whether the kernel stamps arrivals with its wall clock, which is reference time."""
    if sys.platform != "linux":
        return False
    try:
        socket_.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        socket_.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    except OSError:
        return False
    return True
