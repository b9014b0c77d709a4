"""SIP of the simulated device: requests to its platform, and the habits of its header lines."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence

from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint
from protocols.sip.message import SipRequest, SipResponse
from protocols.sip.passed import PassedMessage
from protocols.sip.uri import host_text
from simulators.behaviours import defect, variant
from simulators.camera.gb28181 import quirks
from simulators.camera.gb28181.registration import ID_NOT_20_DIGITS
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState

COMPACT = variant("gb-compact-headers", "Headers are sent in their compact forms (RFC 3261 7.3.3).")
FOLDED = variant("gb-folded-lines", "Long header lines are folded (RFC 3261 7.3.1).")
REORDERED = variant("gb-reordered-headers", "Headers stand in an unusual order.")
SLOW = variant("gb-slow-answers", "Every answer to the platform takes 1.2 s.")
BEHIND_NAT = variant("gb-nat", "The Contact holds an address behind a network address translator.")
CERTIFICATE_NOT_CHECKED = defect(
    "certificate-not-checked-by-camera",
    "Registering over TLS, the device accepts whatever certificate the platform shows.",
)

SLOW_S = 1.2
_PRIVATE = "192.168.1.64:5060"
_SHORT = {
    b"Via": b"v",
    b"From": b"f",
    b"To": b"t",
    b"Call-ID": b"i",
    b"Contact": b"m",
    b"Content-Type": b"c",
    b"Content-Length": b"l",
    b"Subject": b"s",
    b"Event": b"o",
}


class _Endpoint(SipEndpoint):
    """An endpoint whose bytes are changed on their way out."""

    change: Callable[[bytes], bytes] = staticmethod(lambda data: data)

    def send_raw(self, data: bytes, peer: Peer) -> None:
        """See ``SipEndpoint``."""
        super().send_raw(self.change(data), peer)


class Wire:
    """The device's endpoint and the way to its platform.

    Attributes:
        trying: the last REGISTER was first answered with 100.

    Args:
        handle: called with every request from anywhere.
        lost: called when the connection that SIP goes over has broken.
        passed: called with every message that goes out or comes in.
    """

    def __init__(
        self,
        state: CameraState,
        settings: Callable[[], GbSettings],
        handle: Callable[[IncomingRequest], Awaitable[None] | None],
        lost: Callable[[], None],
        passed: Callable[[PassedMessage], None] | None = None,
    ) -> None:
        self._state = state
        self._settings = settings
        self._handle = handle
        self._lost = lost
        self._passed = passed
        self._endpoint: _Endpoint | None = None
        self._elsewhere: SipEndpoint | None = None
        self._tls: ssl.SSLContext | None = None
        self._peer: Peer | None = None
        self._registered_in: tuple[str, int] | None = None
        self._call_id = ""
        self._sequence = 0
        self._tag = ""
        self.trying = False

    @property
    def endpoint(self) -> SipEndpoint:
        """The endpoint, once started."""
        assert self._endpoint is not None
        return self._endpoint

    @property
    def peer(self) -> Peer | None:
        """The platform as it is reached at present."""
        return self._peer

    async def start(self) -> None:
        """Bind. OSError: the port cannot be had."""
        settings = self._settings()
        self._tls = ssl.create_default_context(cafile=settings.ca_file or None)
        self._endpoint = _Endpoint(
            self._state.address,
            settings.local_port,
            transports=("udp",) if self._state.has(quirks.NO_LISTENER) else ("udp", "tcp"),
            on_request=self._handle,
            on_passed=self._passed,
            on_connection=self._connection,
            client_tls=self._tls,
        )
        self._endpoint.change = self._changed
        self._endpoint.user_agent = f"Tantou {self._state.identity.model}"
        await self._endpoint.start()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Registrations are of one Call-ID from here on (RFC 3261 10.2: one for a boot cycle)."""
        random = self.endpoint.random
        self._call_id = f"{random.getrandbits(64):016x}@{self._state.address}"
        self._tag = f"{random.getrandbits(32):08x}"
        self._sequence = 0

    async def stop(self) -> None:
        """Close."""
        for one in (self._endpoint, self._elsewhere):
            if one is not None:
                await one.stop()

    @property
    def own_id(self) -> str:
        """The ID under which the device registers."""
        return registered_id(self._state, self._settings())

    def own_address(self) -> str:
        """Address and port in the Contact."""
        if self._state.has(BEHIND_NAT) or self._state.has(quirks.PRIVATE_CONTACT):
            return _PRIVATE
        return f"{host_text(self._state.address)}:{self.endpoint.port}"

    def contact(self) -> str:
        """The Contact of the device."""
        return f"<sip:{self.own_id}@{self.own_address()}>"

    def server_uri(self) -> str:
        """The platform's URI."""
        settings = self._settings()
        return f"sip:{settings.server_id}@{settings.domain}"

    async def reach(self) -> Peer:
        """The platform, connected to where the transport needs it. OSError: unreachable."""
        settings = self._settings()
        wanted = settings.transport
        if wanted == "tls" and self._tls is not None:
            careless = self._state.has(CERTIFICATE_NOT_CHECKED)
            if careless:
                self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE if careless else ssl.CERT_REQUIRED
            self._tls.check_hostname = not careless
        self._peer = await self.endpoint.connect(
            settings.server_address, settings.server_port, wanted
        )
        return self._peer

    def drop(self) -> None:
        """Close the connection to the platform, if there is one."""
        if self._peer is not None and self._peer.transport != "udp":
            peer, self._peer = self._peer, None
            self.endpoint.disconnect(peer)

    async def register(
        self, expires: int, credentials: Callable[[str, str], str] | None
    ) -> SipResponse:
        """Send a REGISTER. OSError, TimeoutError: no answer."""
        peer = await self.reach()
        self._sequence += 1
        uri = self.server_uri()
        own = f"<sip:{self.own_id}@{self._settings().domain}>"
        headers = [("Expires", str(expires))]
        if credentials is not None:
            headers.append(("Authorization", credentials("REGISTER", uri)))
        if self._settings().edition == "2022":
            headers.append(("X-GB-Ver", "3.0"))
        request = self.endpoint.new_request(
            "REGISTER",
            uri,
            from_=f"{own};tag={self._tag}",
            to=own,
            call_id=self._call_id,
            cseq=self._sequence,
            contact=self.contact(),
            headers=headers,
        )
        self.trying = False
        return await self.endpoint.request(
            request, peer, timeout=10.0, on_provisional=self._provisional
        )

    def _provisional(self, answer: SipResponse) -> None:
        self.trying = self.trying or answer.status == 100

    def message(self, body: bytes, content_type: str, uri: str = "") -> SipRequest:
        """A MESSAGE to the platform, or to ``uri``."""
        target = uri or self.server_uri()
        return self.endpoint.new_request(
            "MESSAGE",
            target,
            from_=f"<sip:{self.own_id}@{self._settings().domain}>",
            to=f"<{target}>",
            cseq=20 if self._state.has(quirks.CONSTANT_CSEQ) else 1,
            content_type=content_type,
            body=body,
        )

    def invitation(self, source: str, own: str, body: bytes, content_type: str) -> SipRequest:
        """An INVITE of one of the device's parts to a source of sound."""
        domain = self._settings().domain
        return self.endpoint.new_request(
            "INVITE",
            f"sip:{source}@{domain}",
            from_=f"<sip:{own}@{domain}>",
            to=f"<sip:{source}@{domain}>",
            contact=self.contact(),
            headers=[("Subject", f"{source}:1,{own}:1")],
            content_type=content_type,
            body=body,
        )

    def post(self, request: SipRequest) -> None:
        """Send a request that is not answered. OSError: the platform is not connected."""
        if self._peer is not None:
            self.endpoint.send(request, self._peer)

    async def send(
        self, request: SipRequest, peer: Peer | None = None, timeout: float = 10.0
    ) -> SipResponse:
        """Send a request to the platform, or to ``peer``. OSError, TimeoutError: no answer."""
        target = peer or self._peer or await self.reach()
        return await self.endpoint.request(request, target, timeout=timeout)

    def _connection(self, peer: Peer, opened: bool) -> None:
        mine = self._peer
        if not opened and mine is not None and mine.transport != "udp" and mine == peer:
            self._peer = None
            self._lost()

    async def send_from_elsewhere(self, request: SipRequest, timeout: float) -> SipResponse:
        """Send a request from the other source port that a router's restart left the device.

        Requests that come there are heard as well.

        Raises:
            OSError, TimeoutError: no answer.
        """
        settings = self._settings()
        peer = Peer("udp", settings.server_address, settings.server_port)
        if self._elsewhere is None:
            self._elsewhere = SipEndpoint(
                self._state.address, 0, on_request=self._handle, transports=("udp",)
            )
            await self._elsewhere.start()
        return await self._elsewhere.request(request, peer, timeout=timeout)

    def _changed(self, data: bytes) -> bytes:
        if self._state.has(quirks.LENGTH_ZERO) and b"<CmdType>Catalog<" in data:
            data = re.sub(rb"Content-Length: \d+", b"Content-Length: 0", data, count=1)
        for name, change in _CHANGES.items():
            if self._state.has(name):
                data = _rewritten(data, change)
        return data


