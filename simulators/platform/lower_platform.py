"""A lower platform: cameras register on it, and it registers with an upper platform (9.1, 9.5).

To its cameras it is a registrar that calls them; to the upper platform it is a device whose catalog
lists them, which tells of their states and passes their pictures on.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.gb28181.sdp import CONTENT_TYPE, build_offer
from protocols.gb28181.ssrc import format_y
from protocols.gb28181.subject import Subject
from protocols.http_digest import digest_response, parse_authorization
from protocols.sip.dates import format_gb_date
from protocols.sip.endpoint import IncomingRequest, Peer, SipEndpoint
from protocols.sip.fields import expires_of, from_of
from protocols.sip.message import SipRequest
from simulators.behaviours import defect
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.inventory import Entry
from simulators.camera.gb28181.markup import Element, Order, e, read
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.state import CameraState
from simulators.platform.camera_call import CameraCall

NO_CAMERA = defect(
    "no-camera-registered", "No camera is registered on the platform: its catalog lists them OFF."
)
NO_Y = defect(
    "quirk-04-upper-platform-sends-no-y",
    "The platform's INVITE has no y=: the lower side has to choose.",
    "wvp-GB28181-pro#620, #678, #679, #750",
)
DATE_IN_UTC = defect(
    "quirk-37-date-in-utc", "The Date of registration answers is UTC.", "wvp-GB28181-pro#1700"
)
DOMAIN_IN_URI = defect(
    "quirk-38-request-uri-with-domain",
    "The Request-URI holds the domain instead of address and port.",
    "wvp-GB28181-pro SIPRequestProcessorParent",
)
STATES_WRONG = defect(
    "quirk-39-catalog-states-wrong",
    "Catalog notifications tell ON for cameras that are off, and the reverse.",
    "wvp-GB28181-pro settings (Hikvision platform)",
)
ALWAYS_FORBIDDEN = defect(
    "quirk-49-forbidden-for-ever",
    "A registration with a password of its own is answered with 403 for ever.",
    "wvp-GB28181-pro#1358 (Huawei)",
)

_EIGHT_HOURS = 28_800
_KEEPALIVES = 3


@dataclass
class Member:
    """One camera of the platform: when it runs out, when it was heard, and where it is."""

    name: str
    expires: float = 0.0
    heard: float = 0.0
    peer: Peer | None = None
    nonce: str = ""


class LowerPlatform:
    """Registrar of its cameras and device of the upper platform.

    Args:
        state: address, clock and behaviours of the platform.
        settings: how it registers with the upper one; ``device_id`` is the platform's own ID.
        cameras: name of each camera by its ID.
        password_of: the SIP password of a camera.
        port: where cameras register; 0 for any.
        keepalive_s: interval that cameras are expected to keep.
    """

    def __init__(
        self,
        state: CameraState,
        settings: GbSettings,
        cameras: Mapping[str, str],
        password_of: Callable[[str], str],
        *,
        port: int = 5060,
        keepalive_s: float = 60.0,
    ) -> None:
        self.state = state
        self.members = {one: Member(name) for one, name in cameras.items()}
        self.upward = GbDevice(state, settings, entries=self._entries, live=self._call)
        self.endpoint = SipEndpoint(state.address, port, on_request=self._on_request)
        self._settings = settings
        self._password_of = password_of
        self._keepalive_s = keepalive_s
        self._ssrcs = itertools.count(int(f"0{settings.device_id[3:8]}0001"))

    async def start(self) -> None:
        """Listen for cameras and register upwards. OSError: a port cannot be had."""
        await self.endpoint.start()
        await self.upward.start()

    async def stop(self) -> None:
        """Leave the upper platform and close."""
        await self.upward.stop()
        await self.endpoint.stop()

    def online(self, camera: str) -> bool:
        """Whether a camera is registered and heard of."""
        member, now = self.members[camera], asyncio.get_running_loop().time()
        silent = now - member.heard > _KEEPALIVES * self._keepalive_s
        return member.expires > now and not silent and not self.state.has(NO_CAMERA)

    def _entries(self) -> list[Entry]:
        """The catalog: the platform itself and its cameras."""
        own, upper = self._settings.device_id, self._settings.server_id
        found = [Entry(own, _item(own, "下级平台", upper, "ON"))]
        for camera, member in self.members.items():
            online = self.online(camera)
            status = "ON" if online else "OFF"
            told = "ON" if online is not self.state.has(STATES_WRONG) else "OFF"
            found.append(Entry(camera, _item(camera, member.name, own, status), online, told))
        return found

    def _call(self, camera: str) -> CameraCall:
        """A call to a camera that is there. OSError: no port is free."""
        peer = self.members[camera].peer
        assert peer is not None
        ordered = None if self.state.has(NO_Y) else next(self._ssrcs)

        def invitation(port: int) -> SipRequest:
            return self._invitation(camera, peer, port, ordered)

        return CameraCall(self.endpoint, invitation, peer, self.upward.spawn)

    def _invitation(self, camera: str, peer: Peer, port: int, ssrc: int | None) -> SipRequest:
        own, domain = self._settings.device_id, self._settings.device_id[:10]
        there = domain if self.state.has(DOMAIN_IN_URI) else f"{peer.host}:{peer.port}"
        return self.endpoint.new_request(
            "INVITE",
            f"sip:{camera}@{there}",
            from_=f"<sip:{own}@{domain}>",
            to=f"<sip:{camera}@{domain}>",
            contact=f"<sip:{own}@{self.endpoint.address}:{self.endpoint.port}>",
            headers=[("Subject", str(Subject(camera, format_y(ssrc or 0), own)))],
            content_type=CONTENT_TYPE,
            body=build_offer(
                owner=own, address=self.endpoint.address, port=port, ssrc=ssrc, formats=["PS"]
            ),
        )

    def _on_request(self, incoming: IncomingRequest) -> None:
        request = incoming.request
        if request.method == "REGISTER":
            self._register(incoming)
        elif request.method == "MESSAGE":
            incoming.respond(self._heard(incoming))
        elif request.method == "OPTIONS":
            incoming.respond(200)
        elif request.method != "ACK":
            incoming.respond(405)

    def _register(self, incoming: IncomingRequest) -> None:
        try:
            camera = from_of(incoming.request).uri.user
        except ProtocolError:
            incoming.respond(400)
            return
        if camera not in self.members or self.state.has(ALWAYS_FORBIDDEN):
            incoming.respond(403)
            return
        member = self.members[camera]
        given = incoming.request.headers.get("Authorization")
        if given is None or not self._proves(given, camera, member.nonce):
            member.nonce = secrets.token_hex(8)
            challenge = f'Digest realm="{self._settings.device_id[:10]}", nonce="{member.nonce}"'
            incoming.respond(401, headers=[("WWW-Authenticate", f"{challenge}, algorithm=MD5")])
            return
        seconds = expires_of(incoming.request)
        seconds = 3600 if seconds is None else seconds
        now = asyncio.get_running_loop().time()
        was_online = self.online(camera)
        member.expires, member.heard, member.peer = now + seconds, now, incoming.peer
        shift = _EIGHT_HOURS if self.state.has(DATE_IN_UTC) else 0
        date = format_gb_date(self.state.clock.now() - shift)
        incoming.respond(200, headers=[("Expires", str(seconds)), ("Date", date)])
        if self.online(camera) is not was_online:
            self.upward.spawn(self._tell(camera))

    async def _tell(self, camera: str) -> None:
        await self.upward.subscriptions.tell_state(camera)

    def _proves(self, given: str, camera: str, nonce: str) -> bool:
        try:
            credentials = parse_authorization(given)
            expected = digest_response(credentials, self._password_of(camera), "REGISTER")
        except ProtocolError:
            return False
        return credentials.nonce == nonce and secrets.compare_digest(
            expected.encode(), credentials.response.lower().encode()
        )

    def _heard(self, incoming: IncomingRequest) -> int:
        """Take a keepalive into account; the status of the answer."""
        try:
            order: Order = read(incoming.request.body)
            camera = from_of(incoming.request).uri.user
        except ProtocolError:
            return 400
        now = asyncio.get_running_loop().time()
        member = self.members.get(camera)
        if member is None or member.expires <= now:
            return 403
        if order.command == "Keepalive":
            member.heard = now
        return 200


def _item(device: str, name: str, parent: str, status: str) -> Element:
    return e(
        "Item",
        [
            e("DeviceID", device),
            e("Name", name),
            e("Manufacturer", "Tantou"),
            e("Model", "SIM-P"),
            e("Owner", "Owner"),
            e("CivilCode", device[:6]),
            e("Address", "西安市碑林区南门 1 号"),
            e("Parental", 0 if device[10:13] in ("131", "132") else 1),
            e("ParentID", parent),
            e("SafetyWay", 0),
            e("RegisterWay", 1),
            e("Secrecy", 0),
            e("Status", status),
        ],
    )
