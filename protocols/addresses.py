"""IP addresses of both versions, as sockets and messages take them."""

from __future__ import annotations

import socket

#: No address in particular: any of our own, or none told.
UNSPECIFIED = ("", "0.0.0.0", "::")


def family_of(address: str) -> socket.AddressFamily:
    """The family of sockets for an IP address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET
