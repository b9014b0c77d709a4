"""The desk: every camera visited once per kind, side by side, each within a hard bound.

One camera sees one visit at a time, but for what waits for its signalling while pictures are taken.

What a device or the network does becomes the recording's problem; anything else is a fault of
the harness and is raised as such.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, TypeVar

from assessment.reason import Reason
from assessment.recording import Recording
from protocols.errors import ProtocolError
from protocols.lateness import Lateness
from targets.camera import CameraTarget
from targets.errors import VisitProblem
from visits.acquaintance import PICTURES, TALK, Acquaintance
from visits.alarm_output import record_alarm_output
from visits.circumstances import Circumstances, Lengths, Visit
from visits.clock import record_clock
from visits.description import record_description
from visits.draft import Draft
from visits.events import EVENT_KINDS, EVENT_RECORDERS, planned_events
from visits.gate import Gate
from visits.gb28181.kinds import GB28181_RECORDERS
from visits.gb28181.plan import planned_gb28181
from visits.imaging import IMAGING_KINDS, IMAGING_RECORDERS, planned_imaging
from visits.lens import planned_lens, record_lens
from visits.online import record_online
from visits.passwords import record_passwords
from visits.platform.kinds import PLATFORM_INTRUSIVE, PLATFORM_RECORDERS, REGISTERING
from visits.platform.plan import planned_platform
from visits.power import planned_power, record_power
from visits.snapshot import record_snapshot
from visits.stream import record_stream
from visits.white_light import record_white_light

Recorder = Callable[[Visit], Awaitable[None]]
Progress = Callable[[str, CameraTarget, Recording], None]
T = TypeVar("T")
#: Kinds that change or try something on the device; they need ``Circumstances.intrusive``.
INTRUSIVE = frozenset({"passwords", "alarm-output", "lens", *IMAGING_KINDS, *PLATFORM_INTRUSIVE})
#: Kinds that are worth doing after the password was refused.
_WITHOUT_LOGIN = frozenset({"online", "clock", "passwords", "wire"})
#: Kinds whose answers say the same when they are read late.
_TIMELESS = frozenset(
    {
        *("description", "snapshot", "passwords", "power", "wire"),
        *("platform:absence", "platform:crossing", "platform:docking", "platform:pages"),
        *("platform:regions", "platform:rights", "platform:tokens", "platform:wire"),
    }
)
#: Kinds in which the device comes to us; whether it accepts a login of ours has no bearing.
BY_REGISTRATION = "gb28181:"
_WORKERS = 32
#: What a person at a vendor's client may take for the tasks of one visit.
_BY_A_PERSON_S = 7_200.0


class RecordingStore(Protocol):
    """Where recordings are kept as they are made."""

    def find(self, kind: str, subject: str) -> Recording | None:
        """The recording of ``kind`` of ``subject``, if there is one."""

    def save(self, recording: Recording) -> Recording:
        """Commit ``recording`` and return it as it is kept."""


class NotRecorded(LookupError):  # noqa: N818 - a circumstance of judging again, not an error
    """No such recording is kept, and no visit is allowed now."""


class VisitsBroken(Exception):  # noqa: N818 - says what broke: the harness's own visits
    """The harness itself broke on some cameras.

    Attributes:
        faults: what was raised, by point.
        recordings: of the cameras on which it did not.
    """

    def __init__(
        self, kind: str, faults: Mapping[str, Exception], recordings: Mapping[str, Recording]
    ) -> None:
        first = next(iter(faults.values()))
        super().__init__(f"{kind}: {len(faults)} visits broke, first: {type(first).__name__}")
        self.faults = dict(faults)
        self.recordings = dict(recordings)
        self.__cause__ = first


def _streams(variant: str) -> Recorder:
    async def record(visit: Visit) -> None:
        await record_stream(visit, variant)

    return record


#: Every kind of visit that this room knows, by name.
RECORDERS: Mapping[str, Recorder] = {
    "description": record_description,
    "snapshot": record_snapshot,
    "clock": record_clock,
    "white-light": record_white_light,
    "online": record_online,
    "passwords": record_passwords,
    "alarm-output": record_alarm_output,
    "power": record_power,
    "lens": record_lens,
    **IMAGING_RECORDERS,
    **EVENT_RECORDERS,
    **GB28181_RECORDERS,
    **PLATFORM_RECORDERS,
    **{
        f"stream:{variant}": _streams(variant)
        for variant in ("day", "night", "sub", "codec-h264", "codec-h265", "codec-mjpeg")
    },
}


def planned_seconds(kind: str, lengths: Lengths) -> float:
    """How long a visit takes by plan, when the device is prompt."""
    if kind in ("stream:day", "stream:night"):
        return lengths.main
    if kind.startswith(BY_REGISTRATION):
        return planned_gb28181(kind, lengths)
    if kind in EVENT_KINDS:
        return planned_events(lengths)
    if kind in IMAGING_KINDS:
        return planned_imaging(lengths)
    if kind in PLATFORM_RECORDERS:
        return planned_platform(kind, lengths)
    return {
        "clock": 2 * lengths.clock,
        "online": lengths.online_polls * (lengths.online_interval + 12.0),
        "passwords": 3 * lengths.candidates * (lengths.candidate_interval + 2.0),
        "white-light": 3 * (lengths.lamp_settles + lengths.lamp),
        "lens": planned_lens(lengths),
        "power": planned_power(lengths),
    }.get(kind, lengths.other)


class VisitDesk:
    """Visits cameras and remembers. Use as a context manager, or ``close`` it.

    Args:
        store: where recordings are found and kept.
        circumstances: what every visit is given.
        at_once: how many cameras are visited at the same time.
        allow_visits: whether a recording that is not kept is made; else ``NotRecorded``.
        recorders: further kinds of visit by name.
    """

    def __init__(
        self,
        store: RecordingStore,
        circumstances: Circumstances | None = None,
        *,
        at_once: int = 32,
        allow_visits: bool = True,
        recorders: Mapping[str, Recorder] | None = None,
    ) -> None:
        self._store = store
        self._circumstances = circumstances or Circumstances()
        self._gate = Gate(at_once)
        self._allow_visits = allow_visits
        self._recorders = {**RECORDERS, **(recorders or {})}
        self._cameras: dict[str, Acquaintance] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def visit(self, kind: str, camera: CameraTarget) -> Recording:
        """The recording of ``kind`` of ``camera``: kept from before, or made now.

        Raises:
            NotRecorded: it is not kept and visits are not allowed.
            KeyError: there is no such kind.
            Exception: the harness broke.
        """
        recorder = self._recorders[kind]
        known = self._cameras.setdefault(camera.point, Acquaintance())
        async with known.alone(kind):
            kept = await asyncio.to_thread(self._store.find, kind, camera.point)
            if kept is not None:
                return kept
            if not self._allow_visits:
                raise NotRecorded(f"{kind} of {camera.point}")
            planned = planned_seconds(kind, self._circumstances.lengths)
            async with self._gate.passed(max(known.left_s, planned)):
                made = await self._make(kind, camera, recorder, known)
            return await asyncio.to_thread(self._store.save, made)

    async def _make(
        self, kind: str, camera: CameraTarget, recorder: Recorder, known: Acquaintance
    ) -> Recording:
        draft = Draft(kind, camera.point, self._circumstances.time_source)
        platform = self._circumstances.gb28181
        if platform is not None and camera.device_id and _meets_registrar(kind):
            try:
                await platform.start()
            except OSError as fault:
                detail = f"{platform.settings.address}: {fault.strerror or type(fault).__name__}"
                return draft.seal(Reason("visit.unreachable", {"detail": detail}))
        if camera.only_registers and not _by_registration(kind):
            return draft.seal(Reason("visit.needs-onvif"))
        if kind in INTRUSIVE and not self._circumstances.intrusive:
            return draft.seal(Reason("visit.needs-intrusive", {"what": kind}))
        barred = known.refused or (known.streams_refused and _takes_streams(kind))
        if barred and kind not in _WITHOUT_LOGIN and not kind.startswith(BY_REGISTRATION):
            # One try of a wrong password for the whole run: a second might lock the account.
            return draft.seal(Reason("visit.unauthorised", {"where": "earlier visit"}))
        visited = camera.without_password() if barred else camera
        visit = Visit(
            visited, known.media(visited, self._circumstances), self._circumstances, draft
        )
        bound = self._circumstances.lengths.visit + planned_seconds(
            kind, self._circumstances.lengths
        )
        at_hand = self._circumstances.platforms.get(camera.point)
        if at_hand is not None and at_hand.target.access.adapter == "attended":
            bound += _BY_A_PERSON_S
        begun = self._circumstances.time_source.now()
        async with Lateness() as lateness:
            problem = await _bounded(recorder(visit), bound)
        if kind not in _TIMELESS:
            ended = self._circumstances.time_source.now()
            elsewhere = self._circumstances.late_elsewhere(begun, ended)
            draft.facts["harness_late_s"] = round(max(lateness.worst_s, elsewhere), 3)
        if kind not in TALK:  # pictures may be taken over these connections just now
            visit.client.close()
            visit.client.transcript = None
        if _password_refused(problem, draft) and camera.user:
            known.refuse(streams_only=visit.client.logged_in)
        return draft.seal(problem)

    def begin(
        self,
        kinds: Mapping[str, Sequence[str]],
        cameras: Iterable[CameraTarget],
        progress: Progress | None = None,
    ) -> None:
        """Start visiting ``cameras`` in the background, each for its ``kinds`` in their order.

        Whoever asks for one of these visits later finds it kept, or waits for it. A fault of the
        harness is not raised here but when somebody asks. ``progress`` is called in the
        background thread.
        """
        cameras = list(cameras)
        self._expect(cameras)
        for camera in cameras:
            wanted = kinds.get(camera.point, ())
            if wanted:
                round_trip = self._round(camera, wanted, progress)
                asyncio.run_coroutine_threadsafe(round_trip, self._running())

    def _expect(self, cameras: Sequence[CameraTarget]) -> None:
        """Listen for the cameras that register, so that they are there when they are asked."""
        platform = self._circumstances.gb28181
        # The operator's platform registers only while a visit has it do so.
        registering = [
            camera.device_id
            for camera in cameras
            if camera.device_id and camera.scheme != "platform"
        ]
        if platform is None or not registering or not self._allow_visits:
            return
        for identifier in registering:
            platform.device(identifier)
        asyncio.run_coroutine_threadsafe(platform.start(), self._running())

    async def _round(
        self, camera: CameraTarget, kinds: Sequence[str], progress: Progress | None
    ) -> None:
        lengths = self._circumstances.lengths
        known = self._cameras.setdefault(camera.point, Acquaintance())
        known.left_s = sum(planned_seconds(kind, lengths) for kind in kinds)

        async def each(some: Iterable[str]) -> None:
            for kind in some:
                try:
                    recording = await self.visit(kind, camera)
                except Exception:  # noqa: BLE001 - whoever asks for this visit meets the fault
                    continue
                finally:
                    known.left_s -= planned_seconds(kind, lengths)
                if progress is not None:
                    progress(kind, camera, recording)

        for beside, some in itertools.groupby(kinds, lambda kind: kind in TALK | PICTURES):
            if beside:
                lanes = list(some)
                await asyncio.gather(
                    each(kind for kind in lanes if kind in TALK),
                    each(kind for kind in lanes if kind in PICTURES),
                )
            else:
                await each(some)

    def visit_all(
        self, kind: str, cameras: Iterable[CameraTarget], progress: Progress | None = None
    ) -> dict[str, Recording]:
        """Visit ``cameras`` side by side from a thread without an event loop.

        ``progress`` is called here, in the calling thread, as each recording is there.

        Raises:
            NotRecorded: as ``visit``.
            VisitsBroken: the harness broke on some cameras; the others were visited.
        """
        running = {
            asyncio.run_coroutine_threadsafe(self.visit(kind, camera), self._running()): camera
            for camera in cameras
        }
        recordings: dict[str, Recording] = {}
        faults: dict[str, Exception] = {}
        try:
            for future in concurrent.futures.as_completed(running):
                camera = running[future]
                try:
                    recordings[camera.point] = future.result()
                except Exception as fault:  # noqa: BLE001 - raised below, with the others done
                    faults[camera.point] = fault
                else:
                    if progress is not None:
                        progress(kind, camera, recordings[camera.point])
        finally:
            for future in running:
                future.cancel()
        missing = [one for one in faults.values() if isinstance(one, NotRecorded)]
        if missing:
            raise missing[0]
        if faults:
            raise VisitsBroken(kind, faults, recordings)
        return {camera.point: recordings[camera.point] for camera in running.values()}

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work()`` in the desk's own event loop and wait for it."""

        async def awaited() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(awaited(), self._running()).result()

    def _running(self) -> asyncio.AbstractEventLoop:
        """The event loop in the background, started when first needed."""
        if self._loop is None:
            # The selector loop on every system: only it can watch UDP sockets.
            self._loop = asyncio.SelectorEventLoop()
            self._loop.set_default_executor(
                concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="visits")
            )
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="visits", daemon=True
            )
            self._thread.start()
        return self._loop

    def close(self) -> None:
        """End all visits and the event loop."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        if self._circumstances.gb28181 is not None:
            stopping = self._circumstances.gb28181.stop()
            asyncio.run_coroutine_threadsafe(stopping, self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def __enter__(self) -> VisitDesk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def _bounded(work: Awaitable[None], seconds: float) -> Reason | None:
    """Why ``work`` could not be done, ``None`` when it was; faults of ours are raised."""
    try:
        async with asyncio.timeout(seconds) as bound:
            await work
    except VisitProblem as problem:
        return problem.reason
    except ProtocolError as fault:
        return Reason("visit.malformed", {"where": "answer", "detail": str(fault)})
    except TimeoutError:
        if not bound.expired():
            raise
        return Reason("visit.timeout", {"seconds": seconds, "waiting_for": "visit"})
    return None


def _by_registration(kind: str) -> bool:
    """Whether a visit of this kind can be made to a device that only registers."""
    return kind.startswith(BY_REGISTRATION) or kind in ("clock", "online", "lens", *EVENT_KINDS)


def _meets_registrar(kind: str) -> bool:
    """Whether a device that registers is met there in a visit of this kind."""
    return not kind.startswith("platform:") or kind in REGISTERING


def _takes_streams(kind: str) -> bool:
    taking = ("white-light", "online", "lens", *IMAGING_KINDS)
    return kind.startswith("stream:") or kind in taking


def _password_refused(problem: Reason | None, draft: Draft) -> bool:
    """Whether this visit learnt that the password is wrong."""
    refusals = [problem.code if problem is not None else ""]
    refusals += [str(poll.get("detail")) for poll in draft.facts.get("polls", ())]
    return "visit.unauthorised" in refusals


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
