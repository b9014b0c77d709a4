"""A small platform for the tests: registrar, queries, sessions, made of the SIP endpoint."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from protocols.http_digest import digest_response, parse_authorization
from protocols.sip.dates import format_gb_date
from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint
from simulators import certificates
from simulators.camera.clock import configure as configure_clock
from simulators.camera.gb28181 import markup
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.markup import e
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState
from tests.loopback import fresh_addresses

SERVER = "61010000002000000001"
DEVICE = "61010000001320000001"
PASSWORD = "Tantou-2026-sip"
_REGISTRARS, _DEVICES = fresh_addresses("127.64"), fresh_addresses("127.67")


class Registrar:
    """The platform: keeps what came, answers as it is set."""

    def __init__(self, address: str, **more: Any) -> None:
        self.endpoint = SipEndpoint(address, 0, on_request=self._on_request, **more)
        self.requests: list[IncomingRequest] = []
        self.orders: list[markup.Order] = []
        self.granted = 3600
        self.date_shift = 0.0
        self.refuse: int | None = None
        self.stale_once = False
        self.keepalive_status: int | None = 200
        self.message_status = 200
        self.peer: Peer | None = None
        self.changed = asyncio.Event()
        self.correct: list[bool] = []
        self._sn = 0
        self.now: Any = time.time
        self.invited: list[IncomingRequest] = []
        self.challenge = 'Digest realm="6101000000", nonce="{}", algorithm=MD5'
        self.trying = False

    def _on_request(self, incoming: IncomingRequest) -> None:
        request = incoming.request
        self.requests.append(incoming)
        if request.method == "REGISTER":
            self._register(incoming)
        elif request.method == "MESSAGE":
            order = markup.read(request.body)
            if order.command == "Keepalive":
                if self.keepalive_status is not None:
                    incoming.respond(self.keepalive_status)
            elif self.message_status:
                incoming.respond(self.message_status)
            self.orders.append(order)
        elif request.method == "NOTIFY":
            self.orders.append(markup.read(request.body))
            incoming.respond(200)
        elif request.method == "INVITE":
            self.invited.append(incoming)
        elif request.method != "ACK":
            incoming.respond(200)
        self.changed.set()

    def _register(self, incoming: IncomingRequest) -> None:
        request = incoming.request
        given = request.headers.get("Authorization")
        challenge = self.challenge
        if self.trying:
            incoming.respond(100)
        if self.refuse is not None:
            incoming.respond(self.refuse)
        elif given is None:
            header = challenge.format("first")
            incoming.respond(401, headers=[("WWW-Authenticate", header)])
        elif self.stale_once:
            self.stale_once = False
            header = challenge.format("second") + ", stale=true"
            incoming.respond(401, headers=[("WWW-Authenticate", header)])
        else:
            one = parse_authorization(given)
            right = (
                one.realm == "6101000000"
                and digest_response(one, PASSWORD, "REGISTER") == one.response
            )
            self.correct.append(right)
            if not right:
                incoming.respond(401, headers=[("WWW-Authenticate", challenge.format("x"))])
                return
            self.peer = incoming.peer
            date = format_gb_date(self.now() + self.date_shift)
            granted = 0 if request.headers.get("Expires") == "0" else self.granted
            incoming.respond(200, headers=[("Expires", str(granted)), ("Date", date)])

    async def until(self, ready: Any, seconds: float = 5.0) -> Any:
        """Wait until ``ready()`` is true; its value."""
        async with asyncio.timeout(seconds):
            while not (found := ready()):
                self.changed.clear()
                await self.changed.wait()
            return found

    def count(self, method: str) -> int:
        return len({_key(one) for one in self.requests if one.request.method == method})

    def of(self, command: str) -> list[markup.Order]:
        return [one for one in self.orders if one.command == command]

    async def tell(self, kind: str, command: str, device: str = DEVICE, *fields: Any) -> str:
        """Send a MESSAGE to the device; the SN."""
        self._sn += 1
        sn = str(self._sn)
        body = markup.write(kind, command, sn, device, list(fields), markup.Writing())
        answer = await self.send("MESSAGE", device, body)
        assert answer.status == 200, answer.status
        return sn

    async def send(self, method: str, device: str, body: bytes, **more: Any) -> Any:
        assert self.peer is not None
        request = self.endpoint.new_request(
            method,
            f"sip:{device}@{self.peer.host}:{self.peer.port}",
            from_=f"<sip:{SERVER}@6101000000>",
            to=f"<sip:{device}@6101000000>",
            contact=f"<sip:{SERVER}@{self.endpoint.address}:{self.endpoint.port}>",
            content_type=markup.CONTENT_TYPE,
            body=body,
            **more,
        )
        return await self.endpoint.request(request, self.peer, timeout=5.0)

    async def ask(self, command: str, device: str = DEVICE, *fields: Any) -> markup.Order:
        """Query and wait for the first answer."""
        sn = await self.tell("Query", command, device, *fields)
        found: list[markup.Order] = await self.until(
            lambda: [one for one in self.of(command) if one.sn == sn and one.kind == "Response"]
        )
        return found[0]


def _key(one: IncomingRequest) -> tuple[str, str]:
    return one.request.headers.get("Call-ID") or "", one.request.headers.get("CSeq") or ""


@asynccontextmanager
async def registered(
    *behaviours: str, wait: bool = True, tls: bool = False, **settings: Any
) -> AsyncIterator[tuple[Registrar, GbDevice]]:
    """A device and the platform that it is registered with."""
    address = next(_REGISTRARS)
    more: dict[str, Any] = {}
    if tls:
        more = {"server_tls": certificates.server_context(address), "tls_port": 0}
    registrar = Registrar(address, **more)
    await registrar.endpoint.start()
    state = CameraState(next(_DEVICES), DEVICE)
    state.behaviours |= set(behaviours)
    configure_clock(state)
    registrar.now = state.clock.reference.now  # type: ignore[attr-defined]
    plan = {
        "server_address": registrar.endpoint.address,
        "server_port": registrar.endpoint.tls_port if tls else registrar.endpoint.port,
        "server_id": SERVER,
        "device_id": DEVICE,
        "password": PASSWORD,
        "keepalive_s": 0.3,
        "retry_s": 0.3,
        "local_port": 0,
        **settings,
    }
    device = GbDevice(state, GbSettings.from_plan(plan, DEVICE))
    await device.start()
    try:
        if wait:
            await registrar.until(lambda: registrar.peer)
        yield registrar, device
    finally:
        await device.stop()
        await registrar.endpoint.stop()


def field(sdp: bytes, pattern: str) -> str:
    """What ``pattern`` finds in a session description."""
    found = re.search(pattern, sdp.decode("gb18030", "replace"))
    assert found, pattern
    return found[1]


__all__ = ["DEVICE", "PASSWORD", "SERVER", "Registrar", "e", "field", "registered"]
