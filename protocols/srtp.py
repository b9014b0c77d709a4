"""SRTP keyed by SDES: the ``a=crypto`` line (RFC 4568), and packets by libsrtp (RFC 3711, 7714).

Whether a line protects anything is told by ``CryptoLine.encrypts``: NULL ciphers and
``UNENCRYPTED_SRTP`` do not, and neither counts as encryption.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

import pylibsrtp
from pylibsrtp._binding import ffi

from protocols.errors import ProtocolError

_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_TAG = 10
_WINDOW = 1024
# Over TCP a frame holds as much (RFC 4571); pylibsrtp wants up to 148 bytes behind the packet.
_BUFFER = 65_535 + 148
# What stays below 1500 bytes on the wire, RTP header included, whatever the suite adds.
LONGEST_PACKET = 1356


@dataclass(frozen=True)
class Suite:
    """A crypto suite.

    Attributes:
        key: bytes of master key and salt together.
        encrypts, authenticates: what it does to packets.
        profile: of libsrtp; ``None`` where it has none.
        tag: bytes that it adds to an RTP packet.
    """

    key: int
    encrypts: bool
    authenticates: bool
    profile: int | None
    tag: int


_POLICY = pylibsrtp.Policy
# RFC 4568 6.2, RFC 6188, RFC 7714. NULL suites are of libsrtp and DTLS-SRTP (RFC 5764 4.1.2).
SUITES = {
    "AES_CM_128_HMAC_SHA1_80": Suite(30, True, True, _POLICY.SRTP_PROFILE_AES128_CM_SHA1_80, 10),
    "AES_CM_128_HMAC_SHA1_32": Suite(30, True, True, _POLICY.SRTP_PROFILE_AES128_CM_SHA1_32, 4),
    "AEAD_AES_128_GCM": Suite(28, True, True, _POLICY.SRTP_PROFILE_AEAD_AES_128_GCM, 16),
    "AEAD_AES_256_GCM": Suite(44, True, True, _POLICY.SRTP_PROFILE_AEAD_AES_256_GCM, 16),
    "F8_128_HMAC_SHA1_80": Suite(30, True, True, None, 10),
    "AES_192_CM_HMAC_SHA1_80": Suite(38, True, True, None, 10),
    "AES_192_CM_HMAC_SHA1_32": Suite(38, True, True, None, 4),
    "AES_256_CM_HMAC_SHA1_80": Suite(46, True, True, None, 10),
    "AES_256_CM_HMAC_SHA1_32": Suite(46, True, True, None, 4),
    "AES_CM_128_NULL_AUTH": Suite(30, True, False, None, 0),
    "NULL_HMAC_SHA1_80": Suite(30, False, True, None, 10),
    "NULL_HMAC_SHA1_32": Suite(30, False, True, None, 4),
    "NULL_NULL": Suite(30, False, False, None, 0),
    "NULL_CIPHER_NULL_AUTH": Suite(30, False, False, None, 0),
}


@dataclass(frozen=True)
class CryptoLine:
    """One ``a=crypto`` attribute.

    Attributes:
        tag: number that ties offer and answer together.
        suite: name as given; known ones are in ``SUITES``.
        key: master key and salt; never shown.
        parameters: session parameters such as ``UNENCRYPTED_SRTP``.
    """

    tag: int
    suite: str
    key: bytes = field(repr=False)
    parameters: tuple[str, ...] = ()

    @property
    def encrypts(self) -> bool | None:
        """Whether RTP payloads are encrypted; ``None`` for a suite that is not known."""
        if self.suite.upper().startswith("NULL") or "UNENCRYPTED_SRTP" in self._flags():
            return False
        known = SUITES.get(self.suite)
        return known.encrypts if known is not None else None

    @property
    def authenticates(self) -> bool | None:
        """Whether RTP packets carry a tag; ``None`` for a suite that is not known."""
        if "UNAUTHENTICATED_SRTP" in self._flags():
            return False
        known = SUITES.get(self.suite)
        return known.authenticates if known is not None else None

    def _flags(self) -> frozenset[str]:
        return frozenset(name.upper() for name in self.parameters)

    def build(self) -> str:
        """The attribute's value, what stands behind ``a=crypto:``. It holds the key."""
        inline = base64.b64encode(self.key).decode()
        return " ".join([str(self.tag), self.suite, f"inline:{inline}", *self.parameters])


def new_crypto_line(suite: str = "AES_CM_128_HMAC_SHA1_80", tag: int = 1) -> CryptoLine:
    """A line with a fresh random key.

    Raises:
        ValueError: the suite is not known.
    """
    if suite not in SUITES:
        raise ValueError(f"no such crypto suite: {suite}")
    return CryptoLine(tag, suite, secrets.token_bytes(SUITES[suite].key))


