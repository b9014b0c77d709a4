"""The words of an uplink: RTSP between platform and camera, HTTP for the snapshot, DNS, NTP."""

from __future__ import annotations

import base64
import struct

_LINE = "\r\n"


def describe(address: str) -> bytes:
    """The platform asks what the camera offers."""
    return _message(f"DESCRIBE rtsp://{address}/live RTSP/1.0", 1, ["Accept: application/sdp"])


def description(address: str, encoding: str, key: bytes = b"") -> bytes:
    """The camera's answer; with a key (SDES, RFC 4568) for SRTP."""
    profile = "RTP/SAVP" if key else "RTP/AVP"
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=live",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=video 0 {profile} 96",
        f"a=rtpmap:96 {encoding}/90000",
        "a=control:track1",
    ]
    if key:
        inline = base64.b64encode(key).decode()
        lines.append(f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{inline}")
    body = _LINE.join(lines) + _LINE
    headers = ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
    return _message("RTSP/1.0 200 OK", 1, headers) + body.encode()


def setup(address: str, transport: str) -> bytes:
    """The platform asks for the track."""
    return _message(f"SETUP rtsp://{address}/live/track1 RTSP/1.0", 2, [f"Transport: {transport}"])


def accepted(number: int, transport: str = "") -> bytes:
    """The camera agrees."""
    headers = ["Session: 4711"] + ([f"Transport: {transport}"] if transport else [])
    return _message("RTSP/1.0 200 OK", number, headers)


def play(address: str) -> bytes:
    """The platform starts the stream."""
    return _message(f"PLAY rtsp://{address}/live RTSP/1.0", 3, ["Session: 4711", "Range: npt=0-"])


def _message(first: str, number: int, headers: list[str]) -> bytes:
    return (_LINE.join([first, f"CSeq: {number}", *headers]) + _LINE * 2).encode()


def get_snapshot(address: str) -> bytes:
    """The platform fetches a still picture."""
    lines = ["GET /snapshot.jpg HTTP/1.1", f"Host: {address}", "Connection: close"]
    return (_LINE.join(lines) + _LINE * 2).encode()


def snapshot_answer(picture: bytes) -> bytes:
    """The camera sends it."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: image/jpeg", f"Content-Length: {len(picture)}"]
    return (_LINE.join(lines) + _LINE * 2).encode() + picture


def redirect(address: str) -> bytes:
    """The camera sends the client to HTTPS."""
    lines = ["HTTP/1.1 301 Moved Permanently", f"Location: https://{address}/snapshot.jpg"]
    return (_LINE.join([*lines, "Content-Length: 0"]) + _LINE * 2).encode()


def dns_query(name: str) -> bytes:
    """A question for the address of ``name`` (RFC 1035)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\x01\0\x01"


def ntp_request() -> bytes:
    """A client's request (RFC 5905)."""
    return bytes([0x23]) + bytes(47)
