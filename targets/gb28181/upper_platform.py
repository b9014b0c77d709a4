"""A registrar and upper platform for the devices under test (GB/T 28181-2016 clauses 9.1 to 9.12).

It works with whatever the field sends, as far as it can: what deviates is judged later, from the
kept messages. It never sends a password and writes none down.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Literal

from protocols.deviation import printable
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import CONTENT_TYPE, Manscdp, build_manscdp, parse_manscdp
from protocols.gb28181.ssrc import SsrcAllocator
from protocols.sip.endpoint import IncomingRequest, Limits, Peer, SipEndpoint
from protocols.sip.fields import from_of
from protocols.sip.message import SipRequest
from protocols.sip.passed import PassedMessage
from protocols.sip.uri import host_text
from protocols.time_source import SystemTime, TimeSource
from targets.credentials import Secret
from targets.errors import TargetError
from targets.gb28181.device import RegisteredDevice
from targets.gb28181.record import DeviceRecord, Event
from targets.gb28181.registrar import Registrar
from targets.gb28181.tls_relay import TlsRelay
from targets.site import Gb28181Listen

#: The default of 9.6.1: every 60 s, three missed are too many.
KEEPALIVE_SECONDS = 60.0
KEEPALIVES_MISSED = 3
_ALLOW = "INVITE, ACK, INFO, CANCEL, BYE, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY"
_USERS = re.compile(rb"^(?:from|f|to|t)[ \t]*:[^\r\n]*?sips?:([^@>;\r\n]{1,64})@", re.I | re.M)
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]{1,200}?)[ \t]*\r?$", re.I | re.M)
_HEADER_BYTES = 4096
_FROM_THE_RELAY = Limits(
    connections_per_host=Limits.connections,
    half_open_per_host=Limits.connections,
    transactions_per_host=Limits.transactions,
)
_MOST_CALLS = 100_000
_MAXIMUM_SN = 2**31 - 1


class UpperPlatform:
    """See the module. Everything runs in the event loop that ``start`` was awaited in.

    Args:
        settings: where to listen and as whom.
        password_of: the password of a device by its id, ``None`` for a device that is not known.
        time_source: reference time; the Date of a registration tells it.
        on_registered: called with the id of a device whenever it has registered anew.
        server_tls: for the TLS port, if one is offered; else by the settings' certificate.
        keepalive_seconds: the interval that is agreed with the devices.

    Attributes:
        passing: passwords of devices that are expected for a while, whatever the site says.
        authority: PEM text of the authority of the platform's TLS certificate, "" if it is known
            to everybody.
    """

    def __init__(
        self,
        settings: Gb28181Listen,
        password_of: Callable[[str], Secret | None],
        *,
        time_source: TimeSource | None = None,
        on_registered: Callable[[str], None] | None = None,
        server_tls: ssl.SSLContext | Callable[[tuple[str, int]], ssl.SSLContext] | None = None,
        keepalive_seconds: float = KEEPALIVE_SECONDS,
    ) -> None:
        self.settings = settings
        self.time = time_source or SystemTime()
        self.keepalive_seconds = keepalive_seconds
        self.on_registered = on_registered
        self._devices: dict[str, RegisteredDevice] = {}
        self._addresses: dict[tuple[str, int], RegisteredDevice] = {}
        self._calls: dict[bytes, RegisteredDevice] = {}
        self._server_tls = server_tls = server_tls or _context_of(settings)
        # Devices that answer unasked do so with small numbers: ours must not be among them.
        self._sn = 100_000 + secrets.randbelow(900_000)
        self.ssrcs = SsrcAllocator(settings.server_id)
        self._running = False
        self._tasks: set[asyncio.Task[None]] = set()
        offered = settings.tls_port is not None and server_tls is not None
        self.relay = TlsRelay(settings.address, settings.tls_port or 0) if offered else None
        self.passing: dict[str, Secret] = {}
        self.authority = ""
        self.registrar = Registrar(
            self, lambda identifier: self.passing.get(identifier) or password_of(identifier)
        )
        self.endpoint = self._new_endpoint()

    def _new_endpoint(self) -> SipEndpoint:
        settings = self.settings
        endpoint = SipEndpoint(
            settings.address,
            settings.port,
            tls_port=None if self.relay is None else 0,
            on_connection=self._connection,
            # Behind the relay every device seems to come from this address.
            limits=_FROM_THE_RELAY if self.relay else None,
            on_request=self._requested,
            on_passed=self._passed,
            time_source=self.time,
            server_tls=self._server_tls,
        )
        endpoint.user_agent = "tantou"
        return endpoint

    def adopt(self, records: Mapping[str, DeviceRecord]) -> None:
        """Know devices that registered with a platform whose place this one takes.

        A connection ended with that platform: its device has to come anew.
        """
        for identifier, record in records.items():
            if record.peer is not None and record.peer.transport != "udp":
                record.registered, record.peer = False, None
            self.registrar.records[identifier] = record

    # Life

    async def start(self) -> None:
        """Listen; nothing happens when it does already.

        Raises:
            OSError: the address or port is not free.
        """
        if not self._running:
            self._running = True
            try:
                await self.endpoint.start()
                if self.relay is not None:
                    await self.relay.start(self.endpoint.tls_port or 0)
            except OSError:
                await self.stop()
                raise

    async def stop(self) -> None:
        """Listen no more."""
        if self._running:
            self._running = False
            for task in list(self._tasks):
                task.cancel()
            if self.relay is not None:
                await self.relay.stop()
            await self.endpoint.stop()

    @property
    def port(self) -> int:
        """Where SIP over UDP and TCP is heard."""
        return self.endpoint.port

    @property
    def tls_port(self) -> int | None:
        """Where SIP over TLS is heard, ``None`` for nowhere."""
        return self.relay.port if self.relay is not None else None

    def true_end(self, transport: str, host: str, port: int) -> tuple[str, int]:
        """Host and port of the device that ``host`` and ``port`` stand for: the relay's or its."""
        if transport == "tls" and self.relay is not None:
            return self.relay.end_of(port) or (host, port)
        return host, port

    @property
    def offline_after(self) -> float:
        """Seconds without a keepalive after which a device counts as offline."""
        return self.keepalive_seconds * KEEPALIVES_MISSED

    # Devices

    def device(self, identifier: str) -> RegisteredDevice:
        """The device of that id; from now on its whole conversation is kept."""
        found = self._devices.get(identifier)
        if found is None:
            found = self._devices[identifier] = RegisteredDevice(self, identifier)
            record = self.record(identifier)
            if record is not None and record.peer is not None:
                self.located(found, record.peer)
        return found

    def watched(self, identifier: str) -> RegisteredDevice | None:
        """The device of that id if anybody asked about it."""
        return self._devices.get(identifier)

    def record(self, identifier: str) -> DeviceRecord | None:
        """What the registrar keeps of a device, ``None`` before it came."""
        return self.registrar.records.get(identifier)

    def located(self, device: RegisteredDevice, peer: Peer) -> None:
        """Messages from and to ``peer`` are of ``device``."""
        self._addresses[peer.host, peer.port] = device

    def follow(self, call_id: str, device: RegisteredDevice) -> None:
        """Messages with this Call-ID are of ``device``, whatever their addresses say."""
        self._calls[call_id.encode()] = device
        while len(self._calls) > _MOST_CALLS:
            del self._calls[next(iter(self._calls))]

    # Building requests

    def next_sn(self) -> int:
        """A serial number that was not used before."""
        self._sn = self._sn % _MAXIMUM_SN + 1
        return self._sn

    def contact(self, peer: Peer) -> str:
        """Our Contact for a device that speaks by ``peer.transport``."""
        port = self.tls_port if peer.transport == "tls" and self.tls_port else self.port
        transport = "" if peer.transport == "udp" else f";transport={peer.transport}"
        settings = self.settings
        return f"<sip:{settings.server_id}@{host_text(settings.address)}:{port}{transport}>"

    def new_request(
        self,
        method: str,
        device: RegisteredDevice,
        *,
        user: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> SipRequest:
        """A request to ``device`` (or to ``user``, one of its channels) outside any dialog.

        Raises:
            VisitProblem: nobody knows where the device is.
        """
        peer = device.peer
        user = user or device.id
        domain = self.settings.own_domain
        request = self.endpoint.new_request(
            method,
            f"sip:{user}@{host_text(peer.host)}:{peer.port}",
            from_=f"<sip:{self.settings.server_id}@{domain}>",
            to=f"<sip:{user}@{domain}>",
            contact=self.contact(peer),
            headers=headers,
            content_type=content_type,
            body=body,
        )
        self.follow(request.headers.get("Call-ID") or "", device)
        return request

    # Receiving

    def _connection(self, peer: Peer, opened: bool) -> None:
        device = self._addresses.get((peer.host, peer.port))
        if device is not None and not opened:
            device.note(Event(self.time.now(), "disconnected", peer.transport))

    def _passed(self, message: PassedMessage) -> None:
        device = self._owner(message)
        if device is not None and message.transport == "tls" and self.relay is not None:
            remote = self.true_end("tls", *message.remote)
            local = (message.local[0], self.relay.port)
            message = replace(message, remote=remote, local=local)
        if device is not None:
            device.passed(message)
            if device.withheld is not None and not message.outbound:
                self._repeated(device, device.withheld, message)

    def _repeated(
        self, device: RegisteredDevice, withheld: IncomingRequest, message: PassedMessage
    ) -> None:
        """The second copy of an alarm whose first one got no answer: now it gets one."""
        call = _CALL_ID.search(message.data[:_HEADER_BYTES])
        wanted = (withheld.request.headers.get("Call-ID") or "").encode()
        if withheld.at >= message.at or call is None or call[1] != wanted:
            return
        device.withheld = None
        device.note(Event(message.at, "repeated", "Alarm"))
        method: Literal["MESSAGE", "NOTIFY"] = (
            "NOTIFY" if withheld.request.method == "NOTIFY" else "MESSAGE"
        )
        asyncio.get_running_loop().call_soon(lambda: self._informed(withheld, method))

    def _owner(self, message: PassedMessage) -> RegisteredDevice | None:
        if not self._devices:
            return None
        head = message.data[:_HEADER_BYTES]
        for found in _USERS.finditer(head):
            device = self._devices.get(found[1].decode("latin-1"))
            if device is not None:
                return device
        call = _CALL_ID.search(head)
        if call is not None and call[1] in self._calls:
            return self._calls[call[1]]
        return self._addresses.get(message.remote)

    def _requested(self, incoming: IncomingRequest) -> None:
        method = incoming.request.method
        if method == "REGISTER":
            self.registrar.register(incoming)
        elif method == "OPTIONS":
            incoming.respond(200, headers=[("Allow", _ALLOW)])
        elif method in ("MESSAGE", "NOTIFY"):
            self._informed(incoming, "MESSAGE" if method == "MESSAGE" else "NOTIFY")
        elif method == "ACK":
            pass
        elif method == "BYE":
            self._ended(incoming)
        elif method == "INVITE":
            device = self._sender(incoming)
            if device is None or device.on_invite is None:
                incoming.respond(403)
            else:
                device.on_invite(incoming)
        elif method in ("INFO", "CANCEL"):
            incoming.respond(200)
        else:
            incoming.respond(405, headers=[("Allow", _ALLOW)])

    def _sender(self, incoming: IncomingRequest) -> RegisteredDevice | None:
        try:
            found = self._devices.get(from_of(incoming.request).uri.user)
        except ProtocolError:
            found = None
        if found is None:
            call = (incoming.request.headers.get("Call-ID") or "").encode()
            found = self._calls.get(call)
        return found or self._addresses.get((incoming.peer.host, incoming.peer.port))

    def _ended(self, incoming: IncomingRequest) -> None:
        call = incoming.request.headers.get("Call-ID") or ""
        device = self._calls.get(call.encode())
        end = device.on_ended.get(call) if device is not None else None
        incoming.respond(200 if end is not None else 481)
        if device is not None and end is not None:
            end(incoming)
            device.changed()

    def _informed(self, incoming: IncomingRequest, method: Literal["MESSAGE", "NOTIFY"]) -> None:
        """A MESSAGE or NOTIFY: first whether we talk to the sender, then what it says."""
        try:
            identifier = from_of(incoming.request).uri.user
        except ProtocolError:
            incoming.respond(400)
            return
        device = self._devices.get(identifier) or self._sender(incoming)
        record = self.record(device.id if device is not None else identifier)
        if record is None:
            incoming.respond(404)
            return
        if not record.registered or record.expires_at < self.time.now():
            incoming.respond(403)  # so that it registers anew
            return
        try:
            message = parse_manscdp(incoming.request.body)
        except ProtocolError:
            incoming.respond(200 if method == "NOTIFY" else 400)
            return
        if message.command == "Keepalive" and message.kind == "Notify":
            self._kept_alive(incoming, record, device)
            return
        record.last_seen = max(record.last_seen, incoming.at)
        alarm = message.command == "Alarm" and message.kind == "Notify"
        if alarm and device is not None and device.policy.withhold_alarms > 0:
            device.policy.withhold_alarms -= 1
            device.withheld = incoming
            device.note(Event(incoming.at, "withheld", "Alarm"))
            return
        incoming.respond(200)
        if device is not None:
            call = incoming.request.headers.get("Call-ID") or ""
            device.take(incoming.at, method, message, call)
            if alarm:
                device.note(Event(incoming.at, "alarm", method))
                self._acknowledge(device, message)

    def _acknowledge(self, device: RegisteredDevice, message: Manscdp) -> None:
        """The application answer to an alarm notification (9.4)."""
        body = build_manscdp(
            "Response", "Alarm", message.sn, message.device, [("Result", "OK")],
            charset=device.charset,
        )  # fmt: skip
        request = self.new_request("MESSAGE", device, content_type=CONTENT_TYPE, body=body)
        self._behind(self._answered(request, device))

    async def _answered(self, request: SipRequest, device: RegisteredDevice) -> None:
        """Send what nobody waits for."""
        with contextlib.suppress(OSError):
            await self.endpoint.request(request, device.peer, timeout=10.0)

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _kept_alive(
        self, incoming: IncomingRequest, record: DeviceRecord, device: RegisteredDevice | None
    ) -> None:
        if device is not None:
            policy = device.policy
            if policy.withhold_keepalives > 0:
                policy.withhold_keepalives -= 1
                device.note(Event(incoming.at, "withheld", "Keepalive"))
                return
            if policy.forgotten:
                incoming.respond(403)
                device.note(Event(incoming.at, "forgotten"))
                return
        record.last_seen = incoming.at
        if record.peer != incoming.peer:
            # Behind a router that was restarted a device keeps on from another address.
            old, record.peer = record.peer, incoming.peer
            if device is not None:
                self.located(device, incoming.peer)
                if old is not None and (old.host, old.port) != (
                    incoming.peer.host,
                    incoming.peer.port,
                ):
                    detail = printable(f"{host_text(incoming.peer.host)}:{incoming.peer.port}")
                    device.note(Event(incoming.at, "moved", detail))
        incoming.respond(200)
        if device is not None:
            device.note(Event(incoming.at, "keepalive"))


def _context_of(settings: Gb28181Listen) -> ssl.SSLContext | None:
    """The TLS context of the settings' certificate, ``None`` without one.

    Raises:
        TargetError: the file cannot be read or holds no certificate with its key.
    """
    if not settings.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key under a pass phrase is refused: nobody is asked for one in the middle of a run.
        context.load_cert_chain(settings.certificate, settings.key or None, lambda: "")
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(one for one in (settings.certificate, settings.key) if one)
        raise TargetError("target.certificate", file=files) from error
    return context
