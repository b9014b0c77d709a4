"""TLS, TLCP and DTLS as an eavesdropper sees them: records, hellos, clear certificates.

RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 9147 and 6347 (DTLS), RFC 5764 (use_srtp),
GB/T 38636-2020 (TLCP, version 0101). Nothing is decrypted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from protocols.errors import ProtocolError

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE = 1, 2, 11
_TLCP = 0x0101
_MAXIMUM_RECORD = 16_384 + 2_048
_MAXIMUM_HANDSHAKE = 131_072
_MAXIMUM_CERTIFICATES = 10
# The fixed random value that turns a ServerHello into a HelloRetryRequest (RFC 8446 4.1.3).
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_VERSION_NAMES = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
    _TLCP: "TLCP 1.1",
    0xFEFF: "DTLS 1.0",
    0xFEFD: "DTLS 1.2",
    0xFEFC: "DTLS 1.3",
}
_OUTDATED = frozenset({0x0002, 0x0300, 0x0301, 0x0302, 0xFEFF})
_STREAM_VERSIONS = frozenset({0x0300, 0x0301, 0x0302, 0x0303, 0x0304, _TLCP})
_DATAGRAM_VERSIONS = frozenset({0xFEFF, 0xFEFD, 0xFEFC})


@dataclass(frozen=True, slots=True)
class TlsRecord:
    """One record: content type, version of the record layer, content, its place in the stream."""

    content_type: int
    version: int
    fragment: bytes
    offset: int


@dataclass(frozen=True)
class ClientHello:
    """What the client offers."""

    version: int
    versions: tuple[int, ...]
    suites: tuple[int, ...]
    server_name: str = ""
    protocols: tuple[str, ...] = ()
    use_srtp: tuple[int, ...] = ()


@dataclass(frozen=True)
class ServerHello:
    """What the server chose; ``version`` is the negotiated one (supported_versions applied)."""

    version: int
    suite: int
    retry: bool = False
    use_srtp: tuple[int, ...] = ()


@dataclass
class Handshake:
    """The clear part of one handshake, both directions."""

    client: ClientHello | None = None
    server: ServerHello | None = None
    certificates: list[bytes] = field(default_factory=list)


def version_name(version: int) -> str:
    """A protocol version in words, e.g. ``TLS 1.2``."""
    return _VERSION_NAMES.get(version, f"0x{version:04X}")


def is_outdated(version: int) -> bool:
    """Whether RFC 8996 or earlier ones have withdrawn this version."""
    return version in _OUTDATED


def starts_like_tls(data: bytes) -> bool:
    """Whether ``data`` begins with the header of a handshake record."""
    if len(data) < 6 or data[0] != HANDSHAKE:
        return False
    version, length = struct.unpack_from(">HH", data, 1)
    return version in _STREAM_VERSIONS and 4 <= length <= _MAXIMUM_RECORD and data[5] in (1, 2)


def read_records(data: bytes | bytearray, start: int = 0) -> Iterator[TlsRecord]:
    """The whole records of one direction; ends silently where the data is cut off.

    Raises:
        ProtocolError: what stands there is no record.
    """
    offset = start
    while offset + 5 <= len(data):
        content_type, version, length = struct.unpack_from(">BHH", data, offset)
        if not 20 <= content_type <= 24 or version not in _STREAM_VERSIONS:
            raise ProtocolError(f"TLS: no record at byte {offset}")
        if length > _MAXIMUM_RECORD:
            raise ProtocolError(f"TLS: record of {length} bytes at byte {offset}")
        if offset + 5 + length > len(data):
            return
        fragment = bytes(data[offset + 5 : offset + 5 + length])
        yield TlsRecord(content_type, version, fragment, offset)
        offset += 5 + length


def find_record_chain(data: bytes | bytearray, records: int = 4, within: int = 40_000) -> int:
    """Offset of the first of ``records`` application data records in a row, -1 if there is none.

    For a capture that starts in the middle of a connection.
    """
    end = min(len(data), within)
    at = data.find(b"\x17\x03", 0, end)
    while at >= 0:
        offset, count = at, 0
        while count < records and offset + 5 <= len(data):
            content_type, version, length = struct.unpack_from(">BHH", data, offset)
            if not (20 <= content_type <= 24 and version in _STREAM_VERSIONS):
                break
            if not 0 < length <= _MAXIMUM_RECORD:
                break
            count += 1
            offset += 5 + length
        if count == records or (count >= 2 and offset == len(data)):
            return at
        at = data.find(b"\x17\x03", at + 1, end)
    return -1


def read_handshake(client: Iterable[TlsRecord], server: Iterable[TlsRecord]) -> Handshake:
    """The clear handshake messages of both directions, up to the change of cipher.

    Raises:
        ProtocolError: a message breaks its structure.
    """
    found = Handshake()
    for message_type, body in _messages(client):
        if message_type == _CLIENT_HELLO:
            found.client = parse_client_hello(body)
    for message_type, body in _messages(server):
        if message_type == _SERVER_HELLO:
            found.server = parse_server_hello(body)
        elif message_type == _CERTIFICATE and not found.certificates:
            found.certificates = _parse_certificates(body)
    return found


def _messages(records: Iterable[TlsRecord]) -> Iterator[tuple[int, bytes]]:
    held = bytearray()
    for record in records:
        if record.content_type in (CHANGE_CIPHER_SPEC, APPLICATION_DATA):
            return
        if record.content_type != HANDSHAKE:
            continue
        held += record.fragment
        if len(held) > _MAXIMUM_HANDSHAKE:
            raise ProtocolError("TLS: handshake beyond its bound")
        while len(held) >= 4:
            length = int.from_bytes(held[1:4], "big")
            if len(held) < 4 + length:
                break
            yield held[0], bytes(held[4 : 4 + length])
            del held[: 4 + length]


def parse_client_hello(body: bytes, datagram: bool = False) -> ClientHello:
    """Read the body of a ClientHello (with a cookie in DTLS).

    Raises:
        ProtocolError: it breaks its structure.
    """
    try:
        version = struct.unpack_from(">H", body)[0]
        _, offset = _vector(body, 34, 1)
        if datagram:
            _, offset = _vector(body, offset, 1)
        suites, offset = _vector(body, offset, 2)
        _, offset = _vector(body, offset, 1)
        extensions = _extensions(body, offset)
        versions = _words(_vector(extensions[43], 0, 1)[0]) if 43 in extensions else (version,)
        return ClientHello(
            version,
            versions,
            _words(suites),
            _server_name(extensions.get(0, b"")),
            _protocol_names(extensions.get(16, b"")),
            _srtp_profiles(extensions.get(14, b"")),
        )
    except (struct.error, IndexError) as error:
        raise ProtocolError("TLS: ClientHello cut off") from error


def parse_server_hello(body: bytes) -> ServerHello:
    """Read the body of a ServerHello.

    Raises:
        ProtocolError: it breaks its structure.
    """
    try:
        version = struct.unpack_from(">H", body)[0]
        retry = body[2:34] == _RETRY
        _, offset = _vector(body, 34, 1)
        suite = struct.unpack_from(">H", body, offset)[0]
        extensions = _extensions(body, offset + 3)
        if len(extensions.get(43, b"")) == 2:
            version = struct.unpack(">H", extensions[43])[0]
        return ServerHello(version, suite, retry, _srtp_profiles(extensions.get(14, b"")))
    except (struct.error, IndexError) as error:
        raise ProtocolError("TLS: ServerHello cut off") from error


def _vector(data: bytes, offset: int, size: int) -> tuple[bytes, int]:
    """A length-prefixed vector and the offset behind it (RFC 8446 section 3.4)."""
    length = int.from_bytes(data[offset : offset + size], "big")
    start = offset + size
    if start + length > len(data):
        raise ProtocolError(f"TLS: vector of {length} bytes beyond its message")
    return data[start : start + length], start + length


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 2}H", data[: len(data) // 2 * 2])


def _extensions(body: bytes, offset: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    if offset >= len(body):
        return found
    block, _ = _vector(body, offset, 2)
    position = 0
    while position + 4 <= len(block):
        kind = struct.unpack_from(">H", block, position)[0]
        found[kind], position = _vector(block, position + 2, 2)
    return found


def _server_name(extension: bytes) -> str:
    if len(extension) < 5:
        return ""
    return _vector(extension, 3, 2)[0].decode("ascii", "replace")


def _protocol_names(extension: bytes) -> tuple[str, ...]:
    names: list[str] = []
    if len(extension) < 2:
        return ()
    block, _ = _vector(extension, 0, 2)
    position = 0
    while position < len(block):
        name, position = _vector(block, position, 1)
        names.append(name.decode("ascii", "replace"))
    return tuple(names)


def _srtp_profiles(extension: bytes) -> tuple[int, ...]:
    return _words(_vector(extension, 0, 2)[0]) if len(extension) >= 2 else ()


def _parse_certificates(body: bytes) -> list[bytes]:
    block, _ = _vector(body, 0, 3)
    found: list[bytes] = []
    position = 0
    while position < len(block) and len(found) < _MAXIMUM_CERTIFICATES:
        certificate, position = _vector(block, position, 3)
        found.append(certificate)
    return found


def is_dtls(datagram: bytes) -> bool:
    """Whether a datagram begins with a DTLS record (plain header, or DTLS 1.3 unified header)."""
    if len(datagram) < 13 or not 20 <= datagram[0] <= 26:
        return False
    version = struct.unpack_from(">H", datagram, 1)[0]
    length = struct.unpack_from(">H", datagram, 11)[0]
    return version in _DATAGRAM_VERSIONS and 13 + length <= len(datagram)


def read_dtls_handshake(datagrams: Iterable[bytes]) -> Handshake:
    """The hellos in the datagrams of one flow, both directions mixed.

    Raises:
        ProtocolError: a hello breaks its structure.
    """
    found = Handshake()
    for datagram in datagrams:
        for fragment in _dtls_handshake_fragments(datagram):
            message_type = fragment[0]
            total, _, start, length = (
                int.from_bytes(fragment[1:4], "big"),
                int.from_bytes(fragment[4:6], "big"),
                int.from_bytes(fragment[6:9], "big"),
                int.from_bytes(fragment[9:12], "big"),
            )
            if start or length != total or len(fragment) < 12 + length:
                continue
            if message_type == _CLIENT_HELLO:
                found.client = parse_client_hello(fragment[12 : 12 + length], datagram=True)
            elif message_type == _SERVER_HELLO:
                found.server = parse_server_hello(fragment[12 : 12 + length])
    return found


def _dtls_handshake_fragments(datagram: bytes) -> Iterator[bytes]:
    offset = 0
    while is_dtls(datagram[offset:]):
        epoch, length = (
            struct.unpack_from(">H", datagram, offset + 3)[0],
            struct.unpack_from(">H", datagram, offset + 11)[0],
        )
        fragment = datagram[offset + 13 : offset + 13 + length]
        if datagram[offset] == HANDSHAKE and epoch == 0 and len(fragment) >= 12:
            yield fragment
        offset += 13 + length
