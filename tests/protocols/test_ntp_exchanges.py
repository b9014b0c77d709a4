import warnings

import pytest

from protocols.frames import Dissector
from protocols.ntp import SERVER, NtpPacket, request
from protocols.ntp_exchanges import ntp_exchanges
from protocols.pcap import read_capture, udp_datagram, write_pcap

CAMERA, UPSTREAM, OTHER = "10.0.0.7", "10.0.0.1", "10.0.0.9"


def found(*frames, link_type=101):
    capture = write_pcap([(round(at * 1e9), data) for at, data in frames], link_type)
    return list(ntp_exchanges(Dissector().packets(read_capture(capture)), CAMERA))


def asks(at, nonce, server=UPSTREAM, port=40_000):
    return at, udp_datagram((CAMERA, port), (server, 123), request(nonce).encode())


def answers(at, nonce, server=UPSTREAM, port=40_000, **fields):
    packet = NtpPacket(mode=SERVER, origin=nonce, receive=1, transmit=2, **{"stratum": 1} | fields)
    return at, udp_datagram((server, 123), (CAMERA, port), packet.encode())


def test_an_answered_request_counts_at_the_moment_of_the_answer():
    (seen,) = found(asks(10.0, 7), answers(10.25, 7))
    assert (seen.at, seen.client, seen.server) == (10.25, CAMERA, UPSTREAM)


@pytest.mark.parametrize(
    "frames",
    [
        [asks(1, 7)],
        [answers(1, 7)],
        [asks(1, 7), answers(2, 8)],
        [asks(1, 7), answers(2, 7, server=OTHER)],
        [asks(1, 7), answers(2, 7, port=41_000)],
        [asks(1, 7), answers(2, 7, leap=3)],
        [asks(1, 7), answers(2, 7, stratum=0)],
        [asks(1, 7), answers(2, 7, stratum=16)],
        [(1, udp_datagram((CAMERA, 1), (UPSTREAM, 123), b"no NTP"))],
    ],
    ids=[
        "never answered",
        "never asked",
        "another request",
        "another server",
        "another port",
        "not synchronised",
        "kiss of death",
        "stratum 16",
        "garbage",
    ],
)
def test_what_corrects_no_clock_does_not_count(frames):
    assert found(*frames) == []


def test_an_answer_counts_once():
    assert len(found(asks(1, 7), answers(2, 7), answers(3, 7))) == 1


def test_packets_that_another_program_built():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.layers.inet import IP, UDP
        from scapy.layers.l2 import Ether
        from scapy.layers.ntp import NTPHeader
    there = Ether() / IP(src=CAMERA, dst=UPSTREAM) / UDP(sport=123, dport=123)
    back = Ether() / IP(src=UPSTREAM, dst=CAMERA) / UDP(sport=123, dport=123)
    asked = there / NTPHeader(version=4, mode=3, sent=1234567.5)
    answered = back / NTPHeader(version=4, mode=4, stratum=2, orig=1234567.5, sent=1234568.0)
    assert len(found((1, bytes(asked)), (2, bytes(answered)), link_type=1)) == 1
