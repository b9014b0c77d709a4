"""Live sniffing with scapy on a named interface. Nothing else in the harness imports scapy."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from protocols.frames import Dissector
from protocols.pcap import Frame, write_pcap
from visits.wire import MAXIMUM_CAPTURE, Captured, NotPermittedError, WireScope

_PACKET_LEVEL = 263  # SOL_PACKET of Linux, which the socket module does not name everywhere
_STATISTICS = 6
_IGNORE_OUTGOING = 23
_FORCED_RECEIVE_BUFFER = 33
_RECEIVE_BUFFER = 32 * 2**20
_LARGEST_FRAME = 1 << 17
_WAKE_SECONDS = 0.1


@dataclass
class _Tap:
    """The thread that reads frames, and what it has read."""

    listener: Any
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    octets: int = 0
    full: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        """Read until told to stop. Nothing else is done here: the kernel does not wait."""
        while not self.stopping.is_set():
            try:
                if not _waits_itself(self.listener) and not self.listener.select(
                    [self.listener], _WAKE_SECONDS
                ):
                    continue
                _, data, stamp = self.listener.recv_raw(_LARGEST_FRAME)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                continue
            if self.octets + len(data) > MAXIMUM_CAPTURE:
                self.full = True
                return
            self.octets += len(data)
            self.frames.append((int(float(stamp or time.time()) * 1e9), bytes(data)))

    def wanted(self, scope: WireScope, link_type: int) -> list[tuple[int, bytes]]:
        """The frames that the scope wants, in the order in which they came."""
        dissector = Dissector()
        kept = []
        for time_ns, data in self.frames:
            packet = dissector.dissect(Frame(time_ns, link_type, data))
            inside = _is_fragment(data) if packet is None else False
            if inside or (packet is not None and scope.keeps(packet.source, packet.destination)):
                kept.append((time_ns, data))
        return kept


def _is_fragment(data: bytes) -> bool:
    """A part of an IPv4 datagram in Ethernet: whose it is shows with the last part only."""
    return data[12:14] == b"\x08\x00" and len(data) > 22 and data[20] & 0x3F | data[21] > 0


def _waits_itself(listener: Any) -> bool:
    """Whether reading from the listener ends by itself after a while (see ``_tune``)."""
    return isinstance(listener.ins, socket.socket)


@dataclass(frozen=True)
class Sniffer:
    """Sniffing on ``interface``."""

    interface: str
    method: str = "sniff"

    def where(self) -> str:
        """The interface."""
        return self.interface

    def filter(self, scope: WireScope) -> str:
        """In the syntax of pcap-filter(7)."""
        return f"host {scope.camera}"

    @asynccontextmanager
    async def capturing(self, scope: WireScope) -> AsyncIterator[Callable[[], Captured]]:
        """See ``WireSource``."""
        listener = await asyncio.to_thread(self._open, scope)
        tap = _Tap(listener)
        link_type = _link_type(listener)
        thread = threading.Thread(target=tap.read, daemon=True)
        thread.start()
        dropped: int | None = None
        try:
            yield lambda: Captured(
                write_pcap(tap.wanted(scope, link_type), link_type), dropped, tap.full
            )
        finally:
            # What arrived before now may still lie in the kernel's buffer.
            await asyncio.sleep(_WAKE_SECONDS)
            tap.stopping.set()
            await asyncio.to_thread(thread.join)
            dropped = _dropped(listener)
            listener.close()

    def _open(self, scope: WireScope) -> Any:
        listen, refusal = _scapy()
        try:
            listener = self._listen(listen, self.filter(scope), refusal)
        except PermissionError as error:
            raise NotPermittedError(f"sniff on {self.interface}") from error
        except (refusal, ValueError, ImportError) as error:
            raise OSError(0, f"{self.interface}: {type(error).__name__}") from error
        _tune(listener)
        return listener

    def _listen(self, kind: Any, expression: str, refusal: type[Exception]) -> Any:
        """With the filter in the kernel where libpcap can compile it, else without."""
        try:
            return kind(iface=self.interface, filter=expression)
        except refusal:
            return kind(iface=self.interface)


_importing = threading.Lock()


def _scapy() -> tuple[Any, type[Exception]]:
    """The kind of socket that listens on this system, and what scapy raises.

    Imported when first needed, since that is slow, and by one thread at a time, since scapy's
    modules import one another.
    """
    with _importing:
        import scapy.arch.common

        # The compiled filter cuts frames at this length, and on loopback a full segment is longer
        # than 65,535 bytes with its Ethernet header.
        scapy.arch.common.MTU = _LARGEST_FRAME  # type: ignore[attr-defined]
        from scapy.config import conf
        from scapy.error import Scapy_Exception

        conf.verb = 0
        logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
        return conf.L2listen, Scapy_Exception


def _tune(listener: Any) -> None:
    """A large buffer, and on loopback only one of the two sightings of each packet."""
    if _waits_itself(listener):
        listener.ins.settimeout(_WAKE_SECONDS)
    # The forced form goes beyond the system's bound and needs the same permission as sniffing.
    for option in (socket.SO_RCVBUF, _FORCED_RECEIVE_BUFFER):
        with suppress(OSError, AttributeError):
            listener.ins.setsockopt(socket.SOL_SOCKET, option, _RECEIVE_BUFFER)
    if str(getattr(listener, "iface", "")).startswith("lo"):
        with suppress(OSError, AttributeError):
            listener.ins.setsockopt(_PACKET_LEVEL, _IGNORE_OUTGOING, 1)
    # Reading the count sets it to zero: what was dropped before the buffer stood does not count.
    _dropped(listener)


def _link_type(listener: Any) -> int:
    """The LINKTYPE of the frames: loopback of BSD without Ethernet, else Ethernet."""
    name = type(getattr(listener, "LL", None)).__name__
    return 0 if name == "Loopback" else 1


def _dropped(listener: Any) -> int | None:
    """Packets that the kernel had no room for, by PACKET_STATISTICS; None where unknown."""
    try:
        statistics = listener.ins.getsockopt(_PACKET_LEVEL, _STATISTICS, 8)
        return int(struct.unpack("II", statistics)[1])
    except (OSError, AttributeError, struct.error):
        return None
