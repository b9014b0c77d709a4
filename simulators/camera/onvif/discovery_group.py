"""The multicast side of WS-Discovery: one socket for all cameras of an event loop.

A socket for each camera would get every Hello of every other one: the cost would grow with the
square of the number of cameras.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from collections.abc import Callable

GROUP = "239.255.255.250"
PORT = 3702

Receiver = Callable[[bytes, tuple[str, int]], None]
_groups: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, DiscoveryGroup]
_groups = weakref.WeakKeyDictionary()


def discovery_group() -> DiscoveryGroup:
    """The group of the running event loop."""
    return _groups.setdefault(asyncio.get_running_loop(), DiscoveryGroup())


class DiscoveryGroup:
    """Hands each multicast datagram to every member; open while there are any."""

    def __init__(self) -> None:
        self._members: set[Receiver] = set()
        self._opening = asyncio.Lock()
        self._transport: asyncio.DatagramTransport | None = None

    async def join(self, address: str, receiver: Receiver) -> None:
        """Let ``receiver`` have what reaches the group on the interface of ``address``.

        Where the system has no multicast, or the port is taken, nothing arrives.
        """
        self._members.add(receiver)
        async with self._opening:
            if self._transport is None:
                with contextlib.suppress(OSError):
                    self._transport = await self._open()
        self._close_if_empty()
        if self._transport is not None:
            member = socket.inet_aton(GROUP) + socket.inet_aton(address)
            sock = self._transport.get_extra_info("socket")
            # Refused when another address of the same interface has joined.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    def leave(self, receiver: Receiver) -> None:
        """Take a member out; the last one closes the socket."""
        self._members.discard(receiver)
        self._close_if_empty()

    async def _open(self) -> asyncio.DatagramTransport:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: DatagramListener(self._received), sock=_group_socket()
        )
        return transport

    def _close_if_empty(self) -> None:
        if not self._members and self._transport is not None:
            self._transport.close()
            self._transport = None

    def _received(self, data: bytes, sender: tuple[str, int]) -> None:
        if b"Probe" in data:
            for receiver in list(self._members):
                receiver(data, sender)


class DatagramListener(asyncio.DatagramProtocol):
    """Hands datagrams on."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand one on."""
        self._receiver(data, addr)


def _group_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((GROUP, PORT))
    except OSError:
        sock.close()
        raise
    return sock