def registered_id(state: CameraState, settings: GbSettings) -> str:
    """The ID under which the device registers."""
    return settings.device_id[:18] if state.has(ID_NOT_20_DIGITS) else settings.device_id


def _rewritten(data: bytes, change: Callable[[list[bytes]], Sequence[bytes]]) -> bytes:
    head, empty, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return b"\r\n".join([first, *change(lines)]) + empty + body


def _compact(lines: list[bytes]) -> Sequence[bytes]:
    cut = [line.partition(b":") for line in lines]
    return [_SHORT.get(name, name) + colon + value for name, colon, value in cut]


def _folded(lines: list[bytes]) -> Sequence[bytes]:
    kept = re.compile(rb"(?i)^(from|to|contact|f|t|m)\s*:")
    return [line.replace(b": ", b":\r\n ", 1) if kept.match(line) else line for line in lines]


def _reordered(lines: list[bytes]) -> Sequence[bytes]:
    vias = [line for line in lines if line.lower().startswith((b"via", b"v:"))]
    return [*reversed([line for line in lines if line not in vias]), *vias]


_CHANGES: dict[str, Callable[[list[bytes]], Sequence[bytes]]] = {
    REORDERED: _reordered,
    COMPACT: _compact,
    FOLDED: _folded,
}


async def patiently(state: CameraState) -> None:
    """Take the time that a slow device takes."""
    if state.has(SLOW):
        await asyncio.sleep(SLOW_S)
