"""The visit ``platform:wire``: what the platform's host shows to anybody, and what a user sends.

Every TCP port is tried; what answers is asked in HTTP, HTTPS and SIP, and where TLS answers, every
version and all weak suites are offered one after another.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from targets.errors import VisitProblem
from targets.platform import Session
from targets.platform.surface import (
    Spoken,
    ask,
    certificate,
    http_request,
    scan_ports,
    sip_request,
    tls_versions,
    unverified,
    weak_suites_taken,
)
from visits.circumstances import PlatformAtHand, Visit
from visits.platform.script import PlatformScript, administrator, working
from visits.wire import PCAP, NotPermittedError, WireScope
from visits.wire_sniffer import Sniffer

#: Where an interface or pages may be found besides the root.
_PATHS = ("/", "/api/status", "/index.html")
_EVENTS = "/api/events"


async def record_wire(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: there is no platform; ``visit.not-offered`` without an address;
            ``visit.unreachable`` when no port of its host is open.
    """
    at_hand = visit.platform
    target = at_hand.target
    if not target.host:
        raise VisitProblem("visit.not-offered", what="uri")
    visit.facts["platform"] = {"adapter": target.access.adapter, "host": target.host}
    visit.facts["declared"] = {
        "port": target.port,
        "device_ports": list(target.access.device_ports),
    }
    wanted = {target.port, *target.access.device_ports, *visit.lengths.platform_ports}
    visit.facts["scanned"] = {"ports": len(wanted), "first": min(wanted), "last": max(wanted)}
    found = await scan_ports(target.host, sorted(wanted))
    visit.facts["open"] = found
    if not found:
        raise VisitProblem("visit.unreachable", detail=f"{target.host}: no port is open")
    ports = await asyncio.gather(*(_port(at_hand, port) for port in found))
    visit.facts["ports"] = ports
    plain = [one["port"] for one in ports if one["http"]]
    visit.facts["session"] = await _session(visit, plain)
    if at_hand.interface:
        await _captured(visit, at_hand)


async def _port(at_hand: PlatformAtHand, port: int) -> dict[str, Any]:
    """What answers at one port."""
    host = at_hand.target.host
    found: dict[str, Any] = {"port": port, "http": [], "https": [], "sip": False}
    if port in at_hand.target.access.device_ports:
        return found | {"declared": "devices"}
    versions = await tls_versions(host, port)
    if any(versions.values()):
        anyone = unverified()
        found |= {
            "versions": versions,
            "weak": await weak_suites_taken(host, port),
            "certificate": await certificate(host, port, at_hand.target.tls_context()),
        }
        for path, answer in await _answers(host, port, anyone):
            if answer.protocol == "HTTP":
                found["https"].append({"path": path, "status": answer.status})
        if not found["https"]:
            answer = await ask(host, port, sip_request(host, port), tls=anyone)
            found["sip"] = answer.protocol == "SIP"
        return found
    for path, answer in await _answers(host, port, None):
        if answer.protocol == "HTTP":
            leads = urlsplit(answer.location).scheme if answer.location else ""
            found["http"].append({"path": path, "status": answer.status, "leads_to": leads})
    if not found["http"]:
        answer = await ask(host, port, sip_request(host, port))
        found["sip"] = answer.protocol == "SIP"
    return found


async def _answers(host: str, port: int, tls: ssl.SSLContext | None) -> list[tuple[str, Spoken]]:
    """What each path of interest is answered with."""
    answers = await asyncio.gather(
        *(ask(host, port, http_request(host, path), tls=tls) for path in _PATHS)
    )
    return list(zip(_PATHS, answers, strict=True))


async def _session(visit: Visit, plain: list[int]) -> dict[str, Any]:
    """Addresses that a session is given, and what a plain port makes of a session's token."""
    port = visit.platform.open()
    facts: dict[str, Any] = {"logged_in": False, "media": [], "websocket": []}
    try:
        if not port.has_interface:
            return facts
        with contextlib.suppress(VisitProblem):
            admin = await administrator(visit, port)
            facts["logged_in"] = True
            for channel in (await port.list(admin, "channels")).items[:1]:
                given = await port.ticket(admin, "live", str(channel.get("id")))
                scheme = urlsplit(str(given.fields.get("url", ""))).scheme
                facts["media"].append({"state": given.state, "scheme": scheme})
            await port.log_out(admin)
    finally:
        await port.close()
    if plain and visit.circumstances.intrusive:
        # The token that goes over the plain port is of an account made for this and removed.
        with contextlib.suppress(VisitProblem):
            async with working(visit) as script:
                facts["websocket"] = await _websockets(script, plain)
    return facts


async def _websockets(script: PlatformScript, plain: list[int]) -> list[dict[str, Any]]:
    account = await script.account("passing", {})
    session: Session | None = None
    if account is not None:
        session, _ = await script.log_in(account, of="passing")
    if session is None:
        return []
    host = script.visit.platform.target.host
    request = http_request(host, _EVENTS, upgrade=True, token=session.token.reveal())
    return [{"port": port, "status": (await ask(host, port, request)).status} for port in plain]


async def _captured(visit: Visit, at_hand: PlatformAtHand) -> None:
    """A user's session with a picture, as a bystander at the interface sees it."""
    host = at_hand.target.host
    try:
        own = await asyncio.to_thread(_own_address, host, at_hand.target.port)
        address = await asyncio.to_thread(socket.gethostbyname, host)
    except OSError:
        return
    scope = WireScope(camera=address, platform=(own,))
    facts = {**scope.facts(), "where": at_hand.interface, "seconds": visit.lengths.platform_stream}
    try:
        async with Sniffer(at_hand.interface).capturing(scope) as result:
            await _watch(visit)
    except (NotPermittedError, OSError) as fault:
        visit.facts["capture"] = {**facts, "problem": type(fault).__name__}
        return
    captured = result()
    visit.facts["capture"] = {**facts, "dropped": captured.dropped}
    visit.draft.keep("capture.pcap", captured.content, PCAP)


def _own_address(host: str, port: int) -> str:
    """From which address this machine speaks to ``host``."""
    with socket.create_connection((host, port), timeout=5.0) as connection:
        return str(connection.getsockname()[0])


async def _watch(visit: Visit) -> None:
    """Log in, look around, watch a picture, log out."""
    port = visit.platform.open()
    try:
        with contextlib.suppress(VisitProblem):
            session = await administrator(visit, port)
            for channel in (await port.list(session, "channels")).items[:1]:
                async with port.live(session, str(channel.get("id"))):
                    await asyncio.sleep(visit.lengths.platform_stream)
            await port.log_out(session)
    finally:
        await port.close()
