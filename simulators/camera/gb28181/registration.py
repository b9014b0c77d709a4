"""Registration with the SIP server: digest, refresh, keepalive, the platform's time (clause 9.1,
9.6, 9.10)."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Protocol

from protocols.errors import ProtocolError
from protocols.http_digest import Challenge, authorization, parse_challenges
from protocols.sip.dates import parse_gb_date
from protocols.sip.fields import expires_of
from protocols.sip.message import SipResponse
from simulators.behaviours import defect
from simulators.camera.clock import CameraClock
from simulators.camera.gb28181 import quirks
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.gb28181.tasks import end
from simulators.camera.state import CameraState

IGNORES_401 = defect("ignores-401", "Challenged, the device sends REGISTER without credentials on.")
WRONG_DIGEST = defect("wrong-digest", "The digest response is wrong.")
NEVER_REFRESHES = defect("never-refreshes", "The registration is never refreshed.")
ID_NOT_20_DIGITS = defect("id-not-20-digits", "The device registers under 18 digits.")
REALM_IGNORED = defect("realm-ignored", "The digest uses a realm of the device's own.")
UNREGISTER_IGNORED = defect(
    "unregister-ignored",
    "Told to leave the platform, the device sends no Expires 0 and goes on with keepalives.",
)
NO_KEEPALIVE = defect("no-keepalive", "No keepalive is ever sent.")
IRREGULAR_KEEPALIVE = defect(
    "irregular-keepalive", "Keepalives come at 0.3 and then 2.4 times the interval that is set."
)
WRONG_KEEPALIVE_ID = defect(
    "wrong-device-id-in-keepalive", "The DeviceID in keepalives is another device's."
)
LOSS_IGNORED = defect(
    "platform-loss-ignored",
    "Keepalives that get no answer are sent on for ever; the device never registers anew.",
)
FORGOTTEN_IGNORED = defect(
    "forgotten-ignored",
    "Keepalives answered 403 are sent on for ever; the device never registers anew.",
)
DATE_IGNORED = defect("date-header-ignored", "The Date of the registration answer is ignored.")
DATE_AS_UTC = defect("timezone-wrong", "The Date of the registration answer is taken for UTC.")

_REFRESH_SHARE = 0.7
_LOSSES = 3
_STORM_S = 0.05
_EIGHT_HOURS = 28_800
_WAYWARD = (0.3, 2.4, 0.3, 1.8)


class Signalling(Protocol):
    """What registration needs of the device."""

    async def register(
        self, expires: int, credentials: Callable[[str, str], str] | None
    ) -> SipResponse:
        """Send a REGISTER; ``credentials`` gives the Authorization for a method and URI.

        Raises:
            OSError, TimeoutError: nobody answers.
        """

    async def keepalive(self, timeout: float) -> SipResponse:
        """Send a keepalive. Raises as ``register``."""

    def drop_connection(self) -> None:
        """Close the connection that SIP goes over, if it has one."""

    def begin_anew(self) -> None:
        """Register as if never before: the device has restarted."""


class Registration:
    """The loop of one device: out, registering, in.

    Attributes:
        wanted: whether the device shall be registered.
        online: whether the last registration was accepted and has not run out or been lost.
        accepted, failed: count registrations that were accepted, and those that were not.
    """

    def __init__(
        self, state: CameraState, settings: Callable[[], GbSettings], signalling: Signalling
    ) -> None:
        self._state = state
        self._settings = settings
        self._signalling = signalling
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._losses = 0
        self._lost = False
        self._sent_away = -math.inf
        self._keepalives: set[asyncio.Task[None]] = set()
        self.wanted = True
        self.online = False
        self.accepted = self.failed = 0

    def start(self) -> None:
        """Begin."""
        self._task = self._loop.create_task(self._run())

    async def stop(self, *, farewell_s: float = 1.0) -> None:
        """Leave the platform, waiting for its answer at most ``farewell_s``, and end."""
        await self._end_task()
        if self.online:
            await self._leave(farewell_s)

    async def set_wanted(self, wanted: bool) -> None:
        """Register, or leave the platform (an operator's hand at the device)."""
        self.wanted = wanted
        self._changed.set()

    def renew(self) -> None:
        """Register anew at once: the device was set up differently, or is not known any more."""
        self._lost = True
        self._changed.set()

    async def fall_silent(self, seconds: float, *, farewell: bool) -> None:
        """Say nothing for a while, with or without a ``farewell``, then register anew."""
        await self._end_task()
        if farewell:
            await self._leave(1.0)
        self.online = False
        self._signalling.begin_anew()
        await asyncio.sleep(seconds)
        self.start()

    async def _end_task(self) -> None:
        await end([self._task, *self._keepalives])
        self._task = None

    async def _run(self) -> None:
        while True:
            if not self.wanted:
                if self.online:
                    await self._part()
                if not self.wanted:  # it may be wanted again by now
                    await self._pause(None)
                continue
            self._lost = False
            granted = await self._enter()
            if granted is None:
                self.online = False
                self.failed += 1
                await self._pause(self._settings().retry_s)
            else:
                await self._stay(granted)

    async def _part(self) -> None:
        """Leave because somebody wants it."""
        if self._state.has(UNREGISTER_IGNORED):
            self._lost = False
            await self._stay(float("inf"), unwanted=True)
            self.online = not self.wanted and self.online
            return
        await self._leave(5.0)

    async def _leave(self, patience: float) -> None:
        self.online = False
        with contextlib.suppress(OSError, TimeoutError, ProtocolError):
            async with asyncio.timeout(patience):
                await self._exchange(0)

    async def _pause(self, seconds: float | None) -> None:
        """Wait, at most until somebody changes something."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _enter(self) -> float | None:
        """Register: the seconds granted, or None when refused or unanswered."""
        asked = int(self._settings().register_expires_s)
        try:
            answer = await self._exchange(asked)
        except (OSError, TimeoutError, ProtocolError):
            self._signalling.drop_connection()
            return None
        if answer.status != 200:
            return None
        self._adopt(answer)
        self.online = True
        self.accepted += 1
        self._losses = 0
        if self._state.has(quirks.STORM):
            return _STORM_S
        granted = expires_of(answer)
        return float(min(asked, granted)) if granted else float(asked)

    async def _exchange(self, expires: int) -> SipResponse:
        """REGISTER with what credentials there are; the answer that counts."""
        answer = await self._signalling.register(expires, None)
        for _ in range(2):
            if answer.status != 401 or self._state.has(IGNORES_401):
                return answer
            challenge = _challenge_of(answer)
            if challenge is None:
                return answer
            if self._state.has(quirks.NEEDS_ALGORITHM) and not challenge.algorithm:
                return answer
            answer = await self._signalling.register(expires, self._credentials(challenge))
            stale = _challenge_of(answer) if answer.status == 401 else None
            if stale is None or not stale.stale:
                return answer
        return answer

    def _credentials(self, challenge: Challenge) -> Callable[[str, str], str]:
        settings = self._settings()
        password = settings.password
        if self._state.has(WRONG_DIGEST):
            password = f"not-{password[::-1]}"
        if self._state.has(REALM_IGNORED):
            challenge = Challenge(
                challenge.scheme,
                "surveillance",
                challenge.nonce,
                challenge.algorithm,
                challenge.qop,
                challenge.opaque,
            )

        def make(method: str, uri: str) -> str:
            return authorization(challenge, settings.user, password, method, uri)

        return make

    def _adopt(self, answer: SipResponse) -> None:
        """Set the clock by the platform's Date, unless the clock has a fault of its own."""
        own = self._state.clock
        text = answer.headers.get("Date")
        if text is None or self._state.has(DATE_IGNORED) or not isinstance(own, CameraClock):
            return
        if own.behaviours:
            return
        try:
            posix, _ = parse_gb_date(text)
        except ProtocolError:
            return
        own.run_free()
        own.set(posix + (_EIGHT_HOURS if self._state.has(DATE_AS_UTC) else 0))

    async def _stay(self, granted: float, *, unwanted: bool = False) -> None:
        """Keep alive and refresh until the registration is lost or not wanted."""
        begun = self._loop.time()
        refresh = begun + granted * _REFRESH_SHARE
        keepalive, number = begun, 0
        while not self._lost and self.wanted is not unwanted:
            keepalive_at = float("inf") if self._silent() else keepalive
            refresh_at = float("inf") if self._never_refreshes() else refresh
            now = self._loop.time()
            if refresh_at <= now:
                granted_anew = await self._enter()
                if granted_anew is None:
                    return
                refresh = self._loop.time() + granted_anew * _REFRESH_SHARE
            elif keepalive_at <= now:
                self._send_keepalive()
                keepalive = max(now, keepalive + self._interval(number))
                number += 1
            else:
                wait = min(refresh_at, keepalive_at, now + 1.0) - now
                await self._pause(wait)

    def _silent(self) -> bool:
        return self._state.has(NO_KEEPALIVE) or self._state.has(quirks.KEEPALIVE_MISSING)

    def _never_refreshes(self) -> bool:
        return self._state.has(NEVER_REFRESHES) or self._state.has(quirks.NO_RENEWAL)

    def _interval(self, number: int) -> float:
        seconds = self._settings().keepalive_s
        if self._state.has(IRREGULAR_KEEPALIVE):
            return seconds * _WAYWARD[number % len(_WAYWARD)]
        return seconds

    def _send_keepalive(self) -> None:
        task = self._loop.create_task(self._keep_alive())
        self._keepalives.add(task)
        task.add_done_callback(self._keepalives.discard)

    async def _keep_alive(self) -> None:
        patience = min(32.0, max(1.0, self._settings().keepalive_s))
        try:
            answer = await self._signalling.keepalive(patience)
        except (OSError, TimeoutError, ProtocolError):
            self._losses += 1
            if self._losses >= _LOSSES and not self._state.has(LOSS_IGNORED):
                self._signalling.drop_connection()
                self.renew()
            return
        self._losses = 0
        now = self._loop.time()
        if self._state.has(FORGOTTEN_IGNORED):
            return
        if answer.status in (403, 404) and now - self._sent_away > self._settings().keepalive_s / 2:
            # Not at every refusal: a platform that refuses for ever would be registered with
            # without a pause.
            self._sent_away = now
            self.renew()


def _challenge_of(answer: SipResponse) -> Challenge | None:
    """The first digest challenge of a 401 that can be answered."""
    with contextlib.suppress(ProtocolError):
        values = answer.headers.get_all("WWW-Authenticate")
        return next((one for one in parse_challenges(values) if one.usable), None)
    return None
