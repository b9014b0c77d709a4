"""Who may register, and what a registration is answered (GB/T 28181-2016 9.1, RFC 3261 10)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from protocols.deviation import printable
from protocols.errors import ProtocolError
from protocols.sip.authentication import challenge_header, check_authorization
from protocols.sip.dates import format_gb_date
from protocols.sip.endpoint import IncomingRequest
from protocols.sip.fields import expires_of, to_of
from targets.credentials import Secret
from targets.gb28181.record import DeviceRecord, Event, RegisterAnswer

if TYPE_CHECKING:
    from targets.gb28181.device import RegisteredDevice
    from targets.gb28181.upper_platform import UpperPlatform

#: What is granted to a device that asks for nothing (9.1.1: 86400 s unless configured).
DEFAULT_EXPIRES = 86_400
_NONCE_SECONDS = 300.0
#: Devices that were challenged and never came back are forgotten beyond so many.
MAXIMUM_RECORDS = 200_000


class Registrar:
    """The registrations of one platform.

    Attributes:
        records: what is kept of each device that came and is known, by id.
    """

    def __init__(
        self, platform: UpperPlatform, password_of: Callable[[str], Secret | None]
    ) -> None:
        self.records: dict[str, DeviceRecord] = {}
        self._room_made_at = 0.0
        self._platform = platform
        self._password_of = password_of

    def register(self, incoming: IncomingRequest) -> None:
        """Answer one REGISTER."""
        request = incoming.request
        try:
            identifier = to_of(request).uri.user
            expires = expires_of(request)
        except ProtocolError:
            incoming.respond(400)
            return
        secret = self._password_of(identifier)
        device = self._platform.watched(identifier)
        if secret is None:
            self._note(device, incoming, "refused", "unknown id")
            incoming.respond(404)
            return
        record = self.records.get(identifier)
        if record is None:
            if len(self.records) >= MAXIMUM_RECORDS and not self._make_room(incoming.at):
                incoming.respond(503, headers=[("Retry-After", "60")])
                return
            record = self.records[identifier] = DeviceRecord()
        if device is not None:
            self._platform.located(device, incoming.peer)
            if device.policy.refuse:
                self._note(device, incoming, "refused", str(device.policy.refuse), expires)
                incoming.respond(device.policy.refuse)
                return
            if device.policy.trying:
                incoming.respond(100)
        self._check(incoming, identifier, record, device, secret, expires)

    def _make_room(self, now: float) -> bool:
        """Forget whoever was challenged and never came back; at most once a second."""
        if now - self._room_made_at < 1.0:
            return False
        self._room_made_at = now
        idle = [
            identifier
            for identifier, one in self.records.items()
            if not one.registered and now - one.nonce_at > _NONCE_SECONDS
        ]
        for identifier in idle:
            del self.records[identifier]
        return bool(idle)

    def _check(
        self,
        incoming: IncomingRequest,
        identifier: str,
        record: DeviceRecord,
        device: RegisteredDevice | None,
        secret: Secret,
        expires: int | None,
    ) -> None:
        """Whether the device knows its password; 401 when it has not said."""
        realm = self._platform.settings.own_realm
        check = check_authorization(
            incoming.request, secret.reveal(), realm=realm, nonce=record.nonce
        )
        if not check.present:
            plain = device is not None and device.policy.plain_challenge
            self._challenge(incoming, record, plain=plain)
            self._note(device, incoming, "challenged", seconds=expires)
            return
        if device is not None:
            device.answers.append(
                RegisterAnswer(incoming.at, incoming.request, check, realm, record.nonce)
            )
        if not check.nonce_matches or incoming.at - record.nonce_at > _NONCE_SECONDS:
            self._challenge(incoming, record, stale=check.correct)
            self._note(device, incoming, "challenged", "old nonce", expires)
            return
        if not check.accepted:
            self._note(device, incoming, "wrong-password", seconds=expires)
            self._challenge(incoming, record)
            return
        if device is not None and device.policy.stale_once:
            device.policy.stale_once = False
            self._challenge(incoming, record, stale=True)
            self._note(device, incoming, "stale", seconds=expires)
            return
        if self._is_second(incoming, record):
            self._note(device, incoming, "second-address", printable(incoming.peer.host))
            incoming.respond(403)
            return
        self._accept(incoming, identifier, record, device, expires)

    def _challenge(
        self,
        incoming: IncomingRequest,
        record: DeviceRecord,
        *,
        stale: bool = False,
        plain: bool = False,
    ) -> None:
        """401 without qop, and with an algorithm unless ``plain``: so every device knows it."""
        record.nonce = secrets.token_hex(16)
        record.nonce_at = incoming.at
        realm = self._platform.settings.own_realm
        algorithm = "" if plain else "MD5"
        header = challenge_header(realm, record.nonce, algorithm=algorithm, stale=stale)
        incoming.respond(401, headers=[header])

    def _is_second(self, incoming: IncomingRequest, record: DeviceRecord) -> bool:
        """Whether another device with this id is online from elsewhere."""
        if not record.registered or record.peer is None or record.expires_at < incoming.at:
            return False
        peer = incoming.peer
        end = self._platform.true_end(peer.transport, peer.host, peer.port)[0]
        elsewhere = record.host != end
        alive = incoming.at - record.last_seen < self._platform.offline_after
        call = incoming.request.headers.get("Call-ID") or ""
        return elsewhere and alive and call != record.call_id

    def _accept(
        self,
        incoming: IncomingRequest,
        identifier: str,
        record: DeviceRecord,
        device: RegisteredDevice | None,
        expires: int | None,
    ) -> None:
        request = incoming.request
        policy = device.policy if device is not None else None
        if expires is None:
            expires = DEFAULT_EXPIRES
        granted = expires
        if expires and policy is not None and policy.granted_expires is not None:
            granted = min(expires, policy.granted_expires)
        headers = [("Contact", one) for one in request.headers.get_all("Contact")[:1]]
        headers.append(("Expires", str(granted)))
        if policy is None or policy.send_date:
            shift = policy.date_shift_s if policy is not None else 0.0
            headers.append(("Date", format_gb_date(self._platform.time.now() + shift)))
        if version := request.headers.get("X-GB-Ver"):
            headers.append(("X-GB-Ver", version[:8]))
        incoming.respond(200, headers=headers)
        was = record.registered and record.expires_at > incoming.at
        record.registered = granted > 0
        record.peer = peer = incoming.peer
        record.host = self._platform.true_end(peer.transport, peer.host, peer.port)[0]
        record.expires_at = incoming.at + granted
        record.last_seen = incoming.at
        record.call_id = (request.headers.get("Call-ID") or "")[:128]
        record.user_agent = printable(request.headers.get("User-Agent") or "")
        record.gb_version = printable(version or "", 8)
        if policy is not None and granted:
            policy.forgotten = False
        what = "registered" if granted else "unregistered"
        self._note(device, incoming, what, f"granted {granted}", expires)
        if granted and not was and self._platform.on_registered is not None:
            self._platform.on_registered(identifier)

    @staticmethod
    def _note(
        device: RegisteredDevice | None,
        incoming: IncomingRequest,
        what: str,
        detail: str = "",
        seconds: int | None = None,
    ) -> None:
        if device is not None:
            device.note(Event(incoming.at, what, detail, seconds))
