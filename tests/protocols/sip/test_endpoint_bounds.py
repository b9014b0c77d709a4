"""Floods, half-open connections, lies about length, and TLS on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from protocols.sip.endpoint import (
    IncomingRequest,
    Limits,
    PassedMessage,
    Peer,
    SipEndpoint,
    SipTimeoutError,
    Timers,
)
from protocols.sip.message import parse_message
from tests.protocols.sip.test_endpoint import message_to

FAST = Timers(t1=0.02, t2=0.08, t4=0.05)
SERVER, CLIENT = "127.61.3.1", "127.61.3.2"
GOOD = (
    b"OPTIONS sip:a@127.61.3.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.61.3.2:%d;branch=z9hG4bK%d\r\n"
    b"From: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def good(number: int, port: int = 5060) -> bytes:
    return GOOD % (port, number, number)


def answer(incoming: IncomingRequest) -> None:
    incoming.respond(200)


def server(on_request: Callable[[IncomingRequest], None] = answer, **more) -> SipEndpoint:
    return SipEndpoint(SERVER, 0, on_request=on_request, timers=FAST, **more)


class Raw:
    """A bare TCP connection to the server."""

    def __init__(self, port: int, host: str = CLIENT) -> None:
        self._port, self._host = port, host

    async def __aenter__(self) -> Raw:
        self.reader, self.writer = await asyncio.open_connection(
            SERVER, self._port, local_addr=(self._host, 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def answer(self) -> bytes:
        async with asyncio.timeout(3):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def closed(self) -> bool:
        async with asyncio.timeout(3):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65_536):
                    pass
        return True


async def test_silent_and_half_spoken_connections_are_dropped():
    limits = Limits(first_message_s=0.1, partial_message_s=0.1, idle_s=5)
    async with server(limits=limits) as one, Raw(one.port) as silent, Raw(one.port) as half:
        half.writer.write(good(1) + good(2)[:60])
        assert await silent.closed()
        assert await half.closed()


async def test_connections_are_bounded_per_host_and_in_all():
    async with (
        server(limits=Limits(connections=3, connections_per_host=2)) as one,
        contextlib.AsyncExitStack() as stack,
    ):
        opened = [
            await stack.enter_async_context(Raw(one.port, host))
            for host in (CLIENT, CLIENT, CLIENT, "127.61.3.4", "127.61.3.5")
        ]
        assert await opened[2].closed()
        assert await opened[4].closed()
        for kept in (0, 1, 3):
            opened[kept].writer.write(good(kept))
            assert (await opened[kept].answer()).startswith(b"SIP/2.0 200")


@pytest.mark.parametrize(
    "bomb",
    [
        b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 20_000,
        b"OPTIONS sip:a SIP/2.0\r\nX: " + b"y" * 70_000,
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
        b"\x16\x03\x01\x02\x00" * 100,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"\0" * 100,
    ],
    ids=["headers", "line", "length", "negative", "two", "tls", "http"],
)
async def test_nonsense_on_a_connection_ends_it_and_nothing_else(bomb):
    async with server() as one:
        async with Raw(one.port) as bad:
            bad.writer.write(bomb)
            assert await bad.closed()
        async with Raw(one.port) as fine:
            fine.writer.write(good(1))
            assert (await fine.answer()).startswith(b"SIP/2.0 200")


async def test_a_body_after_length_zero_does_not_hang_the_stream():
    """Quirk 45: Content-Length 0 with a body (Dahua NVR)."""
    bodies: list[bytes] = []

    def on_request(incoming: IncomingRequest) -> None:
        bodies.append(incoming.request.body)
        incoming.respond(200)

    lie = good(1).replace(b"\r\n\r\n", b"\r\nContent-Type: Application/MANSCDP+xml\r\n\r\n")
    async with server(on_request) as one, Raw(one.port) as raw:
        raw.writer.write(lie + b"<?xml version='1.0'?><Notify/>" + good(2))
        for _ in range(2):
            assert (await raw.answer()).startswith(b"SIP/2.0 200")
    assert bodies == [b"<?xml version='1.0'?><Notify/>", b""]


async def test_repeated_requests_are_served_once_and_answered_alike():
    """Also quirk 40: the same CSeq and branch in another call is another request."""
    served: list[str] = []
    answers: list[bytes] = []
    arrived = asyncio.Event()

    def on_request(incoming: IncomingRequest) -> None:
        served.append(incoming.request.headers.get("Call-ID"))
        incoming.respond(200)

    def on_passed(passed: PassedMessage) -> None:
        if not passed.outbound:
            answers.append(passed.data)
            arrived.set()

    async with server(on_request) as one:
        other = SipEndpoint(CLIENT, 0, on_request=answer, on_passed=on_passed)
        async with other:
            peer = Peer("udp", SERVER, one.port)
            twin = good(1, other.port).replace(b"Call-ID: 1", b"Call-ID: 2")
            for data in (good(1, other.port), good(1, other.port), twin):
                other.send_raw(data, peer)
            async with asyncio.timeout(3):
                while len(answers) < 3:
                    arrived.clear()
                    await arrived.wait()
    assert served == ["1", "2"]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"From: <sip:a@x>;tag=1\r\n", b""), 400),
        ((b"CSeq: 1 OPTIONS", b"CSeq: 1 INVITE"), 400),
        ((b"CSeq: 1 OPTIONS", b"CSeq: x"), 400),
        ((b" SIP/2.0\r\nVia", b" SIP/7.0\r\nVia"), 505),
    ],
    ids=["from", "method", "cseq", "version"],
)
async def test_what_cannot_be_served_is_refused(change, status):
    refused: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def on_passed(passed: PassedMessage) -> None:
        if not passed.outbound:
            refused.set_result(passed.data)

    asked: list[IncomingRequest] = []
    async with (
        server(asked.append) as one,
        SipEndpoint(CLIENT, 0, on_request=answer, on_passed=on_passed) as other,
    ):
        other.send_raw(good(1, other.port).replace(*change), Peer("udp", SERVER, one.port))
        data = await asyncio.wait_for(refused, 3)
    assert parse_message(data).status == status
    assert asked == []


async def test_transactions_are_bounded():
    statuses: list[int] = []
    full = asyncio.Event()

    def on_passed(passed: PassedMessage) -> None:
        if not passed.outbound:
            statuses.append(parse_message(passed.data).status)
            if len(statuses) == 20:
                full.set()

    async with (
        server(limits=Limits(transactions=12)) as one,
        SipEndpoint(CLIENT, 0, on_request=answer, on_passed=on_passed) as other,
    ):
        for number in range(20):
            other.send_raw(good(number, other.port), Peer("udp", SERVER, one.port))
        await asyncio.wait_for(full.wait(), 3)
    assert statuses == [200] * 12 + [503] * 8


async def test_a_silent_peer_is_a_timeout_and_a_broken_connection_an_error():
    async with (
        server(lambda _: None) as one,
        SipEndpoint(CLIENT, 0, on_request=answer, timers=Timers(t1=0.002)) as other,
    ):
        for transport in ("udp", "tcp"):
            peer = await other.connect(SERVER, one.port, transport)
            with pytest.raises(SipTimeoutError):
                await other.request(message_to(other, peer), peer)
            with pytest.raises(SipTimeoutError):
                await other.request(message_to(other, peer), peer, timeout=0.01)
        other.timers = Timers()
        waiting = asyncio.ensure_future(other.request(message_to(other, peer), peer))
        await asyncio.sleep(0)
        other.disconnect(peer)
        with pytest.raises(ConnectionError):
            await waiting


async def test_a_lost_connection_is_opened_anew_by_the_next_request():
    gone = asyncio.Event()
    async with (
        server() as one,
        SipEndpoint(
            CLIENT,
            0,
            on_request=answer,
            timers=FAST,
            on_connection=lambda _, opened: None if opened else gone.set(),
        ) as other,
    ):
        first = await other.connect(SERVER, one.port, "tcp")
        other.disconnect(first)
        await asyncio.wait_for(gone.wait(), 3)
        assert (await other.request(message_to(other, first), first)).status == 200
        second = await other.connect(SERVER, one.port, "tcp")
        assert second.connection != first.connection


async def test_stopping_fails_what_is_under_way():
    async with server(lambda _: None) as one:
        other = SipEndpoint(CLIENT, 0, on_request=answer)
        await other.start()
        peer = Peer("udp", SERVER, one.port)
        waiting = asyncio.ensure_future(other.request(message_to(other, peer), peer))
        await asyncio.sleep(0)
        await other.stop()
        with pytest.raises(ConnectionError):
            await waiting


async def test_a_request_that_came_just_before_the_stop_leaves_nothing_unawaited(recwarn):
    begun: list[IncomingRequest] = []
    handed: list[Awaitable[None]] = []
    stopping: list[asyncio.Future[None]] = []
    came = asyncio.Event()

    async def serve(incoming: IncomingRequest) -> None:
        begun.append(incoming)

    def on_request(incoming: IncomingRequest) -> Awaitable[None]:
        came.set()
        stopping.append(asyncio.ensure_future(one.stop()))  # before what is returned can begin
        handed.append(serve(incoming))
        return handed[0]

    one = server(on_request)
    await one.start()
    async with SipEndpoint(CLIENT, 0, on_request=answer) as other:
        other.send_raw(good(1, other.port), Peer("udp", SERVER, one.port))
        await asyncio.wait_for(came.wait(), 3)
        await stopping[0]
    handed.clear()
    gc.collect()
    assert begun == []
    assert [str(one.message) for one in recwarn] == []


async def test_a_faulty_handler_answers_500():
    async def late(incoming: IncomingRequest) -> None:
        raise KeyError("x")

    def early(incoming: IncomingRequest) -> None:
        raise KeyError("x")

    for handler in (late, early):
        async with server(handler) as one, SipEndpoint(CLIENT, 0, on_request=answer) as other:
            peer = Peer("udp", SERVER, one.port)
            assert (await other.request(message_to(other, peer), peer)).status == 500


async def test_pings_between_messages_are_answered():
    async with server() as one, Raw(one.port) as raw:
        raw.writer.write(b"\r\n\r\n")
        assert await asyncio.wait_for(raw.reader.readexactly(2), 3) == b"\r\n"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_torture_and_noise_never_reach_the_event_loop(transport):
    """Broken messages of every kind, then a good one is answered."""
    rng = random.Random(28181)
    faults: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    files = sorted((Path(__file__).parent / "torture").glob("*.dat"))
    async with server() as one, SipEndpoint(CLIENT, 0, on_request=answer) as other:
        for number in range(600):
            data = bytearray(files[number % len(files)].read_bytes())
            for _ in range(number // len(files)):
                data[rng.randrange(len(data))] = rng.choice(b'\r\n\0;:<>"@, 0zZ\xff')
            try:
                peer = await other.connect(SERVER, one.port, transport)
                other.send_raw(bytes(data), peer)
            except ConnectionError:
                continue
            await asyncio.sleep(0)
        peer = await other.connect(SERVER, one.port, "udp")
        assert (await other.request(message_to(other, peer), peer)).status == 200
    assert faults == []


async def test_a_request_to_an_address_travels_over_the_connection_that_is_open():
    """A registered TCP device cannot be called back, only over its own connection (quirk 34)."""
    asked: list[IncomingRequest] = []

    def on_request(incoming: IncomingRequest) -> None:
        asked.append(incoming)
        incoming.respond(200)

    device = SipEndpoint(CLIENT, 0, transports=(), on_request=answer, timers=FAST)
    async with server(on_request) as one, device:
        peer = await device.connect(SERVER, one.port, "tcp")
        assert (await device.request(message_to(device, peer), peer)).status == 200
        there = asked[0].peer
        unnumbered = Peer("tcp", there.host, there.port)
        assert (await one.request(message_to(one, unnumbered), unnumbered)).status == 200
        device.disconnect(peer)
        await asyncio.sleep(0.05)
        with pytest.raises(OSError):
            await one.request(message_to(one, there), there)


async def test_whoever_leaves_while_a_connection_is_opened_leaves_nothing_behind():
    faults: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with SipEndpoint(CLIENT, 0, on_request=answer) as other:
        leaving = asyncio.ensure_future(other.connect(SERVER, 9, "tcp"))
        staying = asyncio.ensure_future(other.connect(SERVER, 9, "tcp"))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(OSError):
            await staying
        with pytest.raises(asyncio.CancelledError):
            await leaving
    gc.collect()
    assert faults == []
