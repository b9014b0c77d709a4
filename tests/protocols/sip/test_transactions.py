"""The four transaction machines in virtual time: every timer of RFC 3261 table 4."""

from __future__ import annotations

import pytest

from protocols.sip.message import Headers, SipRequest, SipResponse
from protocols.sip.timers import TimerHeap, Timers
from protocols.sip.transactions import (
    ClientInvite,
    ClientTransaction,
    ServerInvite,
    ServerTransaction,
    State,
)

T = Timers()


def run(transaction, now: float, until: float) -> tuple[list[float], list[float], float]:
    """Let time pass; moments of sending, of failure, and the time reached."""
    sent, failed = [], []
    while transaction.deadline is not None and transaction.deadline <= until:
        now = transaction.deadline
        reaction = transaction.timer(now)
        if reaction.send is not None:
            sent.append(now)
        if reaction.timed_out:
            failed.append(now)
    return sent, failed, now


def response(status: int) -> SipResponse:
    return SipResponse(status, "", Headers([("To", "<sip:b@y>;tag=2")]))


def invite() -> SipRequest:
    headers = [
        ("Via", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"),
        ("Route", "<sip:p1;lr>, <sip:p2;lr>"),
        ("From", "<sip:a@x>;tag=1"),
        ("To", "<sip:b@y>"),
        ("Call-ID", "c"),
        ("CSeq", "7 INVITE"),
    ]
    return SipRequest("INVITE", "sip:b@y", Headers(headers))


def test_a_request_is_repeated_up_to_t2_and_given_up_after_64_t1():
    """Timers E and F."""
    client = ClientTransaction(b"x", False, T)
    assert client.start(0.0).send == b"x"
    sent, failed, _ = run(client, 0.0, 100.0)
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert failed == [32.0]
    assert client.ended


def test_after_a_provisional_answer_a_request_is_repeated_every_t2():
    client = ClientTransaction(b"x", False, T)
    client.start(0.0)
    assert client.receive(response(100), 0.1).deliver
    sent, failed, _ = run(client, 0.1, 100.0)
    assert sent[:3] == [0.5, 4.5, 8.5]
    assert failed == [32.0]


def test_a_final_answer_is_delivered_once_and_absorbed_for_t4():
    """Timer K."""
    client = ClientTransaction(b"x", False, T)
    client.start(0.0)
    assert client.receive(response(200), 0.2).deliver
    assert not client.receive(response(200), 0.3).deliver
    assert client.deadline == pytest.approx(5.2)
    assert run(client, 0.2, 10.0) == ([], [], pytest.approx(5.2))
    assert client.ended


def test_over_a_reliable_transport_nothing_is_repeated_or_absorbed():
    client = ClientTransaction(b"x", True, T)
    client.start(0.0)
    assert run(client, 0.0, 31.9)[0] == []
    assert client.receive(response(404), 31.9).deliver
    assert client.ended


def test_an_invite_is_repeated_doubling_and_given_up():
    """Timers A and B."""
    client = ClientInvite(invite(), b"x", False, T)
    client.start(0.0)
    sent, failed, _ = run(client, 0.0, 100.0)
    assert sent == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert failed == [32.0]


def test_an_invite_that_rings_waits_without_repeating():
    client = ClientInvite(invite(), b"x", False, T)
    client.start(0.0)
    assert client.receive(response(180), 0.1).deliver
    assert client.deadline is None
    client.give_up(5.0)
    assert run(client, 5.0, 100.0) == ([], [], 37.0)


def test_a_refused_invite_is_acknowledged_each_time():
    """Timer D and section 17.1.1.3."""
    client = ClientInvite(invite(), b"x", False, T)
    client.start(0.0)
    first = client.receive(response(486), 1.0)
    assert first.deliver
    again = client.receive(response(486), 2.0)
    assert again.send == first.send
    assert not again.deliver
    head, *lines = first.send.decode().split("\r\n")
    assert head == "ACK sip:b@y SIP/2.0"
    assert "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1" in lines
    assert "Route: <sip:p1;lr>" in lines
    assert "Route: <sip:p2;lr>" in lines
    assert "To: <sip:b@y>;tag=2" in lines
    assert "CSeq: 7 ACK" in lines
    assert client.deadline == pytest.approx(33.0)


def test_an_accepted_invite_answers_repeated_2xx():
    """Timer M (RFC 6026)."""
    client = ClientInvite(invite(), b"x", True, T)
    client.start(0.0)
    assert client.receive(response(200), 1.0).deliver
    assert client.receive(response(200), 1.5).send is None
    client.acknowledgement = b"ACK"
    assert client.receive(response(200), 2.0) == (b"ACK", False, False)
    assert client.state is State.ACCEPTED
    assert run(client, 2.0, 100.0) == ([], [], 33.0)


def test_a_server_repeats_its_answer_for_64_t1():
    """Timer J."""
    server = ServerTransaction(False, T, 0.0)
    assert server.repeated().send is None
    assert server.respond(200, b"ok", 1.0).send == b"ok"
    assert server.respond(500, b"no", 2.0).send is None
    assert server.repeated().send == b"ok"
    assert server.deadline == 33.0
    run(server, 1.0, 40.0)
    assert server.ended
    over_tcp = ServerTransaction(True, T, 0.0)
    over_tcp.respond(200, b"ok", 1.0)
    assert over_tcp.ended


def test_a_server_that_nobody_answers_for_is_forgotten():
    server = ServerTransaction(False, T, 0.0)
    run(server, 0.0, 33.0)
    assert server.ended


def test_a_served_invite_is_answered_trying_after_200_ms():
    server = ServerInvite(False, T, 0.0, b"100")
    assert run(server, 0.0, 1.0)[0] == [0.2]
    assert server.repeated().send == b"100"
    quick = ServerInvite(False, T, 0.0, b"100")
    quick.respond(180, b"180", 0.1)
    assert run(quick, 0.1, 1.0)[0] == []
    run(quick, 1.0, 1000.0)
    assert quick.ended


def test_a_refusal_is_repeated_until_acknowledged():
    """Timers G, H, I."""
    server = ServerInvite(False, T, 0.0, b"100")
    server.respond(486, b"486", 0.0)
    sent, failed, _ = run(server, 0.0, 10.0)
    assert sent == [0.5, 1.5, 3.5, 7.5]
    assert failed == []
    assert not server.acknowledge(10.0).deliver
    assert server.state is State.CONFIRMED
    assert run(server, 10.0, 100.0) == ([], [], 15.0)
    silent = ServerInvite(False, T, 0.0, b"100")
    silent.respond(486, b"486", 0.0)
    assert run(silent, 0.0, 100.0)[1] == [32.0]
    over_tcp = ServerInvite(True, T, 0.0, b"100")
    over_tcp.respond(486, b"486", 0.0)
    assert run(over_tcp, 0.0, 31.0)[0] == []


@pytest.mark.parametrize("reliable", [False, True])
def test_a_2xx_is_repeated_on_every_transport(reliable):
    """RFC 3261 13.3.1.4, timer L of RFC 6026."""
    server = ServerInvite(reliable, T, 0.0, b"100")
    server.respond(200, b"200", 0.0)
    assert run(server, 0.0, 8.0)[0] == [0.5, 1.5, 3.5, 7.5]
    assert server.repeated().send is None
    assert server.acknowledge(8.0).deliver
    assert not server.acknowledge(9.0).deliver
    assert run(server, 9.0, 100.0) == ([], [], 32.0)
    silent = ServerInvite(reliable, T, 0.0, b"100")
    silent.respond(200, b"200", 0.0)
    sent, failed, _ = run(silent, 0.0, 100.0)
    assert sent[-1] == 31.5
    assert failed == [32.0]


def test_the_heap_follows_deadlines_that_move():
    heap = TimerHeap()
    first, second = ClientTransaction(b"1", False, T), ClientTransaction(b"2", False, T)
    first.deadline, second.deadline = 10.0, 20.0
    assert heap.schedule(first)
    assert not heap.schedule(second)
    second.deadline = 5.0
    assert heap.schedule(second)
    first.deadline = 30.0
    assert heap.due(4.9) == []
    assert heap.due(10.0) == [second]
    assert heap.next_deadline() == 20.0 or heap.next_deadline() == 30.0
    first.deadline = None
    assert heap.due(100.0) == []
    assert len(heap) == 0
