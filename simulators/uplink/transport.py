"""Sockets between the two addresses of an uplink: TLS contexts and UDP endpoints."""

from __future__ import annotations

import asyncio
import functools
import ssl
import warnings

from simulators import certificates

_NULL_CIPHERS = "eNULL:@SECLEVEL=0"
_OLD_CIPHERS = "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"


@functools.cache
def server_side(address: str, tls: str) -> ssl.SSLContext | None:
    """The camera's context: ``sound``, ``1.2``, ``1.3``, ``null``, ``1.0``; None for ``none``."""
    if tls == "none":
        return None
    # A context of its own: the cached one is shared with the camera's other services.
    context = certificates.server_context.__wrapped__(address)
    _restrict(context, tls)
    return context


@functools.cache
def client_side(tls: str) -> ssl.SSLContext | None:
    """The platform's context; the camera's certificate is checked against the authority."""
    if tls == "none":
        return None
    context = ssl.create_default_context(cafile=str(certificates.authority_file()))
    _restrict(context, tls)
    return context


def _restrict(context: ssl.SSLContext, tls: str) -> None:
    if tls == "1.3":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    elif tls in ("1.2", "null"):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if tls == "null":
        context.set_ciphers(_NULL_CIPHERS)
    elif tls == "1.0":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers(_OLD_CIPHERS)


class Ignoring(asyncio.DatagramProtocol):
    """A UDP endpoint that sends only; what comes back is of no interest."""

    def error_received(self, exc: Exception) -> None:
        """A refused datagram changes nothing: the other end may not listen."""


async def udp_endpoint(address: str) -> asyncio.DatagramTransport:
    """A UDP socket on a free port of ``address``."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Ignoring, local_addr=(address, 0))
    return transport
