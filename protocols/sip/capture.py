"""A SIP conversation as a capture file: each message one UDP frame between the true two ends.

Whatever carried a message (UDP, TCP, TLS), it stands in the file as IP/UDP, so that the usual
tools open it; a comment on each packet names the transport, and the packet's direction says which
end is ours. What would prove a password is overwritten before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from protocols.errors import ProtocolError
from protocols.pcap import LINKTYPE_RAW, Frame, read_capture, udp_datagram, write_pcapng
from protocols.sip.passed import PassedMessage

#: What fits into one UDP datagram; longer messages (TCP) go on in the next frame.
_MOST_IN_A_FRAME = 65_000
_MORE = "+"
_AUTHORIZATION = re.compile(
    rb"^(?:proxy-)?authorization[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE
)
_RESPONSE = re.compile(rb"""(\bresponse\s*=\s*"?)([^",\s]+)""", re.IGNORECASE)
_KEY = re.compile(rb"^(a=crypto:[^\r\n]*?inline:)([^|\s;\r\n]+)", re.IGNORECASE | re.MULTILINE)
_PLAIN_PASSWORD = re.compile(
    rb"""(<Password>|^a=password:[ ]*)([^<\r\n]+)""", re.IGNORECASE | re.MULTILINE
)


def masked(data: bytes) -> bytes:
    """``data`` without what proves or tells a password; as long as before.

    The ``response`` of an Authorization and the key of an SDES line become zeros, a password in
    the clear (an SDP line, a catalogue item) asterisks.
    """

    def zeros(found: re.Match[bytes]) -> bytes:
        return found[1] + b"0" * len(found[2])

    def asterisks(found: re.Match[bytes]) -> bytes:
        return found[1] + b"*" * len(found[2])

    lowered = data.lower()
    if b"authorization" in lowered:
        data = _AUTHORIZATION.sub(lambda header: _RESPONSE.sub(zeros, header[0]), data)
    if b"a=crypto" in lowered:
        data = _KEY.sub(zeros, data)
    return _PLAIN_PASSWORD.sub(asterisks, data) if b"password" in lowered else data


def write_conversation(messages: Iterable[PassedMessage]) -> bytes:
    """The messages, in order of time, as a pcapng file; secrets overwritten."""
    return write_pcapng(
        frame for message in sorted(messages, key=lambda one: one.at) for frame in _frames(message)
    )


def _frames(message: PassedMessage) -> Iterable[Frame]:
    ends = [message.local, message.remote]
    source, destination = ends if message.outbound else reversed(ends)
    data = masked(message.data)
    for start in range(0, len(data) or 1, _MOST_IN_A_FRAME):
        more = start + _MOST_IN_A_FRAME < len(data)
        yield Frame(
            round(message.at * 1e9),
            LINKTYPE_RAW,
            udp_datagram(source, destination, data[start : start + _MOST_IN_A_FRAME]),
            message.transport + (_MORE if more else ""),
            message.outbound,
        )


def read_conversation(content: bytes) -> list[PassedMessage]:
    """The messages of a file of ``write_conversation``, in order.

    Raises:
        ProtocolError: not such a file.
    """
    messages: list[PassedMessage] = []
    begun = b""
    for frame in read_capture(content):
        source, destination, payload = _datagram(frame.data)
        begun += payload
        if frame.comment.endswith(_MORE):
            continue
        ends = (source, destination) if frame.outbound else (destination, source)
        messages.append(
            PassedMessage(
                at=frame.time_ns / 1e9,
                outbound=bool(frame.outbound),
                transport=frame.comment or "udp",
                local=ends[0],
                remote=ends[1],
                data=begun,
            )
        )
        begun = b""
    return messages


def _datagram(packet: bytes) -> tuple[tuple[str, int], tuple[str, int], bytes]:
    """Source, destination and payload of an IPv4/UDP or plain IPv6/UDP packet."""
    if packet and packet[0] >> 4 == 6:
        return _datagram_6(packet)
    header = (packet[0] & 0x0F) * 4 if packet else 0
    if header < 20 or len(packet) < header + 8 or packet[0] >> 4 != 4 or packet[9] != 17:
        raise ProtocolError("conversation: a frame that is no UDP over IPv4")
    ports = int.from_bytes(packet[header : header + 2]), int.from_bytes(packet[header + 2 :][:2])
    addresses = str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20]))
    return (addresses[0], ports[0]), (addresses[1], ports[1]), packet[header + 8 :]


def _datagram_6(packet: bytes) -> tuple[tuple[str, int], tuple[str, int], bytes]:
    if len(packet) < 48 or packet[6] != 17:
        raise ProtocolError("conversation: a frame that is no UDP over IPv6")
    ports = int.from_bytes(packet[40:42]), int.from_bytes(packet[42:44])
    addresses = str(IPv6Address(packet[8:24])), str(IPv6Address(packet[24:40]))
    return (addresses[0], ports[0]), (addresses[1], ports[1]), packet[48:]
