"""Packets of a relay's recording, judged by scapy."""

from __future__ import annotations

from scapy.layers.inet import IP

from protocols.frames import Dissector
from protocols.pcap import Frame
from protocols.recorded_streams import RecordedStream, tcp_segment
from protocols.tcp_reassembly import TcpStream
from tests.wire_bench import noise

ENDS = ("192.0.2.1", 5000), ("192.0.2.2", 554)


def test_checksums_are_right():
    for payload in (b"", b"x", noise(999)):
        packet = IP(tcp_segment(*ENDS, 7, 0x18, payload))
        told = packet.chksum, packet["TCP"].chksum
        del packet.chksum, packet["TCP"].chksum
        made = IP(bytes(packet))
        assert told == (made.chksum, made["TCP"].chksum)
        assert bytes(made["TCP"].payload) == payload


def test_a_stream_comes_back():
    data = noise(100_000)
    stream = RecordedStream(*ENDS, answers=False)
    packets = [stream.open(), *stream.data(data[:60_000]), *stream.data(data[60_000:])]
    packets.append(stream.close())
    read = TcpStream(1 << 20)
    for packet in Dissector().packets(Frame(0, 101, packet) for packet in packets):
        read.add(packet)
    assert (bytes(read.data), read.began, read.ended, read.gaps) == (data, True, True, [])
