"""A playing session: takes pictures and sound from their sources and sends them in time."""

from __future__ import annotations

import asyncio
import math
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulators.behaviours import defect
from simulators.camera import clock, overlay, stream_plan
from simulators.camera.encoders import ClipSpec
from simulators.camera.media_source import Source, open_source
from simulators.camera.packets import Packing, parameter_sets
from simulators.camera.rtp_track import RtpTrack
from simulators.camera.sound import Sound, sound_of
from simulators.camera.state import CameraState, EncoderSettings
from simulators.camera.stream_plan import Which

STALLS = defect("stall-after-play", "PLAY is answered with success and nothing is sent.")

TIMEOUT_S = 60
_REPORT_S = 2.0
_LOOK_ROUND_S = 0.2
_BURST = 40
_BETWEEN_BURSTS_S = 0.002
_NAME = "camera"
VIDEO_PAYLOAD_TYPES = {"H264": 96, "H265": 96, "JPEG": 26}


@dataclass(frozen=True)
class Stream:
    """What one URL of the camera shows: settings frozen when it was described."""

    state: CameraState
    which: Which
    settings: EncoderSettings
    footage: str = ""

    def plan(self, elapsed: float = 0.0) -> ClipSpec:
        """The clip shown now, ``elapsed`` seconds after PLAY."""
        spec = stream_plan.stream_plan(
            self.state,
            self.which,
            settings=self.settings,
            elapsed=elapsed,
            light_age=self.state.light_age,
            footage=self.footage,
        )
        return replace(spec, b_frames=0) if self.live else spec

    @property
    def live(self) -> bool:
        """Whether the camera's clock is burnt in as it runs."""
        return stream_plan.has_live_clock(self.state, self.which)

    @property
    def encoding(self) -> str:
        """The encoding that the session description tells."""
        return stream_plan.described_encoding(self.state, self.settings)

    @property
    def packing(self) -> Packing:
        """How pictures become packets."""
        return Packing(
            aggregate=self.state.has(stream_plan.AGGREGATED),
            sets_in_band=not self.state.has(stream_plan.SETS_IN_SDP),
        )

    def clock_text(self) -> str:
        """The text of the clock in the picture."""
        zone = clock.zone_seconds(self.state.behaviours)
        return overlay.clock_text(self.state.clock.now(), zone)

    async def open(self, spec: ClipSpec, origin: float) -> Source:
        """The source of pictures of ``spec``, beginning at media time ``origin``."""
        text = self.clock_text if self.live else None
        delivery = stream_plan.delivery(self.state, self.which)
        return await open_source(spec, self.packing, delivery, origin, text)

    async def prepare(self) -> tuple[bytes, ...]:
        """Have every clip that will be needed; returns the parameter sets of the first."""
        spec = self.plan()
        for foreseen in {spec, self.plan(elapsed=math.inf)}:
            await self.open(foreseen, 0.0)
        return await asyncio.to_thread(parameter_sets, spec, self.live)


