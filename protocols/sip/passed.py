"""One SIP message that passed an endpoint, as it stood on the wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PassedMessage:
    """One message sent or received.

    Attributes:
        at: reference time, POSIX seconds.
        outbound: whether we sent it.
        transport: ``udp``, ``tcp`` or ``tls``.
        local, remote: the two ends, IP address and port.
        data: the message's bytes.
    """

    at: float
    outbound: bool
    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    data: bytes
