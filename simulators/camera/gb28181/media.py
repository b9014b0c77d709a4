"""A media session that sends: pictures and sound as a program stream in RTP, at the right time."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass

from protocols.mpeg_ps.build import NO_FLAWS, Flaws, ProgramStreamBuilder
from simulators.camera.gb28181.carriers import FramedCarrier, chunks
from simulators.camera.gb28181.pictures import CodedPicture, PictureSource
from simulators.camera.gb28181.tasks import end
from simulators.camera.rtp_track import Carrier, RtpTrack
from simulators.camera.sound import Sound

_PAYLOAD = 1400
_BURST = 40
_BETWEEN_BURSTS_S = 0.002
_REPORT_S = 2.0
_NAME = "camera"


@dataclass(frozen=True)
class StreamPlan:
    """What a session sends and how.

    Attributes:
        ssrc, payload_type: of its RTP packets.
        codec: ``H264`` or ``H265``.
        flaws: what is wrong with its program stream.
        end: media time at which it is over; infinite when live.
        keyless_s: seconds for which key pictures are left out.
        split_units: program stream headers and each NAL unit travel in RTP packets of their own.
        wrap_after_s: media time at which the 33-bit time stamps wrap, None for any.
        silent: sound is declared and not sent.
    """

    ssrc: int
    payload_type: int
    codec: str
    flaws: Flaws = NO_FLAWS
    end: float = math.inf
    keyless_s: float = 0.0
    split_units: bool = False
    wrap_after_s: float | None = None
    silent: bool = False


class MediaStream:
    """Sends one session's pictures and sound; its pace, place and pauses can be changed.

    Args:
        plan: what is sent.
        pictures: their source; its media time begins at 0.
        sound: None for none.
        wall_clock: the camera's clock, for sender reports.
        reopen: a source that begins at another media time, for seeks.
    """

    def __init__(
        self,
        plan: StreamPlan,
        pictures: PictureSource,
        sound: Sound | None,
        wall_clock: Callable[[], float],
        reopen: Callable[[float], PictureSource] | None = None,
    ) -> None:
        self.plan = plan
        self.pictures = pictures
        self.scale = 1.0
        self.paused = False
        self._sound = sound
        self._wall_clock = wall_clock
        self._reopen = reopen
        self._track = RtpTrack(plan.payload_type, 90_000, "")
        self._track.ssrc = plan.ssrc
        self._base = self._track.base
        if plan.wrap_after_s is not None:
            self._base = (1 << 33) - round(plan.wrap_after_s * 90_000)
            self._track.base = self._base & 0xFFFFFFFF
        name = sound.format.name if sound is not None else None
        self._sound = None if plan.silent else sound
        self._builder = ProgramStreamBuilder(plan.codec, name, flaws=plan.flaws)
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._anchor = (self._loop.time(), 0.0)
        self._sound_number = 0
        self._task: asyncio.Task[None] | None = None
        self._began = self._loop.time()

    @property
    def timestamp(self) -> int:
        """RTP timestamp of this moment's media time."""
        return self._track.timestamp(self.media_now())

    @property
    def sequence(self) -> int:
        """Number of the next RTP packet."""
        return self._track.sequence

    @property
    def sending(self) -> bool:
        """Whether the session is under way."""
        return self._task is not None and not self._task.done()

    def media_now(self) -> float:
        """Media time at this moment."""
        wall, media = self._anchor
        if self.paused:
            return media
        return media + (self._loop.time() - wall) * self.scale

    def start(self, carrier: Carrier, ended: Callable[[], None] | None = None) -> None:
        """Begin to send; ``ended`` is called when the media are over."""
        self._track.carrier = carrier
        self._began = self._loop.time()
        self._anchor = (self._began, self._anchor[1])
        self._task = self._loop.create_task(self._run(ended))

    async def stop(self) -> None:
        """Send no more and give up the carrier."""
        await end([self._task])
        self._track.end(_NAME)

    def pause(self) -> None:
        """Stand still."""
        self._hold(self.media_now())
        self.paused = True
        self._wake.set()

    def resume(self) -> None:
        """Go on from where it stands."""
        self.paused = False
        self._hold(self._anchor[1])

    def set_scale(self, scale: float) -> None:
        """Send ``scale`` seconds of media in a second."""
        self._hold(self.media_now())
        self.scale = scale
        self.resume()

    def seek(self, media_time: float) -> None:
        """Go on from another media time, with a key picture."""
        if self._reopen is None:
            return
        place = min(max(0.0, media_time), self.plan.end)
        self.pictures = self._reopen(place)
        if self._sound is not None:
            self._sound_number = math.ceil(place / self._sound.packet_s)
        self._hold(place)
        self.resume()

    def _hold(self, media_time: float) -> None:
        self._anchor = (self._loop.time(), media_time)
        self._wake.set()

    def _sound_due(self) -> float:
        return math.inf if self._sound is None else self._sound_number * self._sound.packet_s

    async def _run(self, ended: Callable[[], None] | None) -> None:
        next_report = self._loop.time()
        while True:
            if self.paused:
                await self._sleep(next_report)
            else:
                due = min(self.pictures.due(), self._sound_due())
                if due >= self.plan.end:
                    break
                wall, media = self._anchor
                if not await self._sleep(min(wall + (due - media) / self.scale, next_report)):
                    continue
            if self._loop.time() >= next_report:
                self._track.report(self._wall_clock(), self.media_now(), _NAME)
                next_report += _REPORT_S
            elif not self.paused:
                await self._send_due()
        if ended is not None:
            ended()

    async def _sleep(self, moment: float) -> bool:
        """Whether the moment came before anything changed."""
        self._wake.clear()
        left = moment - self._loop.time()
        if left <= 0:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._wake.wait()
            return False
        return True

    async def _send_due(self) -> None:
        if self._sound_due() <= self.pictures.due():
            self._send_sound()
            return
        source = self.pictures
        picture = await source.next_picture()
        if source is not self.pictures:
            return
        # A head that could not keep up has left pictures out: the sound of that time comes first.
        while self._sound_due() <= picture.taken:
            self._send_sound()
        if not self._left_out(picture):
            await self._send_picture(picture)

    def _send_sound(self) -> None:
        sound = self._sound
        assert sound is not None
        moment = self._sound_due()
        payload = sound.payloads[self._sound_number % len(sound.payloads)]
        self._sound_number += 1
        self._track.send(chunks(self._builder.sound(payload, self._time(moment)), _PAYLOAD), moment)

    def _left_out(self, picture: CodedPicture) -> bool:
        return picture.key and self._loop.time() - self._began < self.plan.keyless_s

    def _time(self, media_time: float) -> int:
        return self._base + round(media_time * 90_000)

    async def _send_picture(self, picture: CodedPicture) -> None:
        pack = self._builder.picture(picture.data, self._time(picture.taken), picture.key)
        payloads = _by_unit(pack) if self.plan.split_units else chunks(pack, _PAYLOAD)
        for start in range(0, len(payloads), _BURST):
            if start:
                await asyncio.sleep(_BETWEEN_BURSTS_S)
            ends = start + _BURST >= len(payloads)
            self._track.send(payloads[start : start + _BURST], picture.taken, ends=ends)
        while isinstance(self._track.carrier, FramedCarrier) and self._track.carrier.full:
            await asyncio.sleep(0.01)


def _by_unit(pack: bytes) -> list[bytes]:
    """A pack cut before every start code, so that headers and NAL units travel apart."""
    places = [0]
    place = pack.find(b"\0\0\1", 1)
    while place >= 0:
        places.append(place)
        place = pack.find(b"\0\0\1", place + 3)
    bounds = [*places[1:], len(pack)]
    pieces = [pack[a:b] for a, b in zip(places, bounds, strict=True)]
    return [part for piece in pieces for part in chunks(piece, _PAYLOAD)]
