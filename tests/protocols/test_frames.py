"""Frames built by scapy, read by us."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    fragment6,
)
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback
from scapy.layers.ppp import PPP, PPPoE
from scapy.packet import Raw

from protocols import frames
from protocols.frames import Dissector
from protocols.pcap import Frame
from tests.wire_bench import noise

MAC = "02:00:00:00:00:01"  # given, or scapy asks the network for it
ETHER = Ether(dst=MAC, src=MAC)
INNER = IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=7, dport=9) / b"content"
INNER6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=7, dport=9) / b"content"
LINKS = {
    "ethernet": (1, ETHER / INNER),
    "vlan": (1, ETHER / Dot1Q(vlan=5) / INNER),
    "double-vlan": (1, ETHER / Dot1AD(vlan=5) / Dot1Q(vlan=6) / INNER),
    "pppoe": (1, Ether(dst=MAC, src=MAC, type=0x8864) / PPPoE() / PPP(proto=0x0021) / INNER),
    "mpls": (
        1,
        Ether(dst=MAC, src=MAC, type=0x8847) / MPLS(label=3, s=0) / MPLS(label=4, s=1) / INNER,
    ),
    "cooked": (113, CookedLinux(proto=0x0800) / INNER),
    "cooked-2": (276, CookedLinuxV2(proto=0x0800) / INNER),
    "loopback": (0, Loopback(type=2) / INNER),
    "raw": (101, INNER),
    "padded": (1, ETHER / INNER / Raw(b"")),
}


WHOLE = {name: bytes(packet) for name, (_, packet) in LINKS.items()}


def dissect(link: int, *packets: object) -> tuple[list[frames.Packet], frames.DissectionCounts]:
    dissector = Dissector()
    found = list(dissector.packets(Frame(1, link, bytes(packet)) for packet in packets))
    return found, dissector.finish()


@pytest.mark.parametrize("name", LINKS)
def test_link_layers(name):
    link, packet = LINKS[name]
    (found,), _ = dissect(link, packet)
    assert (found.source, found.source_port) == ("192.0.2.1", 7)
    assert (found.destination, found.destination_port) == ("192.0.2.2", 9)
    assert (found.protocol, found.payload, found.truncated) == (frames.UDP, b"content", False)


@pytest.mark.parametrize("wrapping", [IP, GRE])
def test_plain_tunnels_are_looked_through_and_keep_the_outer_ends(wrapping):
    outer = IP(src="198.51.100.1", dst="198.51.100.2")
    packet = outer / INNER if wrapping is IP else outer / GRE() / INNER
    (found,), _ = dissect(101, packet)
    assert (found.source, found.destination) == ("198.51.100.1", "198.51.100.2")
    assert found.payload == b"content"


def test_tcp_fields_and_options():
    packet = ETHER / IP() / TCP(sport=1, dport=2, seq=77, flags="PA", options=[("MSS", 9)]) / b"x"
    (found,), _ = dissect(1, packet)
    assert (found.sequence, found.flags, found.payload) == (77, 0x18, b"x")


def test_ipv6_with_extension_headers():
    packet = (
        IPv6(src="2001:db8::1", dst="2001:db8::2")
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrDestOpt()
        / UDP(sport=7, dport=9)
        / b"content"
    )
    (found,), _ = dissect(101, packet)
    assert (found.source, found.payload) == ("2001:db8::1", b"content")


@pytest.mark.parametrize("seed", range(4))
def test_fragments_in_any_order_and_twice(seed):
    content = noise(9000)
    pieces = fragment(IP(src="192.0.2.1", dst="192.0.2.2", id=9) / UDP() / content, fragsize=1000)
    random.Random(seed).shuffle(pieces)
    found, counts = dissect(101, *pieces, pieces[0])
    assert [packet.payload for packet in found] == [content]
    assert counts.incomplete_fragments == 1  # the late copy opens a datagram that never ends


def test_ipv6_fragments():
    content = noise(5000)
    packet = IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=3) / UDP() / content
    found, _ = dissect(101, *fragment6(packet, 1280))
    assert [one.payload for one in found] == [content]


def test_a_lost_fragment_is_counted():
    pieces = fragment(IP() / UDP() / noise(5000), fragsize=1000)
    found, counts = dissect(101, *pieces[1:])
    assert (found, counts.incomplete_fragments) == ([], 1)


def test_a_frame_cut_by_the_snapshot_length_is_marked():
    cut = bytes(ETHER / IP() / UDP() / noise(500))[:200]
    (found,), _ = dissect(1, cut)
    assert found.truncated


def test_segmentation_offload_leaves_a_total_length_of_zero():
    packet = bytearray(bytes(IP() / TCP() / b"large"))
    packet[2:4] = b"\0\0"
    (found,), _ = dissect(101, packet)
    assert found.payload == b"large"


def test_other_traffic():
    found, counts = dissect(1, ETHER / ARP(), ETHER / IP() / ICMP(), b"short")
    assert [packet.protocol for packet in found] == [frames.ICMP]
    assert (counts.not_ip, counts.malformed) == (1, 1)
    assert dissect(147, b"x" * 60)[1].unknown_link == 1


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([0, 1, 101, 113, 276]), st.binary(max_size=120))
def test_nothing_is_raised(link, data):
    dissect(link, data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(LINKS)), st.integers(0, 70), st.integers(0, 255))
def test_damaged_headers_raise_nothing(name, place, value):
    link, _ = LINKS[name]
    data = bytearray(WHOLE[name])
    data[place % len(data)] = value
    dissect(link, data)
