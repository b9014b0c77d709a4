"""What a host shows to anybody: open ports, what answers there, and which TLS it takes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.errors import ProtocolError
from protocols.tls_hello import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, client_hello
from protocols.tls_records import ServerHello, read_handshake, read_records, version_name
from protocols.tls_suites import suite_name, suite_weakness, weak_suites

_AT_ONCE, _CONNECT_SECONDS, _ANSWER_SECONDS = 100, 2.0, 8.0
_MAXIMUM_ANSWER = 16_384
#: What each version is offered with: suites of that time that are sound where any are.
_SUITES: dict[int, Sequence[int]] = {
    TLS_1_0: (0xC009, 0xC00A, 0xC013, 0xC014, 0x002F, 0x0035, 0x000A),
    TLS_1_1: (0xC009, 0xC00A, 0xC013, 0xC014, 0x002F, 0x0035, 0x000A),
    TLS_1_2: (0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA9, 0xCCA8, 0xC023, 0xC027, 0x009C, 0x003C),
    TLS_1_3: (0x1301, 0x1302, 0x1303),
}
_MOST_WEAK = 12


@dataclass(frozen=True)
class Spoken:
    """What a port answered to one request.

    Attributes:
        status: of HTTP or SIP, 0 without an answer of either.
        protocol: ``HTTP``, ``SIP`` or "".
        location: where it leads, "".
        octets: bytes of the whole answer, up to the bound.
    """

    status: int = 0
    protocol: str = ""
    location: str = ""
    octets: int = 0


async def scan_ports(host: str, ports: Iterable[int]) -> list[int]:
    """The TCP ports that accept a connection."""
    gate = asyncio.Semaphore(_AT_ONCE)
    found: list[int] = []

    async def one(port: int) -> None:
        async with gate:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    _, writer = await asyncio.open_connection(host, port)
                found.append(port)
                writer.transport.abort()

    pending: set[asyncio.Task[None]] = set()
    for port in ports:
        pending.add(asyncio.create_task(one(port)))
        if len(pending) >= 2 * _AT_ONCE:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    if pending:
        await asyncio.wait(pending)
    return sorted(found)


async def ask(host: str, port: int, request: bytes, *, tls: ssl.SSLContext | None = None) -> Spoken:
    """Send ``request`` and read the head of what comes; nothing when nothing comes."""
    content = await _exchange(host, port, request, tls)
    head, _, _ = content.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    first = lines[0].split(" ", 2)
    protocol = first[0].partition("/")[0].upper() if "/" in first[0] else ""
    if protocol not in ("HTTP", "SIP") or len(first) < 2 or not first[1].isdigit():
        return Spoken(octets=len(content))
    fields = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
    location = next(
        (value.strip() for name, value in fields.items() if name.lower() == "location"), ""
    )
    return Spoken(int(first[1]), protocol, location[:200], len(content))


async def _exchange(host: str, port: int, request: bytes, tls: ssl.SSLContext | None) -> bytes:
    content = bytearray()
    with contextlib.suppress(OSError, TimeoutError, ssl.SSLError, asyncio.IncompleteReadError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=tls, server_hostname=host if tls is not None else None
            )
            try:
                writer.write(request)
                await writer.drain()
                while len(content) < _MAXIMUM_ANSWER:
                    chunk = await reader.read(4096)
                    if not chunk:
                        break
                    content += chunk
                    if b"\r\n\r\n" in content:
                        break
            finally:
                writer.transport.abort()
    return bytes(content)


def http_request(host: str, path: str = "/", *, upgrade: bool = False, token: str = "") -> bytes:
    """A GET of ``path``; with ``upgrade`` one that asks for a WebSocket."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: */*"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if upgrade:
        lines += [
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGFudG91LWFjY2VwdGVkIQ==",
        ]
    else:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def sip_request(host: str, port: int) -> bytes:
    """An OPTIONS by which a SIP server gives itself away."""
    return (
        f"OPTIONS sip:{host}:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/TCP {host};branch=z9hG4bKtantou\r\n"
        "From: <sip:tantou@invalid>;tag=1\r\n"
        f"To: <sip:{host}>\r\n"
        "Call-ID: tantou\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def unverified() -> ssl.SSLContext:
    """A client that takes any certificate, to look at what stands behind it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def certificate(host: str, port: int, trusting: ssl.SSLContext) -> dict[str, Any]:
    """Whether the certificate is the one that ``trusting`` expects, and why not."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(
                host, port, ssl=trusting, server_hostname=host
            )
    except ssl.SSLCertVerificationError as fault:
        return {"valid": False, "why": _WHY.get(fault.verify_code, "other"),
                "detail": str(fault.verify_message)[:200]}  # fmt: skip
    except (OSError, TimeoutError) as fault:
        return {"valid": None, "why": "no-handshake", "detail": type(fault).__name__}
    found = writer.get_extra_info("peercert") or {}
    writer.transport.abort()
    return {"valid": True, "why": "", "not_after": str(found.get("notAfter", ""))}


#: X509_V_ERR_* of OpenSSL, by what they mean for a user.
_WHY = {
    9: "not-yet-valid", 10: "expired", 18: "self-signed", 19: "unknown-authority",
    20: "unknown-authority", 21: "unknown-authority", 62: "wrong-host", 64: "wrong-host",
}  # fmt: skip


async def tls_versions(host: str, port: int) -> dict[str, bool]:
    """Which versions the server takes, each offered alone."""
    chosen = await asyncio.gather(
        *(_offered(host, port, version, suites) for version, suites in _SUITES.items())
    )
    return {
        version_name(version): found is not None and found.version == version
        for version, found in zip(_SUITES, chosen, strict=True)
    }


async def weak_suites_taken(host: str, port: int) -> list[dict[str, str]]:
    """The weak suites that the server takes when it is offered nothing else."""
    left, taken = list(weak_suites()), []
    for _ in range(_MOST_WEAK):
        chosen = await _offered(host, port, TLS_1_2, left)
        if chosen is None or chosen.suite not in left:
            break
        left.remove(chosen.suite)
        taken.append(
            {"name": suite_name(chosen.suite), "weakness": str(suite_weakness(chosen.suite))}
        )
    return taken


async def _offered(host: str, port: int, version: int, suites: Sequence[int]) -> ServerHello | None:
    """What the server chooses of an offer, ``None`` when it refuses all."""
    content = bytearray()
    name = "" if host.replace(".", "").isdigit() or ":" in host else host
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(client_hello(version, suites, name))
                while len(content) < _MAXIMUM_ANSWER:
                    chunk = await reader.read(4096)
                    content += chunk
                    found = _server_hello(content)
                    if found is not None or not chunk:
                        return found
            finally:
                writer.transport.abort()
    return _server_hello(content)


def _server_hello(content: bytearray) -> ServerHello | None:
    try:
        return read_handshake((), read_records(content)).server
    except ProtocolError:
        return None
