"""NTP exchanges of one client found among captured packets (RFC 5905).

Only a request that was answered counts, by a server that may be followed: the answer carries the
request's transmit timestamp as origin, and its sender says that it is synchronised.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.frames import Packet
from protocols.ntp import CLIENT, SERVER, UNSYNCHRONISED, parse_ntp

_UDP = 17
_MOST_WAITING = 1_000
_WORST_STRATUM = 15


@dataclass(frozen=True, slots=True)
class NtpExchange:
    """One answered request: when the answer passed the capture (POSIX seconds), and who spoke."""

    at: float
    client: str
    server: str


def ntp_exchanges(packets: Iterable[Packet], client: str) -> Iterator[NtpExchange]:
    """The answered requests of ``client``, in order."""
    waiting: OrderedDict[tuple[str, int, int], None] = OrderedDict()
    for packet in packets:
        if packet.protocol != _UDP or client not in (packet.source, packet.destination):
            continue
        try:
            ntp = parse_ntp(bytes(packet.payload))
        except ProtocolError:
            continue
        if packet.source == client and ntp.mode == CLIENT:
            waiting[packet.destination, packet.source_port, ntp.transmit] = None
            if len(waiting) > _MOST_WAITING:
                waiting.popitem(last=False)
        elif packet.destination == client and ntp.mode == SERVER:
            asked = (packet.source, packet.destination_port, ntp.origin)
            fit = ntp.leap != UNSYNCHRONISED and 0 < ntp.stratum <= _WORST_STRATUM
            if asked in waiting and fit:
                del waiting[asked]
                yield NtpExchange(packet.time_ns / 1e9, client, packet.source)
