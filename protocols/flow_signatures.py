"""Signatures of protocols in the first bytes of a flow: what a listener recognises them by.

Each function answers for bytes of one datagram or the beginning of one stream. A signature says
what the flow claims to be; whether its content is readable is for others to find out.
Sources: RFC 9000 (QUIC), RFC 4303/3948/7296 (ESP, ESP in UDP, IKE), the WireGuard paper
(Donenfeld 2017) section 5.4, OpenVPN protocol documentation, RFC 4253 (SSH), RFC 3550,
RFC 2326, RFC 3261, RFC 9110, RTMP 1.0, FLV 10.1, MQTT 3.1.1, ISO/IEC 13818-1, RFC 8489 (STUN),
RFC 1035, RFC 5905, RFC 2131.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import struct

_BASE64 = re.compile(rb"[A-Za-z0-9+/\-_=\r\n]+")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f\r\n: ]+")
_REQUEST = re.compile(rb"([A-Z_\-]{3,20}) (\S{1,8000}) (RTSP|SIP|HTTP)/\d\.\d\r?\n")
_RESPONSE = re.compile(rb"(RTSP|SIP|HTTP)/\d\.\d (\d{3})")
_WIREGUARD_SIZES = {1: 148, 2: 92, 3: 64}


def text_protocol(data: bytes) -> str:
    """``rtsp``, ``sip``, ``http``, ``onvif`` or ``manscdp`` of a message, "" for other bytes."""
    head = bytes(data[:9000])
    match = _REQUEST.match(head)
    if match:
        name = match.group(3)
    else:
        answer = _RESPONSE.match(head)
        if not answer:
            return ""
        name = answer.group(1)
    if name == b"HTTP" and (b"onvif.org" in head or b"soap-envelope" in head):
        return "onvif"
    if name == b"SIP" and b"MANSCDP" in head.upper():
        return "manscdp"
    return name.decode().lower()


def stream_protocol(data: bytes) -> str:
    """The protocol a TCP direction begins with, or "" when no signature fits."""
    head = bytes(data[:9000])
    if head.startswith((b"SSH-2.0-", b"SSH-1.")):
        return "ssh"
    named = text_protocol(head)
    if named:
        return named
    if head.startswith(b"FLV\x01"):
        return "flv"
    if len(data) >= 1537 and head[0] == 3 and head[5:9] == b"\0\0\0\0":
        return "rtmp"
    if head[:1] == b"\x10" and head[4:8] == b"MQTT"[:4]:
        return "mqtt"
    if re.match(rb"220[ -][^\r\n]{0,200}\r\n", head):
        return "ftp"
    if head.startswith((b"\xff\xfd", b"\xff\xfb")):
        return "telnet"
    if is_openvpn_stream(head):
        return "openvpn"
    return "text" if is_readable_text(head) else ""


def datagram_protocol(data: bytes, ports: tuple[int, int]) -> str:
    """The protocol of one UDP payload, or "" when no signature fits.

    Ports only narrow down; the structure must agree.
    """
    if not data:
        return ""
    named = text_protocol(data)
    if named:
        return named
    for name, port, fits in _BY_PORT:
        if port in ports and fits(data):
            return name
    if 4500 in ports and len(data) > 20 and data[:4] != b"\0\0\0\0":
        return "esp-in-udp"
    if is_wireguard(data):
        return "wireguard"
    if is_quic_long_header(data):
        return "quic"
    if is_stun(data):
        return "stun"
    if is_openvpn_datagram(data) and 1194 in ports:
        return "openvpn"
    return "text" if len(data) >= 16 and is_readable_text(data) else ""


def is_wireguard(data: bytes) -> bool:
    """A WireGuard message: type 1 to 4, three zero bytes, the size of that type."""
    if len(data) < 32 or data[1:4] != b"\0\0\0" or not 1 <= data[0] <= 4:
        return False
    if data[0] == 4:
        return (len(data) - 32) % 16 == 0
    return len(data) == _WIREGUARD_SIZES[data[0]]


def is_quic_long_header(data: bytes) -> bool:
    """A QUIC packet with a long header of version 1 or 2 (RFC 9000 section 17.2, RFC 9369)."""
    if len(data) < 20 or data[0] & 0xC0 != 0xC0:
        return False
    version = struct.unpack_from(">I", data, 1)[0]
    return version in (1, 0x6B3343CF) and data[5] <= 20 and data[6 + data[5]] <= 20


def is_openvpn_datagram(data: bytes) -> bool:
    """An OpenVPN packet that opens or acknowledges a session, or data of version 1 or 2."""
    if len(data) < 14:
        return False
    opcode = data[0] >> 3
    if opcode in (7, 8, 10):  # hard resets
        return data[0] & 7 == 0
    return opcode in {3, 4, 5, 6, 9}


def is_openvpn_stream(data: bytes) -> bool:
    """OpenVPN over TCP: a length, then a hard reset of that length."""
    if len(data) < 16:
        return False
    length = struct.unpack_from(">H", data)[0]
    return 14 <= length <= 120 and data[2] in (0x38, 0x40, 0x50) and len(data) >= 2 + length


def is_ike(data: bytes) -> bool:
    """An IKE message (RFC 7296 section 3.1), with or without the non-ESP marker of port 4500."""
    body = data[4:] if data[:4] == b"\0\0\0\0" and len(data) > 32 else data
    if len(body) < 28 or body[:8] == b"\0" * 8:
        return False
    return body[17] in (0x10, 0x20) and int.from_bytes(body[24:28], "big") == len(body)


def is_stun(data: bytes) -> bool:
    """A STUN message by its magic cookie."""
    return len(data) >= 20 and data[0] < 0x40 and data[4:8] == b"\x21\x12\xa4\x42"


def is_dns(data: bytes) -> bool:
    """A DNS message: sane counts and a first name of legal labels."""
    if len(data) < 17:
        return False
    flags, questions, answers, authorities, additional = struct.unpack_from(">HHHHH", data, 2)
    if flags & 0x0040 or questions > 16 or max(answers, authorities, additional) > 100:
        return False
    if questions + answers + authorities + additional == 0:
        return False
    offset = 12
    while offset < len(data) and data[offset]:
        size = data[offset]
        if size > 63 or offset + size >= len(data):
            return size >= 0xC0
        if not all(33 <= byte < 127 for byte in data[offset + 1 : offset + 1 + size]):
            return False
        offset += 1 + size
    return offset + 4 < len(data)


def is_ntp(data: bytes) -> bool:
    """An NTP packet of version 1 to 4, 48 bytes or with extensions."""
    return len(data) >= 48 and 1 <= (data[0] >> 3) & 7 <= 4 and 1 <= data[0] & 7 <= 7


def is_dhcp(data: bytes) -> bool:
    """A BOOTP/DHCP message by its magic cookie."""
    return len(data) >= 240 and data[0] in (1, 2) and data[236:240] == b"\x63\x82\x53\x63"


def is_discovery(data: bytes) -> bool:
    """WS-Discovery or SSDP."""
    return b"discovery" in data[:4000] or data.startswith((b"M-SEARCH", b"NOTIFY", b"HTTP/1.1 200"))


_BY_PORT = (
    ("dns", 53, is_dns),
    ("mdns", 5353, is_dns),
    ("llmnr", 5355, is_dns),
    ("ntp", 123, is_ntp),
    ("dhcp", 67, is_dhcp),
    ("dhcp", 68, is_dhcp),
    ("discovery", 3702, is_discovery),
    ("discovery", 1900, is_discovery),
    ("ike", 500, is_ike),
    ("ike", 4500, is_ike),
)

AUXILIARY = frozenset({"dns", "mdns", "llmnr", "ntp", "dhcp", "discovery", "stun", "icmp"})
"""Protocols that carry neither picture nor signalling; they are listed, not judged."""


def looks_like_rtp(data: bytes) -> bool:
    """Whether the fixed header fits RTP, RTCP excluded (RFC 3550 section 5.1, RFC 5761)."""
    return len(data) >= 12 and data[0] >> 6 == 2 and not 192 <= data[1] <= 223


def looks_like_rtcp(data: bytes) -> bool:
    """Whether the header fits RTCP: version 2, a known kind, a length inside the datagram."""
    if len(data) < 8 or data[0] >> 6 != 2 or not 200 <= data[1] <= 207:
        return False
    return 4 * (int.from_bytes(data[2:4], "big") + 1) <= len(data)


def is_program_stream(data: bytes) -> bool:
    """MPEG-2 program stream: pack header with its marker bits (ISO/IEC 13818-1 2.5.3.3)."""
    return len(data) >= 14 and data[:4] == b"\0\0\1\xba" and data[4] & 0xC4 == 0x44


def is_transport_stream(data: bytes) -> bool:
    """MPEG-2 transport stream: the synchronisation byte every 188 bytes, thrice or to the end."""
    if len(data) < 188 or data[0] != 0x47:
        return False
    return all(data[at] == 0x47 for at in range(0, min(len(data), 4 * 188), 188))


def is_readable_text(data: bytes) -> bool:
    """Whether nearly all of the bytes are printable text (UTF-8 or GB 18030 letters allowed)."""
    head = data[:4096]
    if len(head) < 8:
        return False
    plain = sum(1 for byte in head if 32 <= byte < 127 or byte in (9, 10, 13))
    if plain >= 0.97 * len(head):
        return True
    if plain < 0.5 * len(head) and len(head) < 96:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(bytes(head))
        except UnicodeDecodeError:
            continue
        return sum(c.isprintable() or c in "\t\r\n" for c in text) >= 0.99 * len(text)
    return False


def text_encoding(data: bytes) -> str:
    """``base64`` or ``hexadecimal`` when all bytes belong to that alphabet, else ""."""
    head = bytes(data[:65_536])
    if len(head) < 24:
        return ""
    if _HEXADECIMAL.fullmatch(head):
        return "hexadecimal"
    if _BASE64.fullmatch(head) and len(set(head)) > 12:
        return "base64"
    return ""


def decode_text_encoding(data: bytes, encoding: str) -> bytes:
    """The bytes behind ``base64`` or ``hexadecimal`` text; what cannot be decoded is left out."""
    packed = re.sub(rb"[\r\n: ]", b"", bytes(data))
    if encoding == "hexadecimal":
        return binascii.unhexlify(packed[: len(packed) // 2 * 2])
    decoded = bytearray()
    # A chain of encoded messages has padding in its middle: each is decoded by itself.
    for piece in re.findall(rb"[A-Za-z0-9+/\-_]+=*", packed):
        body = piece.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        body = body[: len(body) - (len(body) % 4 == 1)]
        decoded += base64.b64decode(body + b"=" * (-len(body) % 4))
    return bytes(decoded)
