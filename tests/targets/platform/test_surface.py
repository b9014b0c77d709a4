"""What a host shows to anybody, seen at real sockets and against OpenSSL as the other reader."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from protocols.tls_hello import TLS_1_0, TLS_1_2, TLS_1_3, client_hello
from protocols.tls_records import parse_client_hello, read_records
from simulators import certificates
from targets.platform.surface import (
    ask,
    certificate,
    http_request,
    scan_ports,
    tls_versions,
    unverified,
    weak_suites_taken,
)

HOST = "127.0.0.1"
REDIRECT = b"HTTP/1.1 308 Permanent Redirect\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def serving(
    answer: bytes = REDIRECT, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A server that answers every request with ``answer``; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def context(change: Callable[[ssl.SSLContext], None] = lambda _: None) -> ssl.SSLContext:
    """A server's context with a change; no other test shares it."""
    certificates.server_context(HOST)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificates.authority_file().with_name(f"{HOST}-sound.pem"))
    change(made)
    return made


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_2, TLS_1_3])
def test_a_hello_reads_back(version: int) -> None:
    record = client_hello(version, [0xC02B, 0x1301], "platform.example")
    (read,) = read_records(record)
    hello = parse_client_hello(read.fragment[4:])
    assert hello.suites == (0xC02B, 0x1301)
    assert hello.server_name == "platform.example"
    assert hello.versions == (version,)


async def test_open_ports_are_found_and_no_others() -> None:
    async with serving() as one, serving() as other:
        closed = await closed_port()
        assert await scan_ports(HOST, [one, other, closed]) == sorted([one, other])


async def closed_port() -> int:
    server = await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_a_redirect_is_read_with_where_it_leads() -> None:
    async with serving() as port:
        answer = await ask(HOST, port, http_request(HOST))
    assert (answer.protocol, answer.status, answer.location) == ("HTTP", 308, "https://x/")


async def test_what_is_no_http_is_told_apart() -> None:
    async with serving(b"SSH-2.0-x\r\n\r\n") as port:
        assert (await ask(HOST, port, http_request(HOST))).protocol == ""
    assert (await ask(HOST, await closed_port(), b"x")).status == 0


async def test_versions_and_suites_of_a_sound_server() -> None:
    sound = context(lambda made: setattr(made, "minimum_version", ssl.TLSVersion.TLSv1_2))
    async with serving(tls=sound) as port:
        assert await tls_versions(HOST, port) == {
            "TLS 1.0": False, "TLS 1.1": False, "TLS 1.2": True, "TLS 1.3": True,
        }  # fmt: skip
        assert await weak_suites_taken(HOST, port) == []
        answer = await ask(HOST, port, http_request(HOST), tls=unverified())
        assert answer.status == 308


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.*deprecated:DeprecationWarning")
async def test_old_versions_and_weak_suites_are_found() -> None:
    def weaken(made: ssl.SSLContext) -> None:
        made.set_ciphers("ALL:eNULL:@SECLEVEL=0")
        made.minimum_version = ssl.TLSVersion.TLSv1

    async with serving(tls=context(weaken)) as port:
        versions = await tls_versions(HOST, port)
        taken = await weak_suites_taken(HOST, port)
    assert versions["TLS 1.0"]
    assert {"null", "anonymous"} <= {one["weakness"] for one in taken}


async def test_a_certificate_is_judged_by_the_declared_authority() -> None:
    trusting = ssl.create_default_context(cafile=str(certificates.authority_file()))
    async with serving(tls=context()) as port:
        assert (await certificate(HOST, port, trusting))["valid"] is True
        unknown = await certificate(HOST, port, ssl.create_default_context())
    assert (unknown["valid"], unknown["why"]) == (False, "unknown-authority")
    for defect, why in (("expired", "expired"), ("wrong-host", "wrong-host")):
        async with serving(tls=certificates.server_context(HOST, defect=defect)) as port:
            assert (await certificate(HOST, port, trusting))["why"] == why
