"""Tunnels that are what they claim, and traffic that only borrows their ports and first bytes."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation

from tests import wire_bench as bench

ENDS = {"src": bench.CAMERA, "dst": bench.PLATFORM}


def esp(cipher: str, key: bytes, tunnel: bool, auth: str = "HMAC-SHA1-96"):
    """The clip's RTP in IPsec, by scapy."""
    association = SecurityAssociation(
        ESP,
        spi=0x1234,
        crypt_algo=cipher,
        crypt_key=key,
        auth_algo=auth,
        auth_key=b"k" * 20 if auth != "NULL" else None,
        tunnel_header=IP(**ENDS) if tunnel else None,
    )
    return [
        (
            bench.START + round(at * 1e9),
            bytes(association.encrypt(IP(**ENDS) / UDP(sport=5004, dport=6004) / data)),
        )
        for at, data in bench.rtp()
    ]


@pytest.mark.parametrize("tunnel", [True, False])
def test_esp_with_a_cipher_is_encrypted(tunnel):
    measured = bench.measure(esp("AES-CBC", b"k" * 16, tunnel))
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert bench.flow(measured)["class"] == "esp"


@pytest.mark.parametrize("tunnel", [True, False])
@pytest.mark.parametrize("auth", ["HMAC-SHA1-96", "NULL"])
def test_esp_with_the_null_cipher_is_rebuilt(tunnel, auth):
    measured = bench.measure(esp("NULL", b"", tunnel, auth))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.null-cipher")
    assert bench.likeness(measured) > 28


def wireguard(transport: int = 300):
    opening = [(0.0, b"\1\0\0\0" + bench.noise(144)), (0.1, b"\4\0\0\0" + bench.noise(60))][:1]
    data = [
        (
            0.2 + number * 0.01,
            b"\4\0\0\0SESS" + number.to_bytes(8, "little") + bench.noise(1024, number),
        )
        for number in range(transport)
    ]
    return bench.udp(opening + data, destination=(bench.PLATFORM, 51820))


def test_wireguard_whose_counters_grow_is_encrypted():
    measured = bench.measure(wireguard())
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert bench.flow(measured)["class"] == "wireguard"


def openvpn(resets: bool):
    client = [(0.0, b"\x38" + bench.noise(13))] if resets else []
    server = [(0.1, b"\x40" + bench.noise(25))] if resets else []
    client += [(0.2 + n * 0.01, b"\x48\0\0\1" + bench.noise(900, n)) for n in range(300)]
    return bench.udp(client, destination=(bench.PLATFORM, 1194)) + bench.udp(
        server, (bench.PLATFORM, 1194), (bench.CAMERA, 5004)
    )


@pytest.mark.parametrize("resets", [True, False])
def test_openvpn_counts_when_it_was_seen_to_open(resets):
    measured = bench.measure(openvpn(resets))
    assert measured.value == ("encrypted" if resets else None)


def test_quic_is_encrypted():
    initial = bytes.fromhex("c000000001088394c8f03e5157080000449e") + bench.noise(1180)
    answer = bytes.fromhex("c00000000108f067a5502a4262b5080000449e") + bench.noise(1180, 2)
    later = [(0.3 + n * 0.01, b"\x43" + bench.noise(1000, n)) for n in range(300)]
    frames = bench.udp([(0.0, initial), *later], destination=(bench.PLATFORM, 443))
    frames += bench.udp([(0.1, answer)], (bench.PLATFORM, 443), (bench.CAMERA, 5004))
    measured = bench.measure(frames)
    assert (measured.value, bench.flow(measured)["class"]) == ("encrypted", "quic")


@pytest.mark.parametrize("port", [4500, 500, 1194, 51820, 443, 53, 123, 3478])
def test_plain_video_on_the_port_of_a_tunnel_is_plain(port):
    measured = bench.measure(bench.udp(bench.rtp(), destination=(bench.PLATFORM, port)))
    assert (measured.value, bench.reason(measured)) == ("plain", "wire-privacy.plain-media")


@pytest.mark.parametrize("port", [4500, 1194, 51820, 443])
def test_random_bytes_on_the_port_of_a_tunnel_cannot_be_told(port):
    frames = bench.udp(
        ((n * 0.01, bench.noise(1000, n)) for n in range(300)), destination=(bench.PLATFORM, port)
    )
    measured = bench.measure(frames)
    assert (measured.value, bench.reason(measured)) == (None, "wire-privacy.unknown-flows")
