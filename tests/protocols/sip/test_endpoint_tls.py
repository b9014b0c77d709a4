"""TLS on real sockets: both directions of one connection, refusals, handshakes never made."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from protocols.sip.endpoint import IncomingRequest, Limits, Peer, SipEndpoint
from simulators import certificates
from tests.protocols.sip.test_endpoint import message_to
from tests.protocols.sip.test_endpoint_bounds import CLIENT, FAST, SERVER, Raw, answer, server


async def test_tls_both_ways_over_one_connection():
    asked: list[IncomingRequest] = []
    told: list[tuple[str, bool]] = []
    gone = asyncio.Event()

    def on_connection(peer: Peer, opened: bool) -> None:
        told.append((peer.transport, opened))
        if not opened:
            gone.set()

    def on_request(incoming: IncomingRequest) -> None:
        asked.append(incoming)
        incoming.respond(200)

    trusting = ssl.create_default_context(cafile=str(certificates.authority_file()))
    contexts: list[str] = []

    def context(remote: tuple[str, int]) -> ssl.SSLContext:
        contexts.append(remote[0])
        return certificates.server_context(SERVER)

    async with (
        server(
            on_request, transports=(), tls_port=0, server_tls=context, on_connection=on_connection
        ) as one,
        SipEndpoint(
            CLIENT, 0, transports=(), on_request=answer, timers=FAST, client_tls=trusting
        ) as other,
    ):
        peer = await other.connect(SERVER, one.tls_port, "tls")
        assert (await other.request(message_to(other, peer), peer)).status == 200
        assert contexts == [CLIENT]
        assert one.security(asked[0].peer) == other.security(peer)
        assert other.security(peer)[0].startswith("TLSv1.")
        assert other.security(Peer("udp", SERVER, 1)) is None
        assert asked[0].peer.transport == "tls"
        via = asked[0].request.headers.get("Via")
        assert via.startswith("SIP/2.0/TLS 127.61.3.2:")
        assert (await one.request(message_to(one, asked[0].peer), asked[0].peer)).status == 200
        other.disconnect(peer)
        await asyncio.wait_for(gone.wait(), 3)
    assert told == [("tls", True), ("tls", False)]


async def test_a_client_that_left_connects_anew_while_the_server_owes_its_farewell():
    """What was asked over the old connection fails when that one is gone, not by its timer."""
    held: list[asyncio.StreamWriter] = []

    def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        held.append(writer)

    trusting = ssl.create_default_context(cafile=str(certificates.authority_file()))
    told: list[tuple[int, bool]] = []
    deaf = await asyncio.start_server(hold, SERVER, 0, ssl=certificates.server_context(SERVER))
    port = deaf.sockets[0].getsockname()[1]
    async with SipEndpoint(
        CLIENT,
        0,
        transports=(),
        on_request=answer,
        client_tls=trusting,
        on_connection=lambda peer, opened: told.append((peer.connection, opened)),
    ) as one:
        first = await one.connect(SERVER, port, "tls")
        asked = asyncio.create_task(one.request(message_to(one, first), first))
        await asyncio.sleep(0)
        one.disconnect(first)
        second = await one.connect(SERVER, port, "tls")
        assert second.connection != first.connection
        assert not asked.done()
        held[0].transport.abort()
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(3):
                await asked
        assert told == [
            (first.connection, True),
            (second.connection, True),
            (first.connection, False),
        ]
        assert (await one.connect(SERVER, port, "tls")) == second
        held[1].transport.abort()
    deaf.close()
    await deaf.wait_closed()


async def test_an_untrusted_server_is_an_os_error():
    context = certificates.server_context(SERVER)
    async with (
        server(transports=(), tls_port=0, server_tls=context) as one,
        SipEndpoint(CLIENT, 0, transports=(), on_request=answer) as other,
    ):
        with pytest.raises(OSError):
            await other.connect(SERVER, one.tls_port, "tls")


async def test_a_tls_handshake_that_never_comes_is_dropped_and_stopped():
    context = certificates.server_context(SERVER)
    limits = Limits(first_message_s=0.1)
    more = {"transports": (), "tls_port": 0, "server_tls": context}
    async with server(limits=limits, **more) as one, Raw(one.tls_port) as silent:
        assert await silent.closed()
    async with server(**more) as one, Raw(one.tls_port) as silent:
        silent.writer.write(b"\x16\x03\x01")
        await silent.writer.drain()
        await one.stop()
        assert await silent.closed()


async def test_a_tls_context_that_cannot_be_made_refuses_the_connection():
    def context(_: tuple[str, int]) -> ssl.SSLContext:
        raise KeyError("no certificate")

    async with (
        server(transports=(), tls_port=0, server_tls=context) as one,
        Raw(one.tls_port) as refused,
    ):
        assert await refused.closed()


async def test_a_request_in_one_packet_with_the_end_of_the_handshake_is_answered_encrypted():
    context = certificates.server_context(SERVER)
    async with server(answer, transports=(), tls_port=0, server_tls=context) as one:
        told = await asyncio.to_thread(_hasty_client, one.tls_port)
    assert told.startswith(b"SIP/2.0 200 OK")


def _hasty_client(port: int) -> bytes:
    """Finish the handshake and ask, both in one packet; the answer, decrypted."""
    context = ssl.create_default_context(cafile=certificates.authority_file())
    came, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(came, out, server_hostname=SERVER)
    with socket.create_connection((SERVER, port), timeout=5) as raw:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(out.read())
                came.write(raw.recv(65_536))
        tls.write(
            b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKhasty\r\n"
            b"From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: hasty\r\nCSeq: 1 OPTIONS\r\n"
            b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        raw.sendall(out.read())
        while True:
            came.write(raw.recv(65_536))
            try:
                return tls.read(65_536)
            except ssl.SSLWantReadError:
                continue
