"""What every GB/T 28181 visit does: wait for the device, note steps, keep the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from typing import Any

from protocols.sip.capture import write_conversation
from targets.errors import VisitProblem
from targets.gb28181 import RegisteredDevice
from targets.gb28181.exchange import Exchange, Fields
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import PCAP, Visit

CONVERSATION, PCAPNG = "conversation.pcapng", "application/x-pcapng"
Step = dict[str, Any]


class Script:
    """The steps of one visit.

    Attributes:
        device: the device that is visited.
        steps: as docs/recordings.md has them, in order.
    """

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.device: RegisteredDevice = visit.gb28181
        self.lengths = visit.lengths
        self.steps: list[Step] = []
        self._media = 0
        visit.facts["steps"] = self.steps

    @property
    def now(self) -> float:
        """Reference time."""
        return self.visit.time.now()

    @contextmanager
    def step(self, name: str, **fields: Any) -> Iterator[Step]:
        """One step; it ends when the block does, however it does."""
        step: Step = {"name": name, "at": self.now, "ended": None, **fields}
        self.steps.append(step)
        try:
            yield step
        finally:
            step["ended"] = self.now

    async def happened(self, what: str, since: float, seconds: float) -> bool:
        """Whether an event came within ``seconds``, counted from ``since`` on."""
        return await self.device.wait_for(lambda: self.device.since(since, what), seconds)

    # Asking

    async def ask(
        self, name: str, ask: Callable[[], Awaitable[Exchange]], **fields: Any
    ) -> Exchange:
        """A question as a step."""
        with self.step(name, sn=None, answered=False, **fields) as step:
            exchange = await ask()
            step |= {
                "sn": exchange.sn,
                "answered": exchange.answered,
                "status": exchange.status,
                "complete": exchange.complete,
                "result": exchange.result,
                "pages": len(exchange.pages),
            }
        return exchange

    async def catalog(self) -> Exchange:
        """Ask for the catalogue and learn the channels from it."""
        seconds = self.lengths.gb_answer
        return await self.ask("catalog", lambda: self.device.query("Catalog", seconds=seconds))

    async def status(self) -> Exchange:
        """Ask how the device is."""
        seconds = self.lengths.gb_answer
        return await self.ask(
            "device-status", lambda: self.device.query("DeviceStatus", seconds=seconds)
        )

    async def channel(self) -> str:
        """The channel whose video is asked for: a camera in the catalogue, else the device."""
        if not self.device.channels:
            await self.catalog()
        chosen = self.device.main_channel
        self.visit.facts["channel"] = chosen
        self.visit.facts["ptz_type"] = self.device.channels.get(chosen) or None
        return chosen

    async def command(
        self,
        what: str,
        fields: Fields,
        *,
        target: str = "",
        expected: str | None = None,
        answered: bool = False,
    ) -> Exchange:
        """A command as a step; ``answered`` when a Response is due (table of 9.3.1)."""
        element, value = next(iter(fields))
        shown = {"hex": value} if element == "PTZCmd" else {"element": element}
        with self.step("command", what=what, expected=expected, status=None, **shown) as step:
            exchange = await self.device.control(
                fields, target=target, seconds=self.lengths.gb_answer, wait=answered
            )
            step |= {"sn": exchange.sn, "status": exchange.status}
            if answered:
                step |= {"answered": exchange.answered, "result": exchange.result}
        return exchange

    async def rest(self, seconds: float) -> None:
        """Look on for a while."""
        with self.step("rest", seconds=seconds):
            await asyncio.sleep(seconds)

    # Media

    async def media(
        self,
        name: str,
        order: MediaOrder,
        during: Callable[[MediaSession, Step], Awaitable[None]],
        **fields: Any,
    ) -> MediaSession:
        """A media session as a step; its packets become a part."""
        self._media += 1
        part = f"media-{self._media}.pcap"
        with self.step(name, transport=order.transport, part=part, **fields) as step:
            session = MediaSession(self.device, order)
            step["ssrc"] = session.outcome.ssrc
            try:
                async with session:
                    step |= asdict(session.outcome)
                    if session.outcome.problem is None:
                        await during(session, step)
                        await session.end(self.lengths.gb_after_bye)
            finally:
                content = await asyncio.to_thread(session.to_pcap)
                step |= asdict(session.outcome)
                step["answer"] = session.answer is not None
                self.visit.draft.keep(part, content, PCAP)
        return session

    # Facts

    def describe(self) -> None:
        """Facts common to all these visits."""
        device, platform = self.device, self.device.platform
        record, settings = device.record, platform.settings
        peer = record.peer if record is not None else None
        host, port = (None, None) if peer is None else device.address
        self.visit.facts["device"] = {
            "id": device.id,
            "address": host,
            "port": port,
            "transport": peer.transport if peer is not None else None,
            "user_agent": record.user_agent if record is not None else "",
            "gb_version": record.gb_version if record is not None else "",
        }
        self.visit.facts["server"] = {
            "id": settings.server_id,
            "domain": settings.own_domain,
            "realm": settings.own_realm,
            "address": settings.address,
            "port": platform.port,
            "tls_port": platform.tls_port,
        }
        self.visit.facts.setdefault("keepalive_s", platform.keepalive_seconds)
        self.visit.facts.setdefault("keepalive_source", "agreed")


@asynccontextmanager
async def conversation(visit: Visit, *, from_the_first: bool = False) -> AsyncIterator[Script]:
    """A visit of a registered device; whatever happens, policy is reset and the talk is kept.

    Args:
        visit: the visit.
        from_the_first: keep all that was ever said, and leave waiting for the registration to
            the visit.

    Raises:
        VisitProblem: it is not known to register, or does not.
    """
    script = Script(visit)
    device = script.device
    started = 0.0 if from_the_first else visit.time.now()
    try:
        async with device.busy:
            if not from_the_first:
                await device.registered(visit.lengths.gb_come)
            await visit.note_reference()
            try:
                yield script
            finally:
                device.policy.reset()
    finally:
        script.describe()
        kept = [message for message in device.messages if message.at >= started]
        visit.draft.keep(CONVERSATION, write_conversation(kept), PCAPNG)


async def rigged(visit: Visit, what: str, state: str) -> str:
    """Have the rig do something at the device: ``rig``, or ``none`` when there is none.

    Raises:
        VisitProblem: the rig failed.
    """
    rig = visit.circumstances.gb28181_rig
    if rig is None:
        return "none"
    work: Callable[[str, Any], Awaitable[None]] = getattr(rig, what)
    await work(visit.camera.point, state)
    return "rig"


def problem_fact(problem: VisitProblem) -> dict[str, Any]:
    """A problem within a step."""
    reason = problem.reason
    return {"code": reason.code, "parameters": dict(reason.parameters)}
