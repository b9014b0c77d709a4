"""Who asks: WS-UsernameToken and HTTP digest, judged on the camera's own clock."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from xml.etree.ElementTree import Element

from protocols.errors import ProtocolError
from protocols.http_digest import DigestGuard, parse_authorization
from simulators.behaviours import defect, variant
from simulators.camera.clock import told_second
from simulators.camera.onvif.markup import NAMESPACES
from simulators.camera.onvif.soap import NotAuthorizedError, SoapError
from simulators.camera.onvif.timing import posix_of
from simulators.camera.state import CameraState

WSSE_ONLY = variant("wsse-only", "Only the WS-UsernameToken is accepted, no HTTP digest.")
HTTP_DIGEST_ONLY = variant("http-digest-only", "Only HTTP digest is accepted, no WS-UsernameToken.")
ANONYMOUS = defect("onvif-anonymous", "Every ONVIF operation is served without a password.")

LOCKS_OUT = variant(
    "locks-after-5", "After five wrong passwords an account is locked for a minute (HTTP 403)."
)

LOCK_TRIES = 5
LOCK_S = 60.0
TOLERANCE_S = 300.0
"""How far the creation time of a token may lie from the camera's own clock."""

_REMEMBERED_NONCES = 256
_LONGEST_NONCE = 128
_REMEMBERED_ACCOUNTS = 64


class Access(IntEnum):
    """Access classes of ONVIF Core 5.12.1, as the least level of user that each needs."""

    PRE_AUTH = 0
    USER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3


LEVELS = {
    "Anonymous": Access.PRE_AUTH,
    "User": Access.USER,
    "Operator": Access.OPERATOR,
    "Administrator": Access.ADMINISTRATOR,
}


class LockedError(NotAuthorizedError):
    """The account is locked, even for the right password."""

    def __init__(self) -> None:
        super().__init__("the account is locked")


Passwords = Callable[[str], str | None]


class Guard:
    """Checks credentials and remembers the nonces of tokens that were used."""

    def __init__(self, state: CameraState) -> None:
        self._state = state
        self._digest = DigestGuard("Tantou camera", algorithms=("MD5", "SHA-256"))
        self._nonces: OrderedDict[str, float] = OrderedDict()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def challenges(self, *, stale: bool = False) -> list[str]:
        """The WWW-Authenticate headers to send, none when digest is not offered."""
        if self._state.has(WSSE_ONLY):
            return []
        now = self._state.clock.monotonic()
        return [challenge.build() for challenge in self._digest.challenges(now, stale=stale)]

    def user_of_digest(self, header: str, method: str, passwords: Passwords) -> str:
        """The user that an HTTP Authorization header proves.

        Raises:
            NotAuthorizedError: it proves none; the reason ``stale`` asks for a new nonce.
        """
        if self._state.has(WSSE_ONLY):
            raise NotAuthorizedError("HTTP digest is not offered")
        try:
            user = parse_authorization(header).user
        except ProtocolError:
            raise NotAuthorizedError("the Authorization header is not understood") from None
        password = passwords(user)
        verdict = "refused"
        if password is not None:
            now = self._state.clock.monotonic()
            verdict = self._digest.verify(header, method, password, now)
        self._judge(user, right=verdict != "refused")
        if verdict == "stale":
            raise NotAuthorizedError("stale")
        return user

    def user_of_token(self, token: Element, passwords: Passwords) -> str:
        """The user that a ``wsse:UsernameToken`` proves (digest or plain text).

        Raises:
            NotAuthorizedError: it proves none, is too old or too new, or was used before.
        """
        user = (token.findtext("wsse:Username", "", NAMESPACES)).strip()
        password = passwords(user)
        field = token.find("wsse:Password", NAMESPACES)
        given = (field.text or "").strip() if field is not None else ""
        hashed = field is not None and field.get("Type", "").endswith("#PasswordDigest")
        nonce = token.findtext("wsse:Nonce", "", NAMESPACES).strip()
        created = token.findtext("wsu:Created", "", NAMESPACES).strip()
        expected = password or ""
        if hashed:
            expected = _token_digest(nonce, created, expected)
        right = hmac.compare_digest(given.encode(), expected.encode())
        self._judge(user, right=right and password is not None)
        if hashed:
            self._fresh(created, nonce)
        return user

    def _judge(self, user: str, *, right: bool) -> None:
        """Let a right password pass, and count the wrong ones of an account."""
        now = self._state.clock.monotonic()
        tries, last = self._wrong.pop(user, (0, 0.0))
        if now - last >= LOCK_S:
            tries = 0
        if self._state.has(LOCKS_OUT) and tries >= LOCK_TRIES:
            self._wrong[user] = (tries, last)
            raise LockedError
        if right:
            return
        self._wrong[user] = (tries + 1, now)
        while len(self._wrong) > _REMEMBERED_ACCOUNTS:
            self._wrong.popitem(last=False)
        raise NotAuthorizedError("the credentials are refused")

    def _fresh(self, created: str, nonce: str) -> None:
        try:
            moment = posix_of(created)
        except SoapError:
            raise NotAuthorizedError("the creation time of the token is not understood") from None
        # A client that follows the told time is let in even where what is told as UTC is wrong.
        clocks = (self._state.clock.now(), told_second(self._state.clock, self._state.behaviours))
        if all(abs(moment - clock) > TOLERANCE_S for clock in clocks):
            raise NotAuthorizedError("the token was created too long ago or in the future")
        if nonce in self._nonces:
            raise NotAuthorizedError("the token was used before")
        self._nonces[nonce] = moment
        while len(self._nonces) > _REMEMBERED_NONCES:
            self._nonces.popitem(last=False)


def _token_digest(nonce: str, created: str, password: str) -> str:
    """Base64 of SHA-1 over nonce, creation time and password (OASIS UsernameToken 1.0)."""
    try:
        if len(nonce) > _LONGEST_NONCE:
            raise NotAuthorizedError("the nonce is too long")
        raw = base64.b64decode(nonce, validate=True)
    except binascii.Error:
        raise NotAuthorizedError("the nonce is not base64") from None
    proof = hashlib.sha1(raw + created.encode() + password.encode(), usedforsecurity=False)
    return base64.b64encode(proof.digest()).decode()
