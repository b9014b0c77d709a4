"""One upper platform: registered with, kept alive, answered (9.1, 9.5, 9.6)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import CONTENT_TYPE
from protocols.gb28181.notifications import build_keepalive
from protocols.sip.authentication import authorise
from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint, SipTimeoutError
from protocols.sip.fields import expires_of, from_of
from protocols.sip.message import SipRequest, SipResponse
from protocols.time_source import TimeSource
from reference_platform.signalling.cascade.models import LinkState, Transport

_LOG = logging.getLogger(__name__)
_EXPIRES = 3_600
_REFRESH_SHARE = 0.7
_ANSWER_SECONDS = 8.0
_MISSED = 3
_FIRST_RETRY_S, _LONGEST_RETRY_S = 1.0, 60.0
_MAXIMUM_SN = 2**31 - 1


@dataclass(frozen=True)
class Upper:
    """Where to register, and as whom.

    Attributes:
        id: of ours.
        address, port, transport: of its SIP.
        server_id, domain: its identifiers.
        device_id: under which we register.
        password: of the digest; never shown.
        authority: PEM of the authority of its certificate, "" for the system's.
        organisations, channels: what is shared.
        ptz_level: at which it steers.
    """

    id: str
    address: str
    port: int
    transport: Transport
    server_id: str
    device_id: str
    domain: str = ""
    password: str = field(default="", repr=False)
    authority: str = ""
    organisations: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    ptz_level: int = 0

    @property
    def realm(self) -> str:
        """Its SIP domain."""
        return self.domain or self.server_id[:10]


Requested = Callable[[IncomingRequest], Coroutine[Any, Any, None] | None]


class UpperLink:
    """The link to one upper platform; a SIP endpoint of its own, so that links stay apart.

    Attributes:
        state, since, problem: how it is, since when (UTC seconds), and what is in the way.
        peer: the upper platform's end, once it was reached.
    """

    def __init__(
        self,
        upper: Upper,
        own_address: str,
        time_source: TimeSource,
        requested: Requested,
        keepalive_s: float,
        changed: Callable[[], None],
    ) -> None:
        self.upper = upper
        self.state: LinkState = "connecting"
        self.since = time_source.now()
        self.problem = ""
        self.peer: Peer | None = None
        self._time = time_source
        self._requested = requested
        self._keepalive_s = keepalive_s
        self._changed = changed
        self._random = random.Random(secrets.randbits(64))
        self._sn = secrets.randbelow(100_000)
        self._call_id = secrets.token_hex(16)
        self._cseq = 0
        self._broken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        transports = ("udp", "tcp")
        self.endpoint = SipEndpoint(
            own_address,
            0,
            transports=transports,
            on_request=self._from_above,
            on_connection=self._connection,
            time_source=time_source,
            client_tls=_context(upper),
        )
        self.endpoint.user_agent = "Tantou"

    async def start(self) -> None:
        """Begin to register.

        Raises:
            OSError: no port is free.
        """
        await self.endpoint.start()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Leave the upper platform."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.state == "online":
            with contextlib.suppress(SipTimeoutError, OSError, ProtocolError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._register(0)
        self._tell("off", "")
        await self.endpoint.stop()

    # Registering

    def _connection(self, peer: Peer, opened: bool) -> None:
        if not opened and self.peer is not None and peer.connection == self.peer.connection:
            self._broken.set()

    async def _run(self) -> None:
        retry = _FIRST_RETRY_S
        while True:
            granted = await self._enter()
            if granted is None:
                await asyncio.sleep(retry * (0.8 + 0.4 * self._random.random()))
                retry = min(retry * 2, _LONGEST_RETRY_S)
                continue
            retry = _FIRST_RETRY_S
            await self._stay(granted)

    async def _enter(self) -> int | None:
        """Register; the seconds granted, ``None`` when it failed."""
        try:
            response = await self._register(_EXPIRES)
            granted = expires_of(response)
        except (SipTimeoutError, TimeoutError):
            self._tell("unreachable", "timeout")
        except ssl.SSLCertVerificationError:
            self._tell("refused", "certificate")
        except OSError:
            self._tell("unreachable", "connection")
        except ProtocolError:
            self._tell("refused", "malformed")
        else:
            if response.status == 200:
                self._tell("online", "")
                return granted if granted else _EXPIRES
            self._tell("refused", str(response.status))
        return None

    async def _register(self, expires: int) -> SipResponse:
        upper = self.upper
        self.peer = await self.endpoint.connect(upper.address, upper.port, upper.transport)
        self._cseq += 1
        request = self.endpoint.new_request(
            "REGISTER",
            f"sip:{upper.server_id}@{upper.realm}",
            from_=f"<sip:{upper.device_id}@{upper.realm}>",
            to=f"<sip:{upper.device_id}@{upper.realm}>",
            call_id=self._call_id,
            cseq=self._cseq,
            contact=self.contact,
            headers=[("Expires", str(expires))],
        )
        response = await self.endpoint.request(request, self.peer, timeout=_ANSWER_SECONDS)
        for _ in range(2):  # a stale nonce is asked for once more
            if response.status not in (401, 407):
                break
            request = authorise(
                request, response, upper.device_id, upper.password, rng=self._random
            )
            self._cseq += 1
            response = await self.endpoint.request(request, self.peer, timeout=_ANSWER_SECONDS)
        return response

    async def _stay(self, granted: int) -> None:
        """Keep alive until the registration has to be renewed, or is lost."""
        self._broken.clear()
        ends = self._time.monotonic() + granted * _REFRESH_SHARE
        missed = 0
        while missed < _MISSED:
            left = ends - self._time.monotonic()
            if left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._keepalive_s, left)):
                    await self._broken.wait()
                return  # it reaches us by the connection of a registration only
            status = await self._keepalive()
            if status is None:
                missed += 1
            elif status == 200:
                missed = 0
            else:
                return  # it does not know us any more, or the connection broke

    async def _keepalive(self) -> int | None:
        """Status of the answer, ``None`` when none came, 0 when there is no connection."""
        body = build_keepalive(self.next_sn(), self.upper.device_id)
        try:
            return (await self.say(body)).status
        except SipTimeoutError:
            return None
        except OSError:
            return 0

    def _tell(self, state: LinkState, problem: str) -> None:
        if (state, problem) != (self.state, self.problem):
            self.state, self.problem, self.since = state, problem, self._time.now()
            self._changed()

    # Speaking

    @property
    def contact(self) -> str:
        """Our Contact."""
        host, port = self.own_end
        transport = self.upper.transport
        suffix = "" if transport == "udp" else f";transport={transport}"
        return f"<sip:{self.upper.device_id}@{host}:{port}{suffix}>"

    @property
    def own_end(self) -> tuple[str, int]:
        """Our address and port as the upper platform sees them."""
        assert self.peer is not None
        host, port = self.endpoint.local(self.peer)
        return host, port if self.upper.transport != "udp" else self.endpoint.port

    @property
    def secure(self) -> bool:
        """Whether signalling is encrypted; media are then as well."""
        return self.upper.transport == "tls"

    def next_sn(self) -> int:
        """A serial number that was not used before."""
        self._sn = self._sn % _MAXIMUM_SN + 1
        return self._sn

    async def say(self, body: bytes) -> SipResponse:
        """Send a MESSAGE and wait for its SIP answer.

        Raises:
            SipTimeoutError, OSError: there is none.
        """
        upper = self.upper
        if self.peer is None:
            raise ConnectionError("not connected")
        request = self.endpoint.new_request(
            "MESSAGE",
            f"sip:{upper.server_id}@{upper.address}:{upper.port}",
            from_=f"<sip:{upper.device_id}@{upper.realm}>",
            to=f"<sip:{upper.server_id}@{upper.realm}>",
            content_type=CONTENT_TYPE,
            body=body,
        )
        return await self.ask(request)

    async def ask(self, request: SipRequest) -> SipResponse:
        """Send a request and wait for its answer.

        Raises:
            SipTimeoutError, OSError: there is none.
        """
        if self.peer is None:
            raise ConnectionError("not connected")
        return await self.endpoint.request(request, self.peer, timeout=_ANSWER_SECONDS)

    def _from_above(self, incoming: IncomingRequest) -> Coroutine[Any, Any, None] | None:
        """Only the upper platform is heard, from where it was registered with."""
        peer = self.peer
        try:
            sender = from_of(incoming.request).uri.user
        except ProtocolError:
            sender = ""
        known = peer is not None and incoming.peer.host == peer.host
        if not known or (incoming.peer.transport == "tls") != self.secure:
            incoming.respond(403)
            return None
        if sender != self.upper.server_id and incoming.request.method not in ("ACK", "BYE", "INFO"):
            incoming.respond(403)
            return None
        return self._requested(incoming)


def _context(upper: Upper) -> ssl.SSLContext | None:
    """The TLS context that checks the upper platform's certificate."""
    if upper.transport != "tls":
        return None
    context = ssl.create_default_context(cadata=upper.authority or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