def parse_crypto_line(value: str) -> CryptoLine:
    """Read an ``a=crypto`` attribute's value; further key lifetimes and MKIs are passed over.

    Raises:
        ProtocolError: it breaks RFC 4568 9.1, or its key has not the suite's length.
    """
    parts = value.split()
    if len(parts) < 3 or not parts[0].isascii() or not parts[0].isdigit() or len(parts[0]) > 9:
        raise ProtocolError("SDES: not a crypto attribute")
    tag, suite, method, *parameters = parts
    if not _TOKEN.match(suite) or not method.lower().startswith("inline:"):
        raise ProtocolError("SDES: no suite or no inline key")
    told = method[7:].split(";")[0].split("|")[0]
    try:
        key = base64.b64decode(told + "=" * (-len(told) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError("SDES: the key is not base64") from None
    known = SUITES.get(suite)
    if known is not None and len(key) != known.key and known.encrypts:
        raise ProtocolError(f"SDES: a key of {len(key)} bytes for {suite}")
    return CryptoLine(int(tag), suite, key, tuple(parameters[:16]))


class SrtpSender:
    """Protects packets of at most 65535 bytes by one crypto line.

    Raises:
        ValueError: the suite cannot be computed here.
    """

    def __init__(self, line: CryptoLine) -> None:
        self._null = _NullCipher(line) if line.encrypts is False else None
        self._session = None if self._null else _session(line, _POLICY.SSRC_ANY_OUTBOUND)

    def rtp(self, packet: bytes) -> bytes:
        """The protected packet.

        Raises:
            ValueError: too long a packet.
        """
        if self._session is None:
            assert self._null is not None
            return self._null.rtp(packet)
        return bytes(self._session.protect(packet))

    def rtcp(self, packet: bytes) -> bytes:
        """The protected RTCP packet."""
        if self._session is None:
            assert self._null is not None
            return self._null.rtcp(packet)
        return bytes(self._session.protect_rtcp(packet))


class SrtpReceiver:
    """Opens packets by one crypto line; a roll-over of the sequence number is followed.

    Raises:
        ValueError: the suite cannot be computed here.
    """

    def __init__(self, line: CryptoLine) -> None:
        self._null = _NullCipher(line) if line.encrypts is False else None
        self._session = None if self._null else _session(line, _POLICY.SSRC_ANY_INBOUND)

    def rtp(self, packet: bytes) -> bytes:
        """The packet in clear.

        Raises:
            ProtocolError: wrong tag, replayed or malformed.
        """
        if self._session is None:
            assert self._null is not None
            return self._null.open_rtp(packet)
        try:
            return bytes(self._session.unprotect(packet))
        except (pylibsrtp.Error, TypeError, ValueError) as error:
            raise ProtocolError(f"SRTP: {error}") from None

    def rtcp(self, packet: bytes) -> bytes:
        """The RTCP packet in clear.

        Raises:
            ProtocolError: as for ``rtp``.
        """
        if self._session is None:
            assert self._null is not None
            return self._null.open_rtcp(packet)
        try:
            return bytes(self._session.unprotect_rtcp(packet))
        except (pylibsrtp.Error, TypeError, ValueError) as error:
            raise ProtocolError(f"SRTCP: {error}") from None


def _session(line: CryptoLine, sources: int) -> pylibsrtp.Session:
    known = SUITES.get(line.suite)
    if known is None or known.profile is None or not line.authenticates:
        raise ValueError(f"no means for the crypto suite {line.suite}")
    policy = _POLICY(key=line.key, ssrc_type=sources, srtp_profile=known.profile)
    policy.window_size = _WINDOW
    return _Session(policy)


class _Session(pylibsrtp.Session):
    """With room for the long packets that devices send over TCP; pylibsrtp has 1500 bytes."""

    def __init__(self, policy: pylibsrtp.Policy) -> None:
        super().__init__(policy)
        self._cdata = ffi.new("char[]", _BUFFER)
        self._buffer = ffi.buffer(self._cdata)


class _NullCipher:
    """What SRTP with a NULL cipher does: clear payloads, with a tag or without (RFC 3711 4.1.3).

    The tag's key is the master key's first 20 bytes and not one derived from it: what this
    serves is a sender that a checker must recognise, not protection.
    """

    def __init__(self, line: CryptoLine) -> None:
        known = SUITES.get(line.suite)
        tagged = line.authenticates is not False
        self._size = (known.tag if known is not None else _TAG) if tagged else 0
        self._key = line.key[:20]
        self._index = 0

    def rtp(self, packet: bytes) -> bytes:
        return packet + self._tag(packet + bytes(4))

    def rtcp(self, packet: bytes) -> bytes:
        self._index += 1
        indexed = packet + self._index.to_bytes(4, "big")
        return indexed + self._tag(indexed)

    def open_rtp(self, packet: bytes) -> bytes:
        clear = packet[: len(packet) - self._size]
        if len(clear) < 12 or self._tag(clear + bytes(4)) != packet[len(clear) :]:
            raise ProtocolError("SRTP: wrong tag")
        return clear

    def open_rtcp(self, packet: bytes) -> bytes:
        indexed = packet[: len(packet) - self._size]
        if len(indexed) < 12 or self._tag(indexed) != packet[len(indexed) :]:
            raise ProtocolError("SRTCP: wrong tag")
        return indexed[:-4]

    def _tag(self, message: bytes) -> bytes:
        return hmac.new(self._key, message, hashlib.sha1).digest()[: self._size]
