"""The harness as a camera towards somebody's platform: what it does there, and what it records.

A simulated, compliant camera does the talking. Before it registers, the platform is tried: with a
REGISTER without credentials, with an answer to a challenge that it never sent and, with leave,
with a wrong password and an unknown device. Nothing is judged here.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

from protocols.errors import ProtocolError
from protocols.http_digest import Challenge, authorization, parse_challenges
from protocols.sip.capture import write_conversation
from protocols.sip.endpoint import IncomingRequest
from protocols.sip.message import SipResponse
from protocols.sip.passed import PassedMessage
from protocols.time_source import SystemTime
from simulators.camera.gb28181.device import GbDevice
from simulators.camera.gb28181.pictures import clip_of
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.gb28181.stream_faults import clip_spec
from simulators.camera.gb28181.wire import Wire
from simulators.camera.state import CameraState
from targets.errors import NETWORK_FAULTS, VisitProblem, problem_of
from visits.draft import Draft
from visits.gb28181.script import CONVERSATION, PCAPNG, Step, problem_fact

KIND = "gb28181:device-side"
_MOST_MESSAGES = 50_000
_ANSWER_S = 10.0
_REGISTER_S = 25.0
_FAREWELL_S = 5.0
#: How often a state of the device is looked at while it is waited for.
_LOOK_S = 0.02

Proof = Callable[[str, str], str]


class DeviceSide:
    """One stay at a platform.

    Args:
        settings: as an installer would type them into the camera's page.
        address: of the camera: this machine's as the platform sees it.
        seconds: how long the platform is given to ask for things.
        intrusive: whether a wrong password and an unknown device may be tried.
        reference: bound of this machine's clock error, as facts have it.
        told: called with ``registered`` when the platform took the camera, and with each of the
            platform's requests as it comes.
    """

    def __init__(
        self,
        settings: GbSettings,
        address: str,
        *,
        seconds: float,
        intrusive: bool = False,
        reference: Mapping[str, Any] | None = None,
        told: Callable[[str | PassedMessage], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._state = CameraState(address, settings.device_id)
        self._seconds = seconds
        self._intrusive = intrusive
        self._told = told
        self._time = SystemTime()
        self._messages: deque[PassedMessage] = deque(maxlen=_MOST_MESSAGES)
        self._steps: list[Step] = []
        self._enough = asyncio.Event()
        self._greeted = False
        self.draft = Draft(KIND, settings.server_id, self._time)
        self.draft.facts |= {
            "edition": settings.edition,
            "charset": settings.charset,
            "intrusive": intrusive,
            "identifiers": [settings.device_id, *self._parts()],
            "server": {
                "id": settings.server_id,
                "domain": settings.domain,
                "address": settings.server_address,
                "port": settings.server_port,
            },
            "device": {"id": settings.device_id, "address": address},
            "transport": settings.transport,
            "reference": dict(reference or {"error_s": None, "source": "unknown"}),
            "steps": self._steps,
        }

    def _parts(self) -> tuple[str, ...]:
        own = self._settings
        parts = (own.alarm_input_id, own.alarm_output_id, own.microphone_id, own.speaker_id)
        return (*own.channel_ids(), *parts)

    def enough(self) -> None:
        """The platform has asked for all that it shall: do not wait any longer."""
        self._enough.set()

    async def record(self) -> None:
        """Fill the draft as docs/recordings.md describes.

        Raises:
            VisitProblem: the platform cannot be reached, or never answers.
        """
        try:
            await self._try_unregistered()
            # Made beforehand, so that an invitation is answered at once.
            await clip_of(clip_spec(self._state))
            await self._stay()
        finally:
            self.draft.keep(CONVERSATION, write_conversation(self._messages), PCAPNG)

    # Before it registers

    async def _try_unregistered(self) -> None:
        settings = self._settings
        async with self._stranger(settings) as wire:
            answer = await self._ask("challenge", lambda: wire.register(_expires(settings), None))
            challenge = _challenge_of(answer)
            if answer.status == 200:
                await self._farewell(wire, None)
            elif challenge is not None:
                forged = replace(challenge, nonce=secrets.token_hex(16), opaque="")
                proof = _proof(forged, settings.user, settings.password)
                answer = await self._ask(
                    "forged-nonce", lambda: wire.register(_expires(settings), proof)
                )
                if answer.status == 200:
                    await self._farewell(wire, proof)
        if self._intrusive:
            wrong = secrets.token_urlsafe(9)
            await self._stranger_registers("wrong-password", replace(settings, password=wrong))
            unknown = replace(settings, device_id=_another(settings.device_id))
            await self._stranger_registers("unknown-id", unknown)

    async def _stranger_registers(self, name: str, settings: GbSettings) -> None:
        """Register once as a device with ``settings`` would; a registration is taken back."""
        expires = _expires(settings)
        async with self._stranger(settings) as wire:
            proof: Proof | None = None
            with self._step(name) as step, contextlib.suppress(*NETWORK_FAULTS):
                answer = await wire.register(expires, None)
                challenge = _challenge_of(answer)
                if challenge is not None:
                    proof = _proof(challenge, settings.user, settings.password)
                    answer = await wire.register(expires, proof)
                step["status"] = answer.status
            if expires and step["status"] == 200:
                await self._farewell(wire, proof)

    @asynccontextmanager
    async def _stranger(self, settings: GbSettings) -> AsyncIterator[Wire]:
        """A wire of its own, so that nothing of a trial is mixed with the registration."""
        own = replace(settings, local_port=0)
        wire = Wire(self._state, lambda: own, _deaf, lambda: None, self._passed)
        await wire.start()
        try:
            yield wire
        finally:
            await wire.stop()

    async def _farewell(self, wire: Wire, proof: Proof | None) -> None:
        """Take back a registration that should not have been accepted."""
        with self._step("taken-back"), contextlib.suppress(*NETWORK_FAULTS):
            answer = await wire.register(0, proof)
            challenge = _challenge_of(answer)
            if challenge is not None and proof is None:
                own = self._settings
                await wire.register(0, _proof(challenge, own.user, own.password))

    async def _ask(self, name: str, ask: Callable[[], Awaitable[SipResponse]]) -> SipResponse:
        """A REGISTER as a step.

        Raises:
            VisitProblem: no answer.
        """
        with self._step(name) as step:
            try:
                answer = await ask()
            except NETWORK_FAULTS as fault:
                raise problem_of(fault, waiting_for="REGISTER", seconds=_ANSWER_S) from fault
            step["status"] = answer.status
        return answer

    # Registered

    async def _stay(self) -> None:
        device = GbDevice(self._state, self._settings, passed=self._passed)
        try:
            with self._step("registration", registered=False) as step:
                try:
                    await device.start()
                except OSError as fault:
                    raise problem_of(fault, waiting_for="SIP") from fault
                registered = step["registered"] = await _turned_out(device, 0)
            if registered:
                await self._registered(device)
        finally:
            await device.stop()

    async def _registered(self, device: GbDevice) -> None:
        registration = device.registration
        assert registration is not None
        self._greet()
        with self._step("observation", seconds=self._seconds) as step:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._enough.wait()
            step["cut_short"] = self._enough.is_set()
        with self._step("refresh", registered=False) as step:
            before = registration.accepted
            registration.renew()
            step["registered"] = await _turned_out(device, before)
        if registration.online:
            with self._step("unregister"):
                await registration.stop(farewell_s=_FAREWELL_S)
        else:  # the platform may think otherwise, and is not left with a device that is gone
            leaving = replace(self._settings, register_expires_s=0)
            await self._stranger_registers("unregister", leaving)

    # Recording

    @contextmanager
    def _step(self, name: str, **fields: Any) -> Iterator[Step]:
        step: Step = {"name": name, "at": self._time.now(), "ended": None, "status": None, **fields}
        self._steps.append(step)
        try:
            yield step
        except VisitProblem as problem:
            step["problem"] = problem_fact(problem)
            raise
        finally:
            step["ended"] = self._time.now()

    def _passed(self, message: PassedMessage) -> None:
        self._messages.append(message)
        if not message.outbound and not message.data.startswith(b"SIP/"):
            self._greet()
            self._told(message)

    def _greet(self) -> None:
        """Tell that the platform took the camera: at its first request, if that is sooner."""
        if not self._greeted:
            self._greeted = True
            self._told("registered")


async def _turned_out(device: GbDevice, before: int) -> bool:
    """Whether a registration under way is accepted; it is when more than ``before`` were."""
    registration = device.registration
    assert registration is not None
    failed = registration.failed
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REGISTER_S):
            while registration.accepted <= before and registration.failed == failed:
                await asyncio.sleep(_LOOK_S)
    return registration.accepted > before


def _deaf(incoming: IncomingRequest) -> None:
    """A device that is not registered takes nothing from anybody."""
    incoming.respond(403)


def _proof(challenge: Challenge, user: str, password: str) -> Proof:
    """What makes an Authorization for a method and a URI."""
    return lambda method, uri: authorization(challenge, user, password, method, uri)


def _expires(settings: GbSettings) -> int:
    return int(settings.register_expires_s)


def _challenge_of(answer: SipResponse) -> Challenge | None:
    """The first challenge of a 401 that can be answered."""
    if answer.status != 401:
        return None
    with contextlib.suppress(ProtocolError):
        found = parse_challenges(answer.headers.get_all("WWW-Authenticate"))
        return next((one for one in found if one.usable), None)
    return None


def _another(identifier: str) -> str:
    """An identifier that differs in its last six digits, the serial number."""
    serial = (int(identifier[14:]) + 500_009) % 1_000_000
    return f"{identifier[:14]}{serial:06d}"
