"""Known datagrams of scapy and others, and random ones that must not be taken for anything."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.stun import STUN
from scapy.contrib.wireguard import WireguardInitiation, WireguardResponse, WireguardTransport
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.isakmp import ISAKMP
from scapy.layers.ntp import NTPHeader
from scapy.layers.rtp import RTP

from protocols import flow_signatures as signatures
from tests.wire_bench import container, noise

DATAGRAMS = {
    "dns": (53, bytes(DNS(qd=DNSQR(qname="camera.example.org")))),
    "ntp": (123, bytes(NTPHeader())),
    "dhcp": (67, bytes(BOOTP(op=1) / DHCP(options=[("message-type", "discover"), "end"]))),
    "ike": (500, bytes(ISAKMP(init_cookie=b"12345678", version=0x20, exch_type=34, length=28))),
    "stun": (3478, bytes(STUN(magic_cookie=0x2112A442))[:20].ljust(20, b"\0")),
    "esp-in-udp": (4500, b"\x11\x22\x33\x44" + noise(80)),
    "quic": (443, bytes.fromhex("c000000001088394c8f03e5157080000449e") + noise(1180)),
    "openvpn": (1194, b"\x38" + noise(40)),
    "sip": (5060, b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n"),
    "manscdp": (5060, b"MESSAGE sip:a@b SIP/2.0\r\nContent-Type: Application/MANSCDP+xml\r\n\r\n"),
    "discovery": (3702, b"<?xml version='1.0'?><e xmlns='http://x/ws/2005/04/discovery'/>"),
}
WIREGUARD = {
    "initiation": bytes([1, 0, 0, 0]) + bytes(WireguardInitiation()).ljust(144, b"\0")[:144],
    "response": bytes([2, 0, 0, 0]) + bytes(WireguardResponse()).ljust(88, b"\0")[:88],
    "transport": bytes([4, 0, 0, 0]) + bytes(WireguardTransport(counter=5)).ljust(92, b"\1")[:92],
}


@pytest.mark.parametrize("name", DATAGRAMS)
def test_datagrams_are_recognised(name):
    port, data = DATAGRAMS[name]
    assert signatures.datagram_protocol(data, (40_000, port)) == name


@pytest.mark.parametrize("name", WIREGUARD)
def test_wireguard_is_recognised_on_any_port(name):
    assert signatures.datagram_protocol(WIREGUARD[name], (1, 2)) == "wireguard"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ssh", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("rtsp", b"DESCRIBE rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        ("rtsp", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"),
        ("http", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        (
            "onvif",
            b"POST /onvif/media HTTP/1.1\r\n\r\n<Envelope xmlns='http://www.onvif.org/v10'/>",
        ),
        ("flv", b"FLV\x01\x05\0\0\0\x09"),
        ("rtmp", b"\x03" + b"\0\0\0\1\0\0\0\0" + noise(1528)),
        ("mqtt", b"\x10\x20\0\x04MQTT\x04\x02\0\x3c"),
        ("ftp", b"220 camera FTP server ready\r\n"),
        ("telnet", b"\xff\xfd\x18\xff\xfd\x20"),
        ("openvpn", b"\0\x0e\x38" + noise(40)),
        (
            "text",
            ("设备状态=在线，温度=36，运行正常。ok ok ok ok ok ok " * 2).encode(),
        ),
        ("", noise(300)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_streams_are_recognised(name, data):
    assert signatures.stream_protocol(data) == name


def test_media_headers():
    assert signatures.looks_like_rtp(bytes(RTP(payload_type=96)) + b"x")
    assert not signatures.looks_like_rtp(b"\x80\xc8" + bytes(20))
    assert signatures.looks_like_rtcp(b"\x80\xc8\0\x06" + bytes(24))
    assert signatures.is_program_stream(container("vob"))
    assert signatures.is_transport_stream(container("mpegts"))
    assert not signatures.is_program_stream(noise(100))
    assert not signatures.is_transport_stream(b"\x47" + noise(800))


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=60, max_size=400))
def test_encodings_come_back(data):
    for encoded, name in (
        (base64.b64encode(data), "base64"),
        (base64.encodebytes(data), "base64"),
        (base64.urlsafe_b64encode(data).rstrip(b"="), "base64"),
        (data.hex().encode(), "hexadecimal"),
    ):
        told = signatures.text_encoding(encoded)
        if told == name:
            assert signatures.decode_text_encoding(encoded, name) == data
        else:
            assert len(set(encoded)) <= 16


def test_text_and_noise_are_no_encoding():
    assert signatures.text_encoding(b"This is a sentence, and it has a comma in it.") == ""
    assert signatures.text_encoding(noise(500)) == ""


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([53, 67, 123, 500, 1194, 1900, 3702, 4500, 9]))
def test_nothing_is_raised(data, port):
    signatures.datagram_protocol(data, (port, 1))
    signatures.stream_protocol(data)
    signatures.is_openvpn_stream(data)
    signatures.decode_text_encoding(data, "base64")


def test_random_datagrams_are_hardly_ever_taken_for_something():
    taken = [signatures.datagram_protocol(noise(200, seed), (5000, 5001)) for seed in range(3000)]
    assert set(taken) == {""}
