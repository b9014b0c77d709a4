"""Two user agents talk over loopback sockets."""

from __future__ import annotations

import asyncio

import pytest

from protocols.sip.endpoint import IncomingRequest, PassedMessage, Peer, SipEndpoint, Timers
from protocols.sip.message import SipRequest

FAST = Timers(t1=0.02, t2=0.08, t4=0.1)
SERVER, CLIENT = "127.61.1.1", "127.61.1.2"


def message_to(endpoint: SipEndpoint, peer: Peer, method: str = "MESSAGE") -> SipRequest:
    return endpoint.new_request(
        method,
        f"sip:34020000002000000001@{peer.host}:{peer.port}",
        from_="<sip:34020000001320000001@3402000000>",
        to="<sip:34020000002000000001@3402000000>",
        content_type="Application/MANSCDP+xml",
        body=b"<?xml version='1.0'?>\r\n<Notify></Notify>",
    )


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_request_is_answered(transport):
    asked: list[IncomingRequest] = []
    passed: list[PassedMessage] = []

    def on_request(incoming: IncomingRequest) -> None:
        asked.append(incoming)
        incoming.respond(200, headers=[("Date", "2010-11-02T15:01:26.115")])

    async with (
        SipEndpoint(SERVER, 0, on_request=on_request, timers=FAST) as server,
        SipEndpoint(
            CLIENT, 0, on_request=lambda _: None, on_passed=passed.append, timers=FAST
        ) as client,
    ):
        peer = await client.connect(SERVER, server.port, transport)
        response = await client.request(message_to(client, peer), peer)
        assert response.status == 200
        assert response.headers.get("Date") == "2010-11-02T15:01:26.115"
        assert asked[0].to_tag in (response.headers.get("To") or "")
        assert asked[0].peer.transport == transport
        assert asked[0].request.body.endswith(b"</Notify>")
        assert [(one.outbound, one.transport) for one in passed] == [
            (True, transport),
            (False, transport),
        ]
        assert passed[0].local[0] == CLIENT
        assert passed[0].remote == (SERVER, server.port)
        # and back over what is open
        back = await server.connect(CLIENT, client.port, "udp")
        assert back == Peer("udp", CLIENT, client.port)


async def test_a_cancellation_that_meets_the_answer_is_not_swallowed():
    tasks: list[asyncio.Task[object]] = []

    def passed(message: PassedMessage) -> None:
        if not message.outbound:  # the answer has come, and is about to be handed over
            asyncio.get_running_loop().call_soon(tasks[0].cancel)

    async with (
        SipEndpoint(SERVER, 0, on_request=lambda one: one.respond(200), timers=FAST) as server,
        SipEndpoint(CLIENT, 0, on_request=lambda _: None, on_passed=passed, timers=FAST) as client,
    ):
        peer = await client.connect(SERVER, server.port, "udp")
        tasks.append(asyncio.create_task(client.request(message_to(client, peer), peer, timeout=5)))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
