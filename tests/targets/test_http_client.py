from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest
from aiohttp import web

from protocols.http_digest import DigestGuard
from protocols.time_source import SystemTime
from targets.camera import CameraOptions
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.http_client import HttpClient
from tests.targets.servers import (
    ADDRESS,
    Handler,
    http_answer,
    read_request,
    tcp_server,
    write_certificate,
)

QUICK = CameraOptions(connect_seconds=0.5, answer_seconds=0.5)
#: Where an answer comes: a busy machine may take its time.
PATIENT = CameraOptions(connect_seconds=10, answer_seconds=10)


def client(options: CameraOptions = PATIENT, password: str | None = None) -> HttpClient:
    secret = None if password is None else Secret(password)
    return HttpClient(
        ADDRESS, options=options, time_source=SystemTime(), user="admin", secret=secret
    )


async def code_of(work: Awaitable[object]) -> str:
    with pytest.raises(VisitProblem) as caught:
        await work
    return caught.value.reason.code


def always(content: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(content)

    return handle


async def get(handler: Handler, patience: CameraOptions = PATIENT, **options: int) -> object:
    async with tcp_server(handler) as port:
        one = client(patience)
        try:
            return await one.request("GET", f"http://{ADDRESS}:{port}/x", **options)  # type: ignore[arg-type]
        finally:
            one.close()


async def test_an_independent_server_is_understood() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        if request.path == "/chunked":
            response = web.StreamResponse()
            response.enable_chunked_encoding()
            await response.prepare(request)
            for _ in range(3):
                await response.write(b"part ")
            return response
        return web.Response(body=await request.read(), headers={"X-Asked": request.method})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, ADDRESS, 0)
    await site.start()
    port = runner.addresses[0][1]
    one = client()
    try:
        before = time.time()
        echoed = await one.request("POST", f"http://{ADDRESS}:{port}/a?b=c", body=b"hello")
        assert echoed.response.body == b"hello"
        assert before <= echoed.sent <= echoed.received <= time.time()
        assert 0 < echoed.received_mono - echoed.sent_mono < 0.5
        chunked = await one.request("GET", f"http://{ADDRESS}:{port}/chunked")
        assert chunked.response.body == b"part part part "
        head = await one.request("HEAD", f"http://{ADDRESS}:{port}/")
        assert head.response.body == b""
        assert head.response.header("x-asked") == "HEAD"
    finally:
        one.close()
        await runner.cleanup()


async def test_the_connection_is_kept_and_renewed_when_the_device_dropped_it() -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await read_request(reader)
            writer.write(http_answer(b"ok"))

    async with tcp_server(handle) as port:
        one = client()
        for _ in range(4):
            exchange = await one.request("GET", f"http://{ADDRESS}:{port}/")
            assert exchange.response.body == b"ok"
        assert connections == 2
        one.close()


async def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    assert await code_of(client().request("GET", f"http://{ADDRESS}:{port}/")) == "visit.refused"


async def test_the_name_does_not_resolve() -> None:
    one = HttpClient("camera.invalid", options=QUICK, time_source=SystemTime())
    code = await code_of(one.request("GET", "http://camera.invalid/"))
    assert code in ("visit.unresolvable", "visit.timeout")


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["stalls", "drips"])
async def test_a_device_that_stalls_or_drips_is_left_in_time(drip: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(drip)
        while drip:
            writer.write(b"y")
            await asyncio.sleep(0.05)
        await reader.read()
        await reader.read()

    started = time.monotonic()
    with pytest.raises(VisitProblem) as caught:
        await get(handle, QUICK)
    assert caught.value.reason.code == "visit.timeout"
    assert caught.value.reason.parameters == {"seconds": 0.5, "waiting_for": "http"}
    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"garbage\r\n\r\n", "visit.malformed"),
        (b"SSH-2.0-dropbear\r\n", "visit.malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "visit.malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", "visit.too-much"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"<a>" * 400_000, "visit.too-much"),
        (http_answer(b"", "302 Found", "Location: http://192.0.2.7/"), "visit.malformed"),
        (http_answer(b"", "302 Found", "Location: file:///etc"), "visit.malformed"),
        (http_answer(b"", "302 Found", "Location: http://[broken/"), "visit.malformed"),
        (http_answer(b"", "302 Found", "Location: /again"), "visit.malformed"),
    ],
    ids=lambda one: repr(one)[2:40],
)
async def test_wrong_answers_become_problems(answer: bytes, code: str) -> None:
    assert await code_of(get(always(answer))) == code


async def test_an_announced_length_that_never_comes() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    assert await code_of(get(handle)) == "visit.malformed"


async def test_a_connection_closed_at_once() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    assert await code_of(get(handle)) == "visit.unreachable"


