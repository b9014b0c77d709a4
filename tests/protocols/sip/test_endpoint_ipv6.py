"""SIP between addresses of IPv6: brackets in URIs and Via, and none in ``received`` (RFC 5118)."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from pathlib import Path

import pytest

from protocols.sip.capture import read_conversation, write_conversation
from protocols.sip.endpoint import IncomingRequest, PassedMessage, Peer, SipEndpoint, Timers
from protocols.sip.fields import top_via
from protocols.sip.message import parse_message
from protocols.sip.uri import host_text, parse_uri, same_host
from tests.protocols.sip.test_endpoint import message_to
from tests.protocols.sip.test_endpoint_large import large

FAST = Timers(t1=0.05, t2=0.2, t4=0.05)
HOST = "::1"


@pytest.fixture(autouse=True, scope="module")
def _ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as trial:
            trial.bind((HOST, 0))
    except OSError as fault:
        pytest.fail(f"this machine has no ::1 ({fault}): switch IPv6 on for its loopback")


def endpoint(on_request=lambda one: one.respond(200), **more) -> SipEndpoint:
    return SipEndpoint(HOST, 0, on_request=on_request, timers=FAST, **more)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_request_is_answered_and_its_conversation_kept(transport, tmp_path: Path):
    asked: list[IncomingRequest] = []
    passed: list[PassedMessage] = []

    def on_request(incoming: IncomingRequest) -> None:
        asked.append(incoming)
        incoming.respond(200)

    async with endpoint(on_request) as server, endpoint(on_passed=passed.append) as client:
        peer = await client.connect(HOST, server.port, transport)
        request = message_to(client, peer)
        request.uri = f"sip:a@{host_text(HOST)}:{server.port}"
        assert (await client.request(request, peer)).status == 200
        via = top_via(asked[0].request)
        assert (via.host, via.port, via.received) == ("[::1]", client.port, "::1")
        assert parse_uri(asked[0].request.uri).host == "[::1]"
        back = await server.connect(HOST, client.port, transport)
        assert (await server.request(message_to(server, back), back)).status == 200
    kept = write_conversation(passed)
    assert [(one.data, one.local, one.remote) for one in read_conversation(kept)] == [
        (one.data, one.local, one.remote) for one in passed
    ]
    file = tmp_path / "conversation.pcapng"
    file.write_bytes(kept)
    said = subprocess.run(
        ["tshark", "-r", str(file), "-o", "udp.check_checksum:TRUE", "-d",
         f"udp.port=={server.port},sip", "-T", "fields", "-e", "ipv6.src",
         "-e", "udp.checksum.status", "-e", "sip.Via.sent-by.address", "-e", "_ws.malformed"],
        capture_output=True, check=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    rows = [line.split("\t") for line in said.splitlines()]
    assert len(rows) == len(passed)
    assert all(row == [HOST, "1", HOST, ""] for row in rows), rows


async def test_without_rport_the_answer_goes_to_the_port_in_the_via():
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as plain:
        plain.setblocking(False)
        plain.bind((HOST, 0))
        port = plain.getsockname()[1]

        def on_passed(passed: PassedMessage) -> None:
            if not passed.outbound and not got.done():
                got.set_result(passed.data)

        async with endpoint() as server, endpoint(on_passed=on_passed) as other:
            data = (
                f"OPTIONS sip:a@[::1] SIP/2.0\r\nVia: SIP/2.0/UDP [0:0:0:0:0:0:0:1]:{other.port}"
                ";branch=z9hG4bKx\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: 1\r\n"
                "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            ).encode()
            assert port != other.port
            plain.sendto(data, (HOST, server.port))
            answer = parse_message(await asyncio.wait_for(got, 3))
    assert answer.status == 200
    assert "received" not in (answer.headers.get("Via") or "")


async def test_a_large_request_finds_tcp_there_too():
    over: list[str] = []

    def on_request(incoming: IncomingRequest) -> None:
        over.append(incoming.peer.transport)
        incoming.respond(200)

    async with endpoint(on_request) as server, endpoint() as client:
        peer = Peer("udp", HOST, server.port)
        assert (await client.request(large(client, peer), peer)).status == 200
    assert over == ["tcp"]


async def test_an_unspecified_address_is_told_as_the_routed_one():
    async with SipEndpoint("::", 0, on_request=lambda one: one.respond(200)) as one:
        assert one.local(Peer("udp", HOST, 9))[0] == HOST
        async with endpoint() as other:
            there = Peer("udp", HOST, one.port)
            assert (await other.request(message_to(other, there), there)).status == 200


@pytest.mark.parametrize(
    ("written", "address", "same"),
    [
        ("[::1]", "::1", True),
        ("[0:0:0:0:0:0:0:1]", "::1", True),
        ("::1", "::1", True),
        ("[2001:DB8::1]", "2001:db8::1", True),
        ("[fe80::1]", "fe80::1%eth0", True),
        ("[::2]", "::1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("camera.example", "127.0.0.1", False),
        ("[::", "::1", False),
    ],
)
def test_a_host_is_the_same_however_it_is_written(written, address, same):
    assert same_host(written, address) is same
