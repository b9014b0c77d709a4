"""The GB/T 28181 side towards devices: registrar, questions, notifications, sessions.

One SIP endpoint for UDP, TCP and TLS. It answers only whom it knows: a device that registered, from
where it registered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import Manscdp, parse_manscdp
from protocols.gb28181.ssrc import SsrcAllocator
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, Limits, Peer, SipEndpoint, SipTimeoutError
from protocols.sip.fields import from_of, sequence_of
from protocols.sip.message import SipRequest, SipResponse
from protocols.time_source import SystemTime, TimeSource
from reference_platform.errors import PlatformError
from reference_platform.inventory.events import PresenceChange
from reference_platform.ports import PresenceReason
from reference_platform.settings import PlatformSettings
from reference_platform.signalling.devices import Devices, Registered
from reference_platform.signalling.directory import Directory
from reference_platform.signalling.exchange import Asking
from reference_platform.signalling.greeting import Greeting
from reference_platform.signalling.notices import Notices
from reference_platform.signalling.registrar import Registrar

_LOG = logging.getLogger(__name__)
_ALLOW = "INVITE, ACK, INFO, CANCEL, BYE, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY"
_MAXIMUM_SN = 2**31 - 1
_SWEEPS_A_KEEPALIVE = 10
_REFUSALS_REMEMBERED = 10_000
_REFUSAL_AGAIN_S = 60.0
_HANG_UP_SECONDS = 5.0
_TOLD_TOGETHER = 100
#: Connections that say nothing are given up early: a camera speaks as soon as it is there.
_LIMITS = Limits(first_message_s=20.0, partial_message_s=10.0)


class SignallingServer:
    """See the module. Everything runs in the event loop that ``start`` was awaited in.

    Attributes:
        devices: those that registered.
        asking: questions to them.
        notices: what they notified of.
        dialogs: sessions by Call-ID: told of requests within them.
        on_presence: called with a device's id and whether it is online now.

    Args:
        settings: addresses, identity.
        directory: the inventory.
        time_source: reference time.
        tls: context of the TLS port; without one there is none.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        directory: Directory,
        *,
        time_source: TimeSource | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.directory = directory
        self.time = time_source or SystemTime()
        self.ssrcs = SsrcAllocator(settings.server_id)
        self.devices = Devices(self.time, settings.keepalive_s, self._changed, settings.has)
        self.asking = Asking(self)
        self.dialogs: dict[str, Callable[[IncomingRequest], None]] = {}
        self.on_presence: list[Callable[[str, bool], None]] = []
        self._registrar = Registrar(self)
        self._greeting = Greeting(self)
        self.notices = Notices(self)
        self._refused: dict[tuple[str, str], float] = {}
        self._sn = 100_000 + secrets.randbelow(900_000)
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: asyncio.Queue[PresenceChange | None] = asyncio.Queue()
        self._teller: asyncio.Task[None] | None = None
        tls_port = settings.sip_tls_port if tls is not None else None
        self.endpoint = SipEndpoint(
            settings.address,
            settings.sip_port,
            tls_port=tls_port,
            on_request=self._requested,
            on_response=self._late,
            time_source=self.time,
            server_tls=tls,
            limits=_LIMITS,
        )

    # Life

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: an address or port is not free.
        """
        await self.endpoint.start()
        self.behind(self._sweeping())
        self._teller = asyncio.get_running_loop().create_task(self._telling())

    async def stop(self) -> None:
        """Listen no more; the devices are not told."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._teller is not None:
            self._told.put_nowait(None)
            await self._teller
        await self.endpoint.stop()

    def has(self, behaviour: str) -> bool:
        """Whether a named behaviour is on."""
        return self.settings.has(behaviour)

    @property
    def realm(self) -> str:
        """Of the digest, and our SIP domain."""
        return self.settings.own_domain

    def behind(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _LOG.error("signalling: a task failed", exc_info=fault)

    async def _sweeping(self) -> None:
        """Look for devices that fell silent, often enough to tell within a tenth."""
        interval = self.settings.keepalive_s / _SWEEPS_A_KEEPALIVE
        while True:
            await asyncio.sleep(interval)
            self.sweep()

    def sweep(self) -> None:
        """Find devices that fell silent; their connections are given up."""
        for device in self.devices.sweep():
            if device.peer.transport != "udp":
                self.endpoint.disconnect(device.peer)

    # Presence

    def _changed(self, device: Registered, online: bool, why: PresenceReason) -> None:
        self._told.put_nowait(PresenceChange(device.id, online, self.time.now(), why))
        for listener in list(self.on_presence):
            listener(device.id, online)

    async def _telling(self) -> None:
        """Tell the directory of comings and goings in their order, however slow its disk is.

        What came meanwhile is told together; ``None`` is the end.
        """
        end = False
        while not end:
            waiting = [await self._told.get()]
            while not self._told.empty() and len(waiting) < _TOLD_TOGETHER:
                waiting.append(self._told.get_nowait())
            end = waiting[-1] is None
            try:
                await self.directory.presence([one for one in waiting if one is not None])
            except Exception:  # noqa: BLE001
                _LOG.exception("comings and goings of devices could not be noted")

    def greet(self, device: Registered) -> None:
        """A device came: ask what it is and what it has."""
        self.behind(self._greeting.greet(device))

    def ask_catalogue(self, device: Registered) -> None:
        """Its catalogue changed: ask for it again."""
        self.behind(self._greeting.catalogue(device))

    async def registration_refused(self, identifier: str, host: str, why: str) -> None:
        """Note a refusal, each device and reason once a minute."""
        now = self.time.monotonic()
        last = self._refused.get((identifier, why))
        if last is not None and now - last < _REFUSAL_AGAIN_S:
            return
        if len(self._refused) >= _REFUSALS_REMEMBERED:
            self._refused.clear()
        self._refused[identifier, why] = now
        await self.directory.refused(identifier[:64], host, self.time.now(), why)

    # Asking devices

    def next_sn(self) -> int:
        """A serial number that was not used before."""
        self._sn = self._sn % _MAXIMUM_SN + 1
        return self._sn

    def registered(self, identifier: str) -> Registered:
        """The device if it is online.

        Raises:
            PlatformError: ``source.offline``.
        """
        device = self.devices.online(identifier)
        if device is None:
            raise PlatformError("source.offline", 503, device=identifier)
        return device

    def contact(self, peer: Peer) -> str:
        """Our Contact for a device that speaks by ``peer.transport``."""
        endpoint, own = self.endpoint, self.settings.server_id
        port = endpoint.tls_port if peer.transport == "tls" else endpoint.port
        transport = "" if peer.transport == "udp" else f";transport={peer.transport}"
        return f"<sip:{own}@{self.address_towards(peer)}:{port}{transport}>"

    def address_towards(self, peer: Peer) -> str:
        """Our own address as the device can reach it."""
        own = self.settings.address
        return self.endpoint.local(peer)[0] if own in ("", "0.0.0.0") else own

    def new_request(
        self,
        method: str,
        device: Registered,
        *,
        user: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> SipRequest:
        """A request to a device, or to ``user``, one of its channels, outside any dialog."""
        peer = device.peer
        user = user or device.id
        return self.endpoint.new_request(
            method,
            f"sip:{user}@{peer.host}:{peer.port}",
            from_=f"<sip:{self.settings.server_id}@{self.realm}>",
            to=f"<sip:{user}@{self.realm}>",
            contact=self.contact(peer),
            headers=headers,
            content_type=content_type,
            body=body,
        )

    async def ask(self, request: SipRequest, device: Registered, seconds: float) -> SipResponse:
        """Send a request and wait for its final response.

        Raises:
            PlatformError: ``source.timeout`` or ``source.unreachable``.
        """
        try:
            return await self.endpoint.request(request, device.peer, timeout=seconds)
        except SipTimeoutError:
            raise PlatformError(
                "source.timeout", 504, device=device.id, what=request.method
            ) from None
        except OSError:
            raise PlatformError("source.unreachable", 502, device=device.id) from None

    # What comes in

    def _late(self, response: SipResponse, peer: Peer) -> None:
        """A 200 to an INVITE that nobody waits for any more: acknowledge it and hang up."""
        if not 200 <= response.status < 300:
            return
        with contextlib.suppress(ProtocolError, OSError):
            if sequence_of(response).method != "INVITE":
                return
            headers = response.headers.copy()
            headers.remove("Contact")
            dialog = Dialog.from_uac(SipRequest("INVITE", "sip:late", headers), response)
            self.endpoint.send(dialog.request("ACK"), peer)
            self.behind(self._hang_up(dialog.request("BYE"), peer))

    async def _hang_up(self, request: SipRequest, peer: Peer) -> None:
        with contextlib.suppress(SipTimeoutError, OSError):
            await self.endpoint.request(request, peer, timeout=_HANG_UP_SECONDS)

    def _requested(self, incoming: IncomingRequest) -> Coroutine[Any, Any, None] | None:
        method = incoming.request.method
        if method == "REGISTER":
            return self._registrar.register(incoming)
        within = self.dialogs.get(incoming.request.headers.get("Call-ID") or "")
        if within is not None:
            within(incoming)
        elif method in ("MESSAGE", "NOTIFY"):
            self._informed(incoming)
        elif method == "OPTIONS":
            incoming.respond(200, headers=[("Allow", _ALLOW)])
        elif method in ("BYE", "INFO", "CANCEL"):
            incoming.respond(481)
        elif method == "INVITE":
            incoming.respond(403)
        elif method != "ACK":
            incoming.respond(405, headers=[("Allow", _ALLOW)])
        return None

    def sender(self, incoming: IncomingRequest) -> Registered | None:
        """The registered device that a request came from, by its id and its address."""
        try:
            device = self.devices.get(from_of(incoming.request).uri.user)
        except ProtocolError:
            return None
        peer = incoming.peer
        if device is None or peer.host != device.peer.host:
            return None
        return device if device.secure == (peer.transport == "tls") else None

    def _informed(self, incoming: IncomingRequest) -> None:
        """A MESSAGE or NOTIFY outside every session."""
        device = self.sender(incoming)
        if device is None or device.expires_at <= self.time.monotonic():
            incoming.respond(403)  # so that it registers anew
            return
        if not device.online:
            incoming.respond(403)
            return
        try:
            message = parse_manscdp(incoming.request.body)
        except ProtocolError:
            incoming.respond(200 if incoming.request.method == "NOTIFY" else 400)
            return
        device.peer = incoming.peer  # a router may have given the device another port
        self.devices.seen(device)
        incoming.respond(200)
        self.take(device, message)

    def take(self, device: Registered, message: Manscdp) -> None:
        """A message of a device: the answer to a question, or a notification."""
        if message.kind == "Response":
            self.asking.answered(device, message)
        elif message.kind == "Notify":
            self.notices.take(device, message)

    async def drop(self, identifier: str) -> None:
        """Forget a device that was deleted or got another password."""
        device = self.devices.get(identifier)
        self.devices.forget(identifier)
        if device is not None and device.peer.transport != "udp":
            with contextlib.suppress(OSError):
                self.endpoint.disconnect(device.peer)
