"""The wire visit: live, from a file, and through a relay."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess

import pytest

from probes.wire_privacy import measure_wire_privacy
from protocols.pcap import read_capture, write_pcap
from simulators import certificates
from tests import wire_bench as bench
from visits import wire_sniffer
from visits.wire import WireScope, capture_wire, check_capture_file, import_capture
from visits.wire_relay import Relay, RelayRoute
from visits.wire_sniffer import Sniffer

CAMERA, PLATFORM, OWN, RELAY = "127.16.5.1", "127.16.5.2", "127.16.5.3", "127.16.5.4"
SCOPE = WireScope(CAMERA, (PLATFORM,), (OWN,))


async def send_datagrams(source: str, destination: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    sink, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=(destination, 0)
    )
    end, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol,
        local_addr=(source, 0),
        remote_addr=sink.get_extra_info("sockname"),
    )
    for number in range(count):
        end.sendto(b"%06d" % number)
        if number % 50 == 0:
            await asyncio.sleep(0.01)
    end.close()
    sink.close()


async def test_sniffing_sees_each_packet_once_and_nothing_of_the_harness():
    async def traffic() -> None:
        await send_datagrams(CAMERA, PLATFORM, 400)
        await send_datagrams(CAMERA, OWN, 50)
        await send_datagrams(OWN, PLATFORM, 50)

    recording = await capture_wire("P1", SCOPE, Sniffer("lo"), 10, during=traffic)
    assert recording.problem is None
    assert recording.facts["dropped"] == 0
    datagrams = [
        frame.data[-6:]
        for frame in read_capture(recording.read("capture.pcap"))
        if frame.data[23] == 17
    ]
    assert sorted(datagrams) == [b"%06d" % number for number in range(400)]
    assert recording.facts["method"] == "sniff"
    assert recording.facts["own_addresses"] == [OWN]


async def test_sniffing_times_are_those_of_the_traffic():
    before = asyncio.get_running_loop().time()
    recording = await capture_wire(
        "P1", SCOPE, Sniffer("lo"), 5, during=lambda: send_datagrams(CAMERA, PLATFORM, 1)
    )
    assert asyncio.get_running_loop().time() - before < 3
    (time_ns,) = {
        frame.time_ns
        for frame in read_capture(recording.read("capture.pcap"))
        if frame.data[23] == 17
    }
    assert recording.started.timestamp() <= time_ns / 1e9 <= recording.ended.timestamp()


async def test_the_largest_packet_of_loopback_is_captured_whole():
    largest = 65_535 - 20 - 8

    async def traffic() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((CAMERA, 0))
            sender.sendto(bytes(largest), (PLATFORM, 9))
        await asyncio.sleep(0.2)

    recording = await capture_wire("P1", SCOPE, Sniffer("lo"), 5, during=traffic)
    frames = [frame.data for frame in read_capture(recording.read("capture.pcap"))]
    assert max(map(len, frames)) == 14 + 20 + 8 + largest


async def test_the_bound_in_time_ends_the_capture():
    recording = await capture_wire(
        "P1", SCOPE, Sniffer("lo"), 0.2, during=lambda: asyncio.sleep(60)
    )
    assert recording.problem is None


async def test_an_interface_that_is_not_there():
    recording = await capture_wire("P1", SCOPE, Sniffer("no-such0"), 1)
    assert recording.problem is not None
    assert recording.problem.code == "visit.unreachable"


async def test_sniffing_without_permission_is_told(monkeypatch):
    def refuse(**_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(wire_sniffer, "_scapy", lambda: (refuse, RuntimeError))
    recording = await capture_wire("P1", SCOPE, Sniffer("lo"), 1)
    assert recording.problem is not None
    assert recording.problem.code == "visit.no-permission"
    assert measure_wire_privacy(recording).spoilt == recording.problem


async def test_a_capture_beyond_the_bound_is_told(monkeypatch):
    monkeypatch.setattr(wire_sniffer, "MAXIMUM_CAPTURE", 1000)
    recording = await capture_wire(
        "P1", SCOPE, Sniffer("lo"), 5, during=lambda: send_datagrams(CAMERA, PLATFORM, 100)
    )
    assert recording.problem is not None
    assert recording.problem.code == "visit.too-much"


def test_a_file_is_imported_as_it_is(tmp_path):
    path = tmp_path / "site.pcap"
    path.write_bytes(write_pcap(bench.udp(bench.rtp())))
    recording = import_capture("P1", WireScope(bench.CAMERA, (bench.PLATFORM,)), path)
    assert recording.read("capture.pcap") == path.read_bytes()
    assert recording.facts["where"] == "site.pcap"
    assert recording.facts["seconds"] == pytest.approx(1.96, abs=0.01)
    assert measure_wire_privacy(recording).value == "plain"


def test_a_pcapng_of_editcap_is_read_alike(tmp_path):
    path, other = tmp_path / "site.pcap", tmp_path / "site.pcapng"
    path.write_bytes(write_pcap(bench.udp(bench.rtp())))
    subprocess.run(["editcap", "-F", "pcapng", path, other], check=True, timeout=30)
    recording = import_capture("P1", WireScope(bench.CAMERA, (bench.PLATFORM,)), other)
    assert measure_wire_privacy(recording).value == "plain"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "shorter"),
        (b"this is a text and no capture at all", "neither pcap nor pcapng"),
        (write_pcap([]), "no frame"),
        (write_pcap([(0, b"12345678")])[:-3], "frame of 8 bytes"),
    ],
    ids=["empty", "text", "no-frame", "cut-off"],
)
def test_a_file_that_cannot_be_read_is_told_before_the_run(tmp_path, content, told):
    path = tmp_path / "broken.pcap"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        check_capture_file(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        check_capture_file(tmp_path / "absent.pcap")


async def test_a_relay_forwards_and_records_tls():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        for number in range(20):
            writer.write(bench.noise(8000, number))
            await writer.drain()
            await asyncio.sleep(0.06)
        writer.close()

    context = certificates.server_context(CAMERA)
    server = await asyncio.start_server(serve, CAMERA, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    relay = Relay((RelayRoute("tcp", (RELAY, 0), (CAMERA, port)),))
    received = bytearray()

    async def view() -> None:
        client = ssl.create_default_context(cafile=str(certificates.authority_file()))
        reader, writer = await asyncio.open_connection(
            *relay.ports[0], ssl=client, server_hostname=CAMERA, local_addr=(PLATFORM, 0)
        )
        writer.write(b"PLAY")
        while piece := await reader.read(65_536):
            received.extend(piece)
        writer.close()

    async with server:
        recording = await capture_wire("P1", SCOPE, relay, 20, during=view)
    assert bytes(received) == b"".join(bench.noise(8000, number) for number in range(20))
    measured = measure_wire_privacy(recording)
    assert (measured.value, measured.spoilt) == ("encrypted", None)
    assert recording.facts["method"] == "relay"


async def test_a_relay_forwards_and_records_datagrams_both_ways():
    loop = asyncio.get_running_loop()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            self.transport.sendto(data[::-1], addr)

    answers: asyncio.Queue[bytes] = asyncio.Queue()

    class Asking(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            answers.put_nowait(data)

    far, _ = await loop.create_datagram_endpoint(Echo, local_addr=(PLATFORM, 0))
    relay = Relay((RelayRoute("udp", (RELAY, 0), far.get_extra_info("sockname")),))

    async def talk() -> None:
        near, _ = await loop.create_datagram_endpoint(
            Asking, local_addr=(CAMERA, 0), remote_addr=relay.ports[0]
        )
        for number in range(3):
            near.sendto(b"REGISTER sip:%d SIP/2.0\r\n\r\n" % number)
            assert (await answers.get())[::-1].startswith(b"REGISTER")
        near.close()

    recording = await capture_wire("P1", SCOPE, relay, 10, during=talk)
    far.close()
    measured = measure_wire_privacy(recording)
    assert measured.value == "plain"
    assert measured.details["flows"][0]["packets"] == [3, 3]


async def test_a_relay_whose_other_side_refuses_goes_on():
    relay = Relay((RelayRoute("tcp", (RELAY, 0), (CAMERA, 1)),))

    async def knock() -> None:
        reader, writer = await asyncio.open_connection(*relay.ports[0])
        assert await reader.read() == b""
        writer.close()

    recording = await capture_wire("P1", SCOPE, relay, 10, during=knock)
    assert recording.problem is None
    assert measure_wire_privacy(recording).value is None
