"""What one host does to an endpoint does not disturb the others; merged requests (8.2.2.2)."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from protocols.sip.endpoint import IncomingRequest, Limits, PassedMessage, Peer, SipEndpoint
from protocols.sip.message import parse_message
from tests.protocols.sip.test_endpoint import message_to
from tests.protocols.sip.test_endpoint_bounds import CLIENT, SERVER, Raw, good, server

OTHER = "127.61.3.9"


class Talker:
    """An endpoint that sends raw requests and keeps the answers."""

    def __init__(self, address: str = CLIENT) -> None:
        self.answers: list[tuple[str, int]] = []
        self._changed = asyncio.Event()
        self.endpoint = SipEndpoint(
            address, 0, on_request=lambda _: None, on_passed=self._passed, transports=("udp",)
        )

    def _passed(self, passed: PassedMessage) -> None:
        if not passed.outbound:
            answer = parse_message(passed.data)
            self.answers.append((answer.headers.get("Call-ID"), answer.status))
            self._changed.set()

    async def answered(self, count: int) -> list[int]:
        async with asyncio.timeout(5):
            while len(self.answers) < count:
                self._changed.clear()
                await self._changed.wait()
        return [status for _, status in self.answers]


async def test_a_flood_of_one_host_leaves_room_for_the_others():
    """The flooding host fills its own share with requests that nobody answers."""

    def on_request(incoming: IncomingRequest) -> None:
        if incoming.peer.host != CLIENT:
            incoming.respond(200)

    limits = Limits(transactions=400, transactions_per_host=50)
    talker = Talker()
    async with (
        server(on_request, limits=limits) as one,
        talker.endpoint as flood,
        SipEndpoint(OTHER, 0, on_request=lambda _: None) as other,
    ):
        peer = Peer("udp", SERVER, one.port)
        for number in range(500):
            flood.send_raw(good(number, flood.port), peer)
            if not number % 50:
                await asyncio.sleep(0)
        assert await talker.answered(450) == [503] * 450
        async with asyncio.timeout(2):
            assert (await other.request(message_to(other, peer), peer)).status == 200


async def test_what_ended_makes_room_again():
    talker = Talker()
    async with server(limits=Limits(transactions_per_host=3)) as one, talker.endpoint as other:
        peer = Peer("udp", SERVER, one.port)
        for number in range(4):
            other.send_raw(good(number, other.port), peer)
        assert await talker.answered(4) == [200, 200, 200, 503]
        async with asyncio.timeout(5):  # 64 x T1 of 20 ms
            while len(one._transactions):
                await asyncio.sleep(0.05)
        other.send_raw(good(9, other.port), peer)
        assert (await talker.answered(5))[4] == 200
        assert len(one._transactions._merging) == len(one._transactions._per_host) == 1
    assert not one._transactions._merging
    assert not one._transactions._per_host


async def test_half_open_connections_of_one_host_are_bounded_and_disturb_nobody():
    limits = Limits(half_open_per_host=3, first_message_s=20)
    async with server(limits=limits) as one, contextlib.AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(Raw(one.port)) for _ in range(5)]
        assert await silent[3].closed()
        assert await silent[4].closed()
        async with Raw(one.port, OTHER) as fine:
            fine.writer.write(good(1))
            assert (await fine.answer()).startswith(b"SIP/2.0 200")
        silent[0].writer.write(good(2))  # it speaks: there is room for another silent one
        assert (await silent[0].answer()).startswith(b"SIP/2.0 200")
        async with Raw(one.port) as late:
            late.writer.write(good(3))
            assert (await late.answer()).startswith(b"SIP/2.0 200")


def forked(number: int, branch: str, port: int) -> bytes:
    return good(number, port).replace(b"branch=z9hG4bK%d" % number, b"branch=z9hG4bK" + branch)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"", b""), 482),
        ((b"tag=1", b"tag=2"), 200),
        ((b"Call-ID: 1", b"Call-ID: 2"), 200),
        ((b"CSeq: 1", b"CSeq: 2"), 200),
        ((b"<sip:b@y>", b"<sip:b@y>;tag=3"), 200),
        ((b"Content-Length: 0\r\n\r\n", b"Content-Length: 1\r\n\r\nx"), 200),
        ((b"Content-Length", b'Authorization: Digest username="a"\r\nContent-Length'), 200),
    ],
    ids=["merged", "from-tag", "call", "cseq", "within-a-dialog", "says-more", "with-credentials"],
)
async def test_a_request_that_came_by_two_paths_is_a_loop(change, status):
    """What differs otherwise is another request, also of a device that never counts up."""
    served: list[IncomingRequest] = []

    def on_request(incoming: IncomingRequest) -> None:
        served.append(incoming)
        incoming.respond(200)

    talker = Talker()
    async with server(on_request) as one, talker.endpoint as other:
        peer = Peer("udp", SERVER, one.port)
        other.send_raw(forked(1, b"first", other.port), peer)
        other.send_raw(forked(1, b"second", other.port).replace(*change), peer)
        assert sorted(await talker.answered(2)) == [200, status]
    assert len(served) == (1 if status == 482 else 2)
