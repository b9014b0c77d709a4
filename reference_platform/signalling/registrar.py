"""Who may register, and what a registration is answered (GB/T 28181-2016 9.1, RFC 3261 10, 22).

A device that is not known and one with a wrong password are answered alike: a challenge, then 403.
So nobody learns which devices exist, and no device turns in circles between 401 and 401.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from protocols.errors import ProtocolError
from protocols.gb28181.identifiers import is_twenty_digits
from protocols.sip.authentication import challenge_header, check_authorization, credentials_of
from protocols.sip.dates import format_gb_date
from protocols.sip.endpoint import IncomingRequest
from protocols.sip.fields import expires_of, from_of, to_of
from reference_platform.behaviours import defect
from reference_platform.signalling.devices import Registered
from reference_platform.signalling.directory import KnownDevice

if TYPE_CHECKING:
    from reference_platform.signalling.server import SignallingServer

DATE_IN_UTC = defect(
    "date-in-utc",
    "The Date of registration answers is UTC: cameras that adopt it are eight hours slow.",
    "wvp-GB28181-pro#1700, #1997, #1269",
)
ANY_DIGEST = defect(
    "accepts-any-digest",
    "A registration with any digest response is accepted.",
    "wvp-GB28181-pro#1267, #2034",
)
UNKNOWN_DEVICE = defect(
    "accepts-unknown-device",
    "A device that nobody entered may register.",
    "wvp-GB28181-pro#214, #2054",
)

#: The longest registration, and what a device gets that asks for nothing (9.1.1).
LONGEST_EXPIRES = 86_400
#: How long a challenge may be answered.
NONCE_SECONDS = 60.0
_EIGHT_HOURS = 28_800
_RETRY_S = 60
#: Wrong passwords for one id from one host in a minute; then nothing more is looked at.
_MOST_WRONG = 10
_MOST_REMEMBERED = 10_000


class Registrar:
    """Answers REGISTER; keeps a secret of its own, and who guesses passwords."""

    def __init__(self, server: SignallingServer) -> None:
        self._server = server
        self._secret = secrets.token_bytes(32)
        self._wrong: dict[tuple[str, str], list[float]] = {}

    async def register(self, incoming: IncomingRequest) -> None:
        """Answer one REGISTER."""
        request, server = incoming.request, self._server
        try:
            identifier = to_of(request).uri.user
            expires = expires_of(request)
            sender = from_of(request).uri.user
        except ProtocolError:
            incoming.respond(400)
            return
        if sender != identifier:
            incoming.respond(403)
            return
        credentials = credentials_of(request)
        if credentials is None:
            self._challenge(incoming, identifier)
            return
        if self._guesses(incoming.peer.host, identifier):
            incoming.respond(403, headers=[("Retry-After", str(_RETRY_S))])
            return
        fresh = self._is_fresh(credentials.nonce, identifier)
        known = await server.directory.device(identifier) if is_twenty_digits(identifier) else None
        if known is None and server.has(UNKNOWN_DEVICE):
            known = KnownDevice(identifier)
        elif known is None or known.protocol != "gb28181" or not known.password:
            await self._refuse(incoming, identifier, "unknown")
            return
        elif not self._proves(incoming, known, credentials.nonce):
            await self._refuse(incoming, identifier, "wrong-password")
            return
        device = server.devices.get(identifier)
        if not fresh or (device is not None and device.used_nonce == credentials.nonce):
            self._challenge(incoming, identifier, stale=True)
            return
        if device is not None and self._is_second(incoming, device):
            await self._refuse(incoming, identifier, "second-device")
            return
        self._accept(incoming, known, credentials.nonce, expires)

    def _challenge(
        self, incoming: IncomingRequest, identifier: str, *, stale: bool = False
    ) -> None:
        """Ask for proof: MD5, as every device knows it; SHA-256 first of those of 2022."""
        realm, nonce = self._server.realm, self._nonce(identifier)
        headers = [challenge_header(realm, nonce, algorithm="MD5", stale=stale)]
        if _is_of_2022(incoming):
            headers.insert(0, challenge_header(realm, nonce, algorithm="SHA-256", stale=stale))
        incoming.respond(401, headers=headers)

    def _nonce(self, identifier: str) -> str:
        """A challenge that needs no memory: when it was made, for whom, and our seal."""
        made = f"{int(self._server.time.monotonic() * 1000):012x}{secrets.token_hex(4)}"
        return made + self._seal(made, identifier)

    def _seal(self, made: str, identifier: str) -> str:
        content = f"{made}|{identifier}".encode()
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()[:24]

    def _is_fresh(self, nonce: str, identifier: str) -> bool:
        """Whether a nonce is ours, for this device and of late."""
        made, seal = nonce[:20], nonce[20:]
        if not hmac.compare_digest(seal.encode(), self._seal(made, identifier).encode()):
            return False
        age = self._server.time.monotonic() - int(made[:12], 16) / 1000
        return age <= NONCE_SECONDS

    def _proves(self, incoming: IncomingRequest, known: KnownDevice, nonce: str) -> bool:
        """Whether the digest proves the device's password."""
        if self._server.has(ANY_DIGEST):
            return True
        realm = self._server.realm
        check = check_authorization(incoming.request, known.password, realm=realm, nonce=nonce)
        return check.accepted and known.user in ("", check.user)

    def _is_second(self, incoming: IncomingRequest, device: Registered) -> bool:
        """Whether a device with this id is online from elsewhere: a moved one keeps its Call-ID."""
        if not device.online or not self._server.devices.alive(device):
            return False
        call = incoming.request.headers.get("Call-ID") or ""
        return incoming.peer.host != device.peer.host and call != device.call_id

    def _guesses(self, host: str, identifier: str) -> bool:
        """Whether too many wrong passwords came from there of late."""
        now = self._server.time.monotonic()
        times = [one for one in self._wrong.get((host, identifier), []) if now - one < _RETRY_S]
        return len(times) >= _MOST_WRONG

    def _guessed(self, host: str, identifier: str) -> None:
        now = self._server.time.monotonic()
        if len(self._wrong) >= _MOST_REMEMBERED:
            self._wrong.clear()
        times = self._wrong.setdefault((host, identifier), [])
        times.append(now)
        del times[:-_MOST_WRONG]

    async def _refuse(self, incoming: IncomingRequest, identifier: str, why: str) -> None:
        if why != "second-device":
            self._guessed(incoming.peer.host, identifier)
        incoming.respond(403, headers=[("Retry-After", str(_RETRY_S))])
        await self._server.registration_refused(identifier, incoming.peer.host, why)

    def _accept(
        self, incoming: IncomingRequest, known: KnownDevice, nonce: str, expires: int | None
    ) -> None:
        request, server = incoming.request, self._server
        granted = LONGEST_EXPIRES if expires is None else min(expires, LONGEST_EXPIRES)
        shift = -_EIGHT_HOURS if server.has(DATE_IN_UTC) else 0
        headers = [("Contact", one) for one in request.headers.get_all("Contact")[:1]]
        headers.append(("Expires", str(granted)))
        headers.append(("Date", format_gb_date(server.time.now() + shift)))
        of_2022 = _is_of_2022(incoming)
        if of_2022:
            headers.append(("X-GB-Ver", "3.0"))
        incoming.respond(200, headers=headers)
        if not granted:
            server.devices.unregister(known.id)
            return
        now = server.time.monotonic()
        call = (request.headers.get("Call-ID") or "")[:128]
        device = Registered(
            known.id, incoming.peer, now + granted, now, call, edition_2022=of_2022,
            used_nonce=nonce,
        )  # fmt: skip
        if of_2022:
            device.charset = "GB18030"
        if server.devices.register(device):
            server.greet(device)


def _is_of_2022(incoming: IncomingRequest) -> bool:
    """Whether a device says that it follows the edition of 2022."""
    return (incoming.request.headers.get("X-GB-Ver") or "").strip().startswith("3")