async def test_a_redirection_on_the_same_host_is_followed() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, _, _ = await read_request(reader)
            moved = http_answer(b"", "301 Moved", "Location: /there")
            writer.write(http_answer(b"found") if "/there" in line else moved)

    exchange = await get(handle)
    assert exchange.response.body == b"found"  # type: ignore[attr-defined]


@pytest.mark.parametrize("expired", [False, True])
async def test_a_certificate_that_is_not_trusted(tmp_path: Path, expired: bool) -> None:
    pem = write_certificate(tmp_path, expired=expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    trusting = CameraOptions(connect_seconds=10, answer_seconds=10, ca_file=pem)
    careless = CameraOptions(connect_seconds=10, answer_seconds=10, verify_tls=False)
    async with tcp_server(always(http_answer(b"ok")), tls=context) as port:
        url = f"https://{ADDRESS}:{port}/"
        one = client(careless)
        assert (await one.request("GET", url)).response.body == b"ok"
        one.close()
        with pytest.raises(VisitProblem) as caught:
            await client(trusting if expired else PATIENT).request("GET", url)
        assert caught.value.reason.code == "visit.certificate"
        said = "expired" if expired else "self-signed"
        assert said in caught.value.reason.parameters["detail"]
        if not expired:
            two = client(trusting)
            assert (await two.request("GET", url)).response.body == b"ok"
            two.close()


class DigestDevice:
    """A device that wants digest and counts how often a password was presented."""

    def __init__(self, password: str, algorithms: tuple[str, ...] = ("MD5",)) -> None:
        self.guard = DigestGuard("camera", algorithms, nonce_seconds=1000)
        self.password = password
        self.now = 0.0
        self.presented = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, headers, _ = await read_request(reader)
            verdict = "refused"
            if "authorization" in headers:
                self.presented += 1
                verdict = self.guard.verify(
                    headers["authorization"], line.split()[0], self.password, self.now
                )
            fields = [
                f"WWW-Authenticate: {one.build()}"
                for one in self.guard.challenges(self.now, stale=verdict == "stale")
            ]
            refusal = http_answer(b"", "401 Unauthorized", *fields)
            writer.write(http_answer(b"in") if verdict == "ok" else refusal)


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256", "MD5")])
async def test_digest_login_and_a_renewed_nonce(algorithms: tuple[str, ...]) -> None:
    device = DigestDevice("right", algorithms)
    async with tcp_server(device) as port:
        one = client(password="right")
        for _ in range(2):
            exchange = await one.request("GET", f"http://{ADDRESS}:{port}/a?b=1")
            assert exchange.response.body == b"in"
        assert one.logged_in
        assert device.presented == 2
        device.now += 5000
        exchange = await one.request("GET", f"http://{ADDRESS}:{port}/a?b=1")
        assert exchange.response.body == b"in"
        one.close()


async def test_a_wrong_password_is_presented_once_for_the_clients_life() -> None:
    device = DigestDevice("right")
    async with tcp_server(device) as port:
        one = client(password="wrong-word")
        for _ in range(3):
            with pytest.raises(VisitProblem) as caught:
                await one.request("GET", f"http://{ADDRESS}:{port}/")
            assert caught.value.reason.code == "visit.unauthorised"
            assert "wrong-word" not in repr(caught.value)
        assert device.presented == 1
        assert not one.logged_in
        one.close()


async def test_basic_is_answered_only_where_nobody_can_listen() -> None:
    seen: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, headers, _ = await read_request(reader)
            seen.append(headers.get("authorization", ""))
            writer.write(http_answer(b"", "401 No", 'WWW-Authenticate: Basic realm="x"'))

    async with tcp_server(handle) as port:
        one = client(password="right")
        exchange = await one.request("GET", f"http://{ADDRESS}:{port}/")
        assert exchange.response.status == 401
        one.close()
    assert seen == [""]


async def test_bytes_nobody_asked_for_end_the_connection() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(http_answer(b"ok") + b"HTTP/1.1 200 OK\r\n\r\nsmuggled")
        await reader.read()

    async with tcp_server(handle) as port:
        one = client()
        for _ in range(2):
            exchange = await one.request("GET", f"http://{ADDRESS}:{port}/")
            assert exchange.response.body == b"ok"
        one.close()


async def test_an_address_with_a_line_break_is_no_second_request() -> None:
    seen: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _, _ = await read_request(reader)
        seen.append(line)
        writer.write(http_answer(b"ok"))

    async with tcp_server(handle) as port:
        one = client()
        await one.request("GET", f"http://{ADDRESS}:{port}/a b\r\nX: y")
        one.close()
    assert len(seen) == 1
    assert " y" not in seen[0]
