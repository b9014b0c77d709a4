"""Requests too large for a datagram go over TCP, or over UDP where nobody takes TCP (18.1.1)."""

from __future__ import annotations

import asyncio
import socket

import pytest

from protocols.sip import endpoint_sockets
from protocols.sip.endpoint import IncomingRequest, PassedMessage, Peer, SipEndpoint, Timers
from protocols.sip.message import LARGEST_OVER_UDP, SipRequest, parse_message
from tests.protocols.sip.test_endpoint import message_to

FAST = Timers(t1=0.05, t2=0.2, t4=0.05)
SERVER, CLIENT = "127.61.5.1", "127.61.5.2"


def large(endpoint: SipEndpoint, peer: Peer, size: int = LARGEST_OVER_UDP) -> SipRequest:
    request = message_to(endpoint, peer)
    request.body = b"<?xml version='1.0'?><Notify>" + b"x" * size + b"</Notify>"
    return request


async def asked_over(
    transports: tuple[str, ...], *, allowed: bool = True, size: int = LARGEST_OVER_UDP
) -> tuple[list[str], list[PassedMessage]]:
    """What two requests of ``size`` travelled over, to a peer that listens on ``transports``."""
    came: list[str] = []
    passed: list[PassedMessage] = []

    def on_request(incoming: IncomingRequest) -> None:
        came.append(incoming.peer.transport)
        incoming.respond(200)

    async with (
        SipEndpoint(SERVER, 0, transports=transports, on_request=on_request, timers=FAST) as server,
        SipEndpoint(
            CLIENT, 0, on_request=lambda _: None, on_passed=passed.append, timers=FAST
        ) as client,
    ):
        client.large_over_tcp = allowed
        peer = Peer("udp", SERVER, server.port)
        for _ in range(2):
            assert (await client.request(large(client, peer, size), peer)).status == 200
    return came, passed


async def test_a_large_request_goes_over_tcp_and_its_via_says_so():
    came, passed = await asked_over(("udp", "tcp"))
    assert came == ["tcp", "tcp"]
    sent = [parse_message(one.data) for one in passed if one.outbound]
    assert {one.headers.get("Via").split(" ")[0] for one in sent} == {"SIP/2.0/TCP"}
    assert len({one.local[1] for one in passed}) == 1, "one connection serves both"


async def test_where_nobody_takes_tcp_it_goes_over_udp_and_is_not_tried_again(monkeypatch):
    tried: list[str] = []
    connect = endpoint_sockets.Sockets.connect

    async def counted(self: endpoint_sockets.Sockets, peer: Peer) -> Peer:
        tried.append(peer.transport)
        return await connect(self, peer)

    monkeypatch.setattr(endpoint_sockets.Sockets, "connect", counted)
    came, passed = await asked_over(("udp",))
    assert came == ["udp", "udp"]
    assert tried.count("tcp") == 1
    assert all(b"SIP/2.0/UDP" in one.data for one in passed if one.outbound)


async def test_a_firewall_that_swallows_the_attempt_does_not_hold_it_up(monkeypatch):
    """A listener whose queue is full lets the connection hang, as a dropped SYN does."""
    monkeypatch.setattr(endpoint_sockets, "_STREAM_CONNECT_SECONDS", 0.2)
    came: list[str] = []

    def on_request(incoming: IncomingRequest) -> None:
        came.append(incoming.peer.transport)
        incoming.respond(200)

    async with (
        SipEndpoint(SERVER, 0, transports=("udp",), on_request=on_request, timers=FAST) as server,
        SipEndpoint(CLIENT, 0, on_request=lambda _: None, timers=FAST) as client,
    ):
        fillers = []
        with socket.socket() as full:
            full.bind((SERVER, server.port))
            full.listen(0)
            try:
                for _ in range(3):
                    filler = socket.socket()
                    filler.setblocking(False)
                    filler.connect_ex((SERVER, server.port))
                    fillers.append(filler)
                peer = Peer("udp", SERVER, server.port)
                async with asyncio.timeout(3):
                    assert (await client.request(large(client, peer), peer)).status == 200
            finally:
                for filler in fillers:
                    filler.close()
    assert came == ["udp"]


@pytest.mark.parametrize(
    ("allowed", "size"), [(False, LARGEST_OVER_UDP), (True, 100)], ids=["forbidden", "small"]
)
async def test_small_ones_and_all_where_it_is_set_so_stay_on_udp(allowed, size):
    came, _ = await asked_over(("udp", "tcp"), allowed=allowed, size=size)
    assert came == ["udp", "udp"]


async def test_an_invitation_over_tcp_is_cancelled_over_tcp():
    seen: list[tuple[str, str]] = []
    invited = asyncio.Event()

    def on_request(incoming: IncomingRequest) -> None:
        seen.append((incoming.request.method, incoming.peer.transport))
        if incoming.request.method == "INVITE":
            invited.set()

    async with (
        SipEndpoint(SERVER, 0, on_request=on_request, timers=FAST) as server,
        SipEndpoint(CLIENT, 0, on_request=lambda _: None, timers=FAST) as client,
    ):
        peer = Peer("udp", SERVER, server.port)
        request = client.new_request(
            "INVITE", f"sip:a@{SERVER}", from_="<sip:b@x>", to="<sip:a@y>", body=b"x" * 1_300
        )
        waiting = asyncio.ensure_future(client.request(request, peer))
        await asyncio.wait_for(invited.wait(), 3)
        assert (await client.cancel(request)).status == 200
        assert (await asyncio.wait_for(waiting, 3)).status == 487
    assert seen == [("INVITE", "tcp"), ("CANCEL", "tcp")]