class Session:
    """One RTSP session: tracks set up by the client, and the task that plays them."""

    def __init__(self, stream: Stream) -> None:
        self.identifier = secrets.token_hex(8)
        self.stream = stream
        self.sound: Sound | None = sound_of(stream.state)
        self.tracks: dict[str, RtpTrack] = {}
        self.heard = asyncio.get_running_loop().time()
        self._task: asyncio.Task[None] | None = None
        self._media_time = 0.0
        self._random = random.Random(self.identifier)

    def add_track(self, medium: str) -> RtpTrack:
        """The track of ``video`` or ``audio``, made when it is not there yet."""
        if medium not in self.tracks:
            if medium == "video":
                payload_type = VIDEO_PAYLOAD_TYPES[self.stream.encoding]
                self.tracks[medium] = RtpTrack(payload_type, 90_000, "trackID=0")
            else:
                assert self.sound is not None
                rate = self.sound.ticks / self.sound.packet_s
                self.tracks[medium] = RtpTrack(self.sound.format.payload_type, rate, "trackID=1")
        return self.tracks[medium]

    @property
    def media_time(self) -> float:
        """Media seconds played so far; the next picture begins here."""
        return self._media_time

    @property
    def playing(self) -> bool:
        """Whether packets are being sent."""
        return self._task is not None and not self._task.done()

    def alive(self) -> None:
        """The client gave a sign of life."""
        self.heard = asyncio.get_running_loop().time()

    def play(self, ended: Callable[[], None]) -> None:
        """Begin to send; ``ended`` is called when the client fell silent for too long."""
        if not self.playing:
            self._task = asyncio.get_running_loop().create_task(self._run(ended))

    async def pause(self) -> None:
        """Stop sending, keep the place."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def end(self) -> None:
        """Stop sending for good."""
        await self.pause()
        for track in self.tracks.values():
            track.end(_NAME)
        self.tracks.clear()

    async def _run(self, ended: Callable[[], None]) -> None:
        if self.stream.state.has(STALLS):
            return
        player = _Player(self, self._media_time, self._random)
        try:
            await player.run()
        finally:
            self._media_time = player.media_now()
        ended()


class _Player:
    """The loop of one PLAY: the earliest of picture, sound, report and look round comes next."""

    def __init__(self, session: Session, origin: float, chance: random.Random) -> None:
        self._session = session
        self._stream = session.stream
        self._loop = asyncio.get_running_loop()
        self._delivery = stream_plan.delivery(self._stream.state, self._stream.which)
        self._start = self._loop.time()
        self._origin = origin
        self._random = chance
        self._sound_number = 0
        self._last_left = 0.0

    def media_now(self) -> float:
        """Media time at this moment."""
        return self._origin + (self._loop.time() - self._start) * self._delivery.pace

    async def run(self) -> None:
        """Play until cancelled or the client has been silent for ``TIMEOUT_S``."""
        spec = self._stream.plan()
        source = await self._stream.open(spec, self._origin)
        self._start = self._loop.time()
        next_report = next_look = self._start
        opening: asyncio.Task[Source] | None = None
        try:
            while True:
                due = min(self._picture_due(source), self._sound_due(), next_report, next_look)
                await self._until(due)
                if due == next_report:
                    self._report()
                    next_report += _REPORT_S
                elif due == next_look:
                    next_look += _LOOK_ROUND_S
                    if self._loop.time() - self._session.heard > TIMEOUT_S:
                        return
                    if opening is not None and opening.done():
                        origin = source.leaves()
                        source, opening = opening.result(), None
                        source.origin = origin
                    wanted = self._stream.plan(due - self._start)
                    if opening is None and wanted != spec:
                        spec = wanted
                        opening = self._loop.create_task(self._stream.open(spec, 0.0))
                elif due == self._sound_due():
                    self._send_sound()
                else:
                    await self._send_picture(source)
        finally:
            if opening is not None:
                opening.cancel()

    def _picture_due(self, source: Source) -> float:
        if "video" not in self._session.tracks:
            return float("inf")
        return self._start + (source.leaves() - self._origin) / self._delivery.pace

    def _sound_due(self) -> float:
        sound = self._session.sound
        if sound is None or "audio" not in self._session.tracks:
            return float("inf")
        return self._start + self._sound_number * sound.packet_s / self._delivery.pace

    async def _until(self, moment: float) -> None:
        left = moment - self._loop.time()
        await asyncio.sleep(max(0.0, left))

    def _report(self) -> None:
        wall_clock = self._stream.state.clock.now()
        media_time = self.media_now()
        for track in self._session.tracks.values():
            track.report(wall_clock, media_time, _NAME)

    def _send_sound(self) -> None:
        sound = self._session.sound
        assert sound is not None
        payload = sound.payloads[self._sound_number % len(sound.payloads)]
        moment = self._origin + self._sound_number * sound.packet_s
        self._session.tracks["audio"].send([payload], moment, self._loses())
        self._sound_number += 1

    async def _send_picture(self, source: Source) -> None:
        taken = await source.next_picture()
        if self._delivery.jitter_s:
            await asyncio.sleep(self._random.uniform(0, self._delivery.jitter_s))
        track = self._session.tracks["video"]
        payloads = taken.payloads
        lost = self._loses()
        for start in range(0, len(payloads), _BURST):
            if start:
                await asyncio.sleep(_BETWEEN_BURSTS_S)
            ends = start + _BURST >= len(payloads)
            track.send(payloads[start : start + _BURST], taken.taken, lost, ends=ends)

    def _loses(self) -> Callable[[], bool] | None:
        share = self._delivery.loss
        return (lambda: self._random.random() < share) if share else None
