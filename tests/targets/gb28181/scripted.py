"""A small device for tests: registers, keeps alive, and answers as a test tells it to."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from protocols.gb28181.manscdp import CONTENT_TYPE, Manscdp, build_manscdp, parse_manscdp
from protocols.sip.authentication import authorise
from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint
from protocols.sip.message import SipResponse
from targets.credentials import Secret
from targets.gb28181 import ServerSettings, UpperPlatform

SERVER = "34020000002000000001"
DEVICE = "34020000001320000001"
PASSWORD = "Tantou-2026-sim"
PLATFORM_ADDRESS, DEVICE_ADDRESS = "127.65.0.1", "127.65.0.2"


@dataclass
class ScriptedDevice:
    """What it does is in its methods; what it does not do, a test does with ``endpoint``."""

    platform: Peer
    password: str = PASSWORD
    identifier: str = DEVICE
    address: str = DEVICE_ADDRESS
    endpoint: SipEndpoint = field(init=False)
    asked: list[Manscdp] = field(default_factory=list)
    answer: Callable[[Manscdp], list[bytes]] = lambda _: []
    on_request: Callable[[IncomingRequest], None] | None = None
    _sequence: int = 0

    def __post_init__(self) -> None:
        transports = ("udp",) if self.platform.transport == "udp" else ("tcp",)
        self.endpoint = SipEndpoint(
            self.address, 0, transports=transports, on_request=self._requested, seed=1
        )

    @property
    def _own(self) -> str:
        return f"<sip:{self.identifier}@{SERVER[:10]}>"

    def request(self, method: str, **more: object):
        self._sequence += 1
        to = self._own if method == "REGISTER" else f"<sip:{SERVER}@{SERVER[:10]}>"
        contact = f"<sip:{self.identifier}@{self.address}:{self.endpoint.port}>"
        return self.endpoint.new_request(
            method, f"sip:{SERVER}@{SERVER[:10]}", from_=self._own, to=to,
            cseq=self._sequence, contact=contact, **more,
        )  # fmt: skip

    async def register(self, expires: int = 3600) -> list[SipResponse]:
        """All answers until one is not a challenge, three at most."""
        request = self.request("REGISTER", headers=[("Expires", str(expires))])
        answers = [await self.endpoint.request(request, self.platform)]
        while answers[-1].status == 401 and len(answers) < 4:
            request = authorise(
                request, answers[-1], self.identifier, self.password, rng=random.Random(1)
            )
            answers.append(await self.endpoint.request(request, self.platform))
        return answers

    async def message(self, body: bytes, timeout: float = 2.0) -> SipResponse:
        request = self.request("MESSAGE", content_type=CONTENT_TYPE, body=body)
        return await self.endpoint.request(request, self.platform, timeout=timeout)

    async def keepalive(self, timeout: float = 2.0) -> SipResponse:
        body = build_manscdp("Notify", "Keepalive", 1, self.identifier, [("Status", "OK")])
        return await self.message(body, timeout)

    async def _requested(self, incoming: IncomingRequest) -> None:
        if self.on_request is not None and incoming.request.method != "MESSAGE":
            self.on_request(incoming)
            return
        incoming.respond(200)
        if incoming.request.method == "MESSAGE":
            question = parse_manscdp(incoming.request.body)
            self.asked.append(question)
            for body in self.answer(question):
                await self.message(body)


@asynccontextmanager
async def upper_platform(**changes: object) -> AsyncIterator[UpperPlatform]:
    settings = ServerSettings(PLATFORM_ADDRESS, 0, server_id=SERVER)
    passwords = {DEVICE: Secret(PASSWORD)}
    platform = UpperPlatform(settings, passwords.get, **changes)  # type: ignore[arg-type]
    await platform.start()
    try:
        yield platform
    finally:
        await platform.stop()


@asynccontextmanager
async def device_of(
    platform: UpperPlatform,
    transport: str = "udp",
    password: str = PASSWORD,
    address: str = DEVICE_ADDRESS,
) -> AsyncIterator[ScriptedDevice]:
    peer = Peer(transport, PLATFORM_ADDRESS, platform.port)  # type: ignore[arg-type]
    device = ScriptedDevice(peer, password, address=address)  # type: ignore[arg-type]
    await device.endpoint.start()
    device.platform = await device.endpoint.connect(PLATFORM_ADDRESS, platform.port, transport)  # type: ignore[arg-type]
    try:
        yield device
    finally:
        await device.endpoint.stop()
