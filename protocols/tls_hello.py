"""A ClientHello of any version and suites (RFC 5246 7.4.1.2, RFC 8446 4.1.2): what a server takes.

A TLS library offers what it thinks is sound; whoever asks what a server accepts must say otherwise.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence

TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0301, 0x0302, 0x0303, 0x0304
_HANDSHAKE, _CLIENT_HELLO = 22, 1
#: secp256r1, secp384r1, secp521r1, x25519, ffdhe2048; RFC 8446 4.2.7.
_GROUPS = (0x0017, 0x0018, 0x0019, 0x001D, 0x0100)
#: ECDSA, RSA-PSS and RSA with SHA-2, and those with SHA-1 that the old versions knew.
_SIGNATURES = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
)  # fmt: skip
_X25519_BYTES = 32


def client_hello(version: int, suites: Sequence[int], server_name: str = "") -> bytes:
    """The record of a ClientHello that offers ``version`` alone, with ``suites`` in this order.

    ``server_name`` is a DNS name, "" for a server that is known by its address.
    """
    legacy = min(version, TLS_1_2)
    extensions = b"".join(
        _extension(number, content) for number, content in _extensions(version, server_name)
    )
    listed = struct.pack(f">{len(suites)}H", *suites)
    body = (
        struct.pack(">H", legacy)
        + secrets.token_bytes(32)
        + _vector(secrets.token_bytes(32) if version == TLS_1_3 else b"", 1)
        + _vector(listed, 2)
        + _vector(b"\x00", 1)
        + _vector(extensions, 2)
    )
    message = struct.pack(">B", _CLIENT_HELLO) + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", _HANDSHAKE, TLS_1_0, len(message)) + message


def _extensions(version: int, server_name: str) -> list[tuple[int, bytes]]:
    groups = struct.pack(f">{len(_GROUPS)}H", *_GROUPS)
    signatures = struct.pack(f">{len(_SIGNATURES)}H", *_SIGNATURES)
    found = [(10, _vector(groups, 2)), (11, _vector(b"\x00", 1)), (13, _vector(signatures, 2))]
    if server_name:
        host = b"\x00" + _vector(server_name.encode("ascii", "replace"), 2)
        found.insert(0, (0, _vector(host, 2)))
    if version == TLS_1_3:
        # A share that belongs to nobody: the server's choice shows before it is used.
        share = struct.pack(">H", 0x001D) + _vector(secrets.token_bytes(_X25519_BYTES), 2)
        found += [(43, _vector(struct.pack(">H", TLS_1_3), 1)), (51, _vector(share, 2))]
    return found


def _extension(number: int, content: bytes) -> bytes:
    return struct.pack(">H", number) + _vector(content, 2)


def _vector(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content
