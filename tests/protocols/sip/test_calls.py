"""INVITE, ACK, BYE and CANCEL between two user agents, and dialogs by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, PassedMessage, Peer, SipEndpoint, Timers
from protocols.sip.message import Headers, SipRequest, SipResponse, parse_message

FAST = Timers(t1=0.03, t2=0.12, t4=0.05)
SERVER, CLIENT = "127.61.2.1", "127.61.2.2"


@dataclass
class Party:
    """A user agent that keeps what it saw."""

    incoming: list[IncomingRequest] = field(default_factory=list)
    passed: list[PassedMessage] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, int] = field(default_factory=dict)
    endpoint: SipEndpoint | None = None

    def on_request(self, incoming: IncomingRequest) -> None:
        self.incoming.append(incoming)
        self.arrived.set()
        status = self.answers.get(incoming.request.method)
        if status is not None:
            contact = f"<sip:{SERVER}:{self.endpoint.port}>"
            incoming.respond(status, headers=[("Contact", contact)])

    async def method(self, name: str) -> IncomingRequest:
        async with asyncio.timeout(3):
            while True:
                for one in self.incoming:
                    if one.request.method == name:
                        return one
                self.arrived.clear()
                await self.arrived.wait()

    def first_lines(self, outbound: bool) -> list[bytes]:
        return [one.data.split(b"\r\n")[0] for one in self.passed if one.outbound is outbound]


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Party, Party]]:
    server, client = Party(), Party()
    for party, address in ((server, SERVER), (client, CLIENT)):
        party.endpoint = SipEndpoint(
            address,
            0,
            on_request=party.on_request,
            on_passed=party.passed.append,
            timers=FAST,
        )
        await party.endpoint.start()
    yield server, client
    await client.endpoint.stop()
    await server.endpoint.stop()


def invite(client: Party, server: Party) -> SipRequest:
    return client.endpoint.new_request(
        "INVITE",
        f"sip:34020000001320000001@{SERVER}:{server.endpoint.port}",
        from_="<sip:34020000002000000001@3402000000>",
        to="<sip:34020000001320000001@3402000000>",
        contact=f"<sip:34020000002000000001@{CLIENT}:{client.endpoint.port}>",
        headers=[("Subject", "34020000001320000001:0,34020000002000000001:0")],
    )


async def until(condition, seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_from_invite_to_bye_both_ways(pair, transport):
    server, client = pair
    server.answers = {"INVITE": 200, "BYE": 200, "INFO": 200}
    client.answers = {"MESSAGE": 200}
    peer = await client.endpoint.connect(SERVER, server.endpoint.port, transport)
    request = invite(client, server)
    response = await client.endpoint.request(request, peer)
    dialog = Dialog.from_uac(request, response)
    client.endpoint.send(dialog.request("ACK"), peer)
    acknowledged = await server.method("ACK")
    assert server.incoming[0].acknowledged
    assert acknowledged.request.headers.get("CSeq") == "1 ACK"

    accepted = server.incoming[0]
    theirs = Dialog.from_uas(accepted.request, accepted.to_tag)
    assert theirs.identifier == (dialog.call_id, dialog.remote.tag, dialog.local.tag)
    info = dialog.request("INFO", body=b"PAUSE RTSP/1.0", content_type="Application/MANSRTSP")
    assert (await client.endpoint.request(info, peer)).status == 200
    got = (await server.method("INFO")).request
    assert theirs.matches(got)
    assert theirs.accept(got)
    assert not theirs.accept(got)
    finished = theirs.request("MESSAGE")
    back = accepted.peer
    assert (await server.endpoint.request(finished, back)).status == 200
    assert dialog.matches((await client.method("MESSAGE")).request)
    assert (await client.endpoint.request(dialog.request("BYE"), peer)).status == 200


async def test_a_2xx_is_repeated_until_it_is_acknowledged(pair):
    server, client = pair
    server.answers = {"INVITE": 200}
    peer = Peer("udp", SERVER, server.endpoint.port)
    request = invite(client, server)
    response = await client.endpoint.request(request, peer)

    def sent() -> int:
        return server.first_lines(True).count(b"SIP/2.0 200 OK")

    await until(lambda: sent() >= 3)
    ack = Dialog.from_uac(request, response).request("ACK")
    client.endpoint.send(ack, peer)
    await until(lambda: server.incoming[0].acknowledged)
    count = sent()
    await asyncio.sleep(FAST.t2 * 2)
    assert sent() == count
    # a 2xx that comes again is acknowledged again without the caller
    before = len(client.first_lines(True))
    last = next(one for one in reversed(server.passed) if b"SIP/2.0 200" in one.data)
    server.endpoint.send_raw(last.data, Peer("udp", *last.remote))
    await until(lambda: len(client.first_lines(True)) > before)
    assert client.first_lines(True)[-1].startswith(b"ACK ")


async def test_whoever_gets_no_ack_is_told(pair):
    server, client = pair
    told = asyncio.Event()
    server.endpoint.timers = Timers(t1=0.005, t2=0.02, t4=0.05)
    peer = Peer("udp", SERVER, server.endpoint.port)
    waiting = asyncio.ensure_future(client.endpoint.request(invite(client, server), peer))
    incoming = await server.method("INVITE")
    incoming.on_unacknowledged = told.set
    incoming.respond(200)
    assert (await waiting).status == 200
    await asyncio.wait_for(told.wait(), 3)
    assert not incoming.acknowledged


async def test_a_refusal_is_acknowledged_by_the_transaction(pair):
    server, client = pair
    server.answers = {"INVITE": 486}
    peer = Peer("udp", SERVER, server.endpoint.port)
    response = await client.endpoint.request(invite(client, server), peer)
    assert (response.status, response.reason) == (486, "Busy Here")
    await until(lambda: any(one.startswith(b"ACK ") for one in server.first_lines(False)))
    assert [one.request.method for one in server.incoming] == ["INVITE"]
    invited, acked = (parse_message(one.data) for one in client.passed if one.outbound)
    assert acked.headers.get("Via") == invited.headers.get("Via")
    assert acked.headers.get("To") == response.headers.get("To")


async def test_cancel_ends_an_unanswered_invite(pair):
    server, client = pair
    rung = asyncio.Event()
    peer = Peer("udp", SERVER, server.endpoint.port)
    request = invite(client, server)
    waiting = asyncio.ensure_future(
        client.endpoint.request(request, peer, on_provisional=lambda _: rung.set())
    )
    incoming = await server.method("INVITE")
    incoming.respond(180)
    await asyncio.wait_for(rung.wait(), 3)
    assert (await client.endpoint.cancel(request)).status == 200
    assert (await waiting).status == 487
    assert incoming.cancelled
    assert (await server.method("CANCEL")).to_tag == incoming.to_tag
    incoming.respond(200)  # too late: swallowed
    with pytest.raises(LookupError):
        await client.endpoint.cancel(request)


async def test_an_invite_left_alone_is_answered_trying(pair):
    server, client = pair
    statuses: list[int] = []
    peer = Peer("udp", SERVER, server.endpoint.port)
    waiting = asyncio.ensure_future(
        client.endpoint.request(
            invite(client, server), peer, on_provisional=lambda one: statuses.append(one.status)
        )
    )
    await until(lambda: statuses == [100])
    (await server.method("INVITE")).respond(488)
    assert (await waiting).status == 488


async def test_an_ack_within_another_call_is_not_taken(pair):
    server, client = pair
    server.answers = {"INVITE": 200}
    peer = Peer("udp", SERVER, server.endpoint.port)
    request = invite(client, server)
    response = await client.endpoint.request(request, peer)
    ack = Dialog.from_uac(request, response).request("ACK")
    ack.headers.set("To", f"{request.headers.get('To')};tag=other")
    client.endpoint.send(ack, peer)
    await until(lambda: any(one.startswith(b"ACK ") for one in server.first_lines(False)))
    assert not server.incoming[0].acknowledged


def test_routes_and_targets_of_a_dialog():
    headers = [
        ("Via", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"),
        ("From", "<sip:a@x>;tag=1"),
        ("To", "<sip:b@y>"),
        ("Call-ID", "c"),
        ("CSeq", "7 INVITE"),
        ("Contact", "<sip:a@10.0.0.1>"),
    ]
    request = SipRequest("INVITE", "sip:b@y", Headers(headers))
    answer = Headers(headers[:5])
    answer.set("To", "<sip:b@y>;tag=2")
    answer.add("Record-Route", "<sip:p1;lr>, <sip:p2;lr>")
    answer.add("Contact", "<sip:b@10.0.0.2:5070>")
    dialog = Dialog.from_uac(request, SipResponse(200, "OK", answer))
    assert dialog.remote_target == "sip:b@10.0.0.2:5070"
    assert dialog.route_set == ("<sip:p2;lr>", "<sip:p1;lr>")
    bye = dialog.request("BYE")
    assert bye.headers.get_all("Route") == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert bye.headers.get("CSeq") == "8 BYE"
    assert dialog.request("ACK").headers.get("CSeq") == "7 ACK"
    moved = SipRequest(
        "NOTIFY", "sip:a@x", Headers([("CSeq", "3 NOTIFY"), ("Contact", "<sip:z@q>")])
    )
    assert dialog.accept(moved)
    assert dialog.remote_target == "sip:z@q"
