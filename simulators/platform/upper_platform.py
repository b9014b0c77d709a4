"""An upper platform: a device registers with it and is asked everything, once (9.1 to 9.8).

It asks by itself as soon as somebody has registered: catalogue, information, status, a turn of the
lens, live view, records, playback. That is what an operator does at a platform's client.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

from protocols.errors import ProtocolError
from protocols.gb28181 import ptz
from protocols.gb28181.mansrtsp import CONTENT_TYPE as MANSRTSP
from protocols.gb28181.mansrtsp import pause
from protocols.gb28181.sdp import CONTENT_TYPE as SDP
from protocols.gb28181.sdp import build_offer
from protocols.gb28181.ssrc import SsrcAllocator, format_y
from protocols.http_digest import digest_response, parse_authorization
from protocols.sip.dates import format_gb_date
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint
from protocols.sip.fields import expires_of, from_of
from protocols.sip.message import SipRequest, SipResponse
from protocols.time_source import SystemTime, TimeSource
from simulators.behaviours import defect
from simulators.camera.gb28181.markup import CONTENT_TYPE, Element, Writing, e, write
from simulators.camera.gb28181.tasks import end
from simulators.platform.lower_platform import DATE_IN_UTC, NO_Y

NOT_CHALLENGED = defect("platform-does-not-challenge", "Whoever comes is registered unasked.")
ANY_PASSWORD = defect("platform-takes-any-password", "Any answer to the challenge is right.")
ANY_NONCE = defect(
    "platform-takes-any-nonce",
    "The digest is checked with the nonce that the device names itself.",
    "wvp-GB28181-pro DigestServerAuthenticationHelper",
)
ANY_DEVICE = defect("platform-takes-any-device", "A device that nobody entered is registered.")
CONSTANT_NONCE = defect("platform-nonce-constant", "Every challenge has the same nonce.")
EXPIRY_LONGER = defect("platform-grants-more", "The registration granted is longer than asked.")
KEEPALIVE_REFUSED = defect("platform-refuses-keepalive", "Keepalives of the registered meet 403.")
FAREWELL_REFUSED = defect("platform-refuses-farewell", "A REGISTER with Expires 0 meets 400.")
REFRESH_REFUSED = defect("platform-refuses-refresh", "Who is registered may not register again.")
WRONG_CHECKSUM = defect("platform-ptz-checksum-wrong", "The last byte of PTZCmd is one too many.")
SN_ZERO = defect("platform-sn-zero", "Every question has SN 0.", "GB28181/VAG.Node")
NO_SUBJECT = defect("platform-sends-no-subject", "The INVITE has no Subject.")
SUBJECT_OF_ANOTHER = defect("platform-subject-of-another", "Subject names another camera.")
WRONG_KIND_OF_Y = defect("platform-y-of-history", "y= of live view begins with 1.")
NO_ACK = defect("platform-sends-no-ack", "The 200 to an INVITE is not acknowledged.")
NO_BYE = defect("platform-sends-no-bye", "A session is left as it is.")
ANSWERS_REFUSED = defect("platform-refuses-answers", "The device's answers meet 400.")
RTSP_BROKEN = defect("platform-playback-control-broken", "INFO has a body that is no MANSRTSP.")

_EIGHT_HOURS = 28_800
#: A recorder may still have the last half-hour in hand, hardly the day before.
_DAY_S = 86_400
_CLIP_S = 600
#: Long enough for a device to have begun to send.
_WATCH_S = 0.15
_ASK_S = 30.0


class UpperPlatform:
    """Registrar of devices, which it asks everything once.

    Args:
        address: where it listens.
        server_id: its 20 digits.
        passwords: of the devices that were entered, by id.
        behaviours: names of defects.
        port: of SIP; 0 for any.
        server_tls: for a TLS port beside it.
        time_source: what it takes for the time.
    """

    def __init__(
        self,
        address: str,
        server_id: str,
        passwords: dict[str, str],
        *,
        behaviours: Sequence[str] = (),
        port: int = 0,
        server_tls: ssl.SSLContext | None = None,
        time_source: TimeSource | None = None,
    ) -> None:
        self.server_id = server_id
        self.domain = server_id[:10]
        self.endpoint = SipEndpoint(
            address,
            port,
            on_request=self._on_request,
            server_tls=server_tls,
            tls_port=None if server_tls is None else 0,
        )
        self.done = asyncio.Event()
        self._passwords = passwords
        self._behaviours = frozenset(behaviours)
        self._time = time_source or SystemTime()
        self._nonces: set[str] = set()
        self._constant = secrets.token_hex(8)
        self._online: set[str] = set()
        self._ssrcs = SsrcAllocator(server_id)
        self._sn = random.randrange(1000, 9000)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. OSError: the port cannot be had."""
        await self.endpoint.start()

    async def stop(self) -> None:
        """Close."""
        await end(list(self._tasks))
        await self.endpoint.stop()

    def _has(self, behaviour: str) -> bool:
        return behaviour in self._behaviours

    # What devices say

    def _on_request(self, incoming: IncomingRequest) -> None:
        method = incoming.request.method
        if method == "REGISTER":
            self._register(incoming)
        elif method == "MESSAGE":
            incoming.respond(self._heard(incoming.request))
        elif method == "BYE":
            incoming.respond(200)
        elif method != "ACK":
            incoming.respond(405)

    def _heard(self, request: SipRequest) -> int:
        if b"<CmdType>Keepalive<" in request.body:
            return 403 if self._has(KEEPALIVE_REFUSED) else 200
        return 400 if self._has(ANSWERS_REFUSED) else 200

    def _register(self, incoming: IncomingRequest) -> None:
        try:
            device = from_of(incoming.request).uri.user
        except ProtocolError:
            incoming.respond(400)
            return
        expires = expires_of(incoming.request)
        expires = 3600 if expires is None else expires
        if device not in self._passwords and not self._has(ANY_DEVICE):
            incoming.respond(404)
        elif not self._has(NOT_CHALLENGED) and not self._proves(incoming.request, device):
            incoming.respond(401, headers=[("WWW-Authenticate", self._challenge())])
        elif expires == 0 and self._has(FAREWELL_REFUSED):
            incoming.respond(400)
        elif expires and device in self._online and self._has(REFRESH_REFUSED):
            incoming.respond(403)
        else:
            self._welcome(incoming, device, expires)

    def _challenge(self) -> str:
        nonce = self._constant if self._has(CONSTANT_NONCE) else secrets.token_hex(8)
        self._nonces.add(nonce)
        return f'Digest realm="{self.domain}", nonce="{nonce}", algorithm=MD5'

    def _proves(self, request: SipRequest, device: str) -> bool:
        given = request.headers.get("Authorization")
        if given is None:
            return False
        try:
            credentials = parse_authorization(given)
            password = self._passwords.get(device) or next(iter(self._passwords.values()))
            right = digest_response(credentials, password, "REGISTER") == credentials.response
        except ProtocolError:
            return False
        known = credentials.nonce in self._nonces or self._has(ANY_NONCE)
        return known and (right or self._has(ANY_PASSWORD))

    def _welcome(self, incoming: IncomingRequest, device: str, expires: int) -> None:
        shift = _EIGHT_HOURS if self._has(DATE_IN_UTC) else 0
        granted = expires * 2 if self._has(EXPIRY_LONGER) else expires
        headers = [("Contact", one) for one in incoming.request.headers.get_all("Contact")[:1]]
        headers += [
            ("Expires", str(granted)),
            ("Date", format_gb_date(self._time.now() - shift)),
        ]
        incoming.respond(200, headers=headers)
        new = device not in self._online
        if not expires:
            self._online.discard(device)
            return
        self._online.add(device)
        if new and device in self._passwords and not self.done.is_set():
            task = asyncio.get_running_loop().create_task(self._ask_all(device, incoming.peer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # What it asks

    async def _ask_all(self, device: str, peer: Peer) -> None:
        """Everything once; a device that does not answer is not asked the same again."""
        begin = int(self._time.now()) - _DAY_S
        finish = begin + _CLIP_S
        channel = f"{device[:10]}131{device[13]}{(int(device[14:]) * 1100 + 1) % 1_000_000:06d}"
        span = [e("StartTime", _local(begin)), e("EndTime", _local(finish))]
        turn = [e("PTZCmd", self._ptz(ptz.move(pan=40)))]
        still = [e("PTZCmd", self._ptz(ptz.stop()))]
        steps: list[Callable[[], Awaitable[object]]] = [
            lambda: self._tell(device, peer, "Query", "Catalog", []),
            lambda: self._tell(device, peer, "Query", "DeviceInfo", []),
            lambda: self._tell(device, peer, "Query", "DeviceStatus", []),
            lambda: self._tell(device, peer, "Control", "DeviceControl", turn),
            lambda: self._tell(device, peer, "Control", "DeviceControl", still),
            lambda: self._watch(channel, peer, "Play", 0, 0),
            lambda: self._tell(device, peer, "Query", "RecordInfo", span),
            lambda: self._watch(channel, peer, "Playback", begin, finish),
        ]
        for step in steps:
            with contextlib.suppress(OSError, TimeoutError, ProtocolError):
                await step()
        self.done.set()

    def _ptz(self, command: ptz.PtzCommand) -> str:
        data = command.to_bytes()
        last = (data[7] + self._has(WRONG_CHECKSUM)) % 256
        return (data[:7] + bytes((last,))).hex().upper()

    async def _tell(
        self, device: str, peer: Peer, kind: str, command: str, fields: list[Element]
    ) -> None:
        self._sn += 1
        sn = "0" if self._has(SN_ZERO) else str(self._sn)
        body = write(kind, command, sn, device, fields, Writing())
        await self._request("MESSAGE", device, peer, (), CONTENT_TYPE, body)

    async def _request(
        self,
        method: str,
        target: str,
        peer: Peer,
        headers: Sequence[tuple[str, str]],
        content_type: str,
        body: bytes,
    ) -> tuple[SipRequest, SipResponse]:
        address = f"{self.endpoint.address}:{self.endpoint.port}"
        request = self.endpoint.new_request(
            method,
            f"sip:{target}@{peer.host}:{peer.port}",
            from_=f"<sip:{self.server_id}@{self.domain}>",
            to=f"<sip:{target}@{self.domain}>",
            contact=f"<sip:{self.server_id}@{address}>",
            headers=headers,
            content_type=content_type,
            body=body,
        )
        return request, await self.endpoint.request(request, peer, timeout=_ASK_S)

    async def _watch(self, channel: str, peer: Peer, name: str, start: int, stop: int) -> None:
        """INVITE, ACK, a short look, and for a recording a pause; BYE."""
        history = name != "Play"
        ssrc = self._ssrcs.allocate(history=history or self._has(WRONG_KIND_OF_Y))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind((self.endpoint.address, 0))
            offer = build_offer(
                owner=self.server_id,
                address=self.endpoint.address,
                port=media.getsockname()[1],
                ssrc=None if self._has(NO_Y) else ssrc,
                name=name,
                channel=channel,
                start=start,
                stop=stop,
            )
            kind = str(int(history)) + format_y(ssrc)[1:]
            shown = f"{channel[:-1]}9" if self._has(SUBJECT_OF_ANOTHER) else channel
            subject = ("Subject", f"{shown}:{kind},{self.server_id}:0")
            headers = () if self._has(NO_SUBJECT) else (subject,)
            request, answer = await self._request("INVITE", channel, peer, headers, SDP, offer)
            if answer.status != 200:
                return
            dialog = Dialog.from_uac(request, answer)
            if self._has(NO_ACK):
                return
            self.endpoint.send(dialog.request("ACK"), peer)
            await asyncio.sleep(_WATCH_S)
            if history:
                await self._steer(dialog, peer)
            if not self._has(NO_BYE):
                await self.endpoint.request(dialog.request("BYE"), peer, timeout=_ASK_S)

    async def _steer(self, dialog: Dialog, peer: Peer) -> None:
        body = b"STOP" if self._has(RTSP_BROKEN) else pause(1).to_bytes()
        request = dialog.request("INFO", body=body, content_type=MANSRTSP)
        await self.endpoint.request(request, peer, timeout=_ASK_S)


def _local(posix: int) -> str:
    return re.sub(r"\.\d+$", "", format_gb_date(posix))
