"""Coded pictures and sound for a program stream: from a kept clip, or of a head that moves.

All times are media seconds from the beginning of the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from simulators.camera import clips
from simulators.camera.encoders import LIVE, Clip, ClipSpec, VideoEncoder, planar
from simulators.camera.gb28181.head import PanTiltHead, Position
from simulators.camera.gb28181.view import panorama, window
from simulators.camera.street import Picture

LIVE_FPS = 12.5
_LIVE_SIZE = (640, 360)


@dataclass(frozen=True)
class CodedPicture:
    """One access unit in Annex B, whether it is a key picture, and when it was taken."""

    data: bytes
    key: bool
    taken: float


class PictureSource(Protocol):
    """Where a session's pictures come from."""

    def due(self) -> float:
        """When the next picture is taken."""

    async def next_picture(self) -> CodedPicture:
        """The next picture."""

    def force_key(self) -> None:
        """Make the next picture a key picture."""


class ClosablePictures(PictureSource, Protocol):
    """Pictures that cost something as long as they are not given up."""

    def close(self) -> None:
        """Give them up."""


class ClipPictures:
    """A clip repeated for ever, beginning with its key picture."""

    def __init__(self, clip: Clip, begin: float = 0.0) -> None:
        self._clip = clip
        self._begin = begin
        self._number = 0
        self._index = 0

    def due(self) -> float:
        """See ``PictureSource``."""
        return self._begin + self._number / self._clip.fps

    async def next_picture(self) -> CodedPicture:
        """See ``PictureSource``."""
        unit = self._clip.access_units[self._index]
        taken = self.due()
        self._number += 1
        self._index = (self._index + 1) % len(self._clip.access_units)
        return CodedPicture(unit.data, unit.key, taken)

    def force_key(self) -> None:
        """See ``PictureSource``: the clip begins anew."""
        self._index = 0


class HeadPictures:
    """What the head sees, encoded as it moves: 640x360 at 12.5 pictures a second.

    A camera that cannot keep up leaves pictures out; it does not show ever older ones.

    Args:
        spec: the clip that the camera would show, for its scene and look.
        position: where the head looks now.
        begin: media time of the first picture.
        now: a monotonic clock.
        caption: writes into each picture, BGR, what the camera shows over it.
    """

    def __init__(
        self,
        spec: ClipSpec,
        position: Callable[[], Position],
        begin: float,
        now: Callable[[], float],
        caption: Callable[[Picture], None] | None = None,
    ) -> None:
        width, height = _LIVE_SIZE
        self._spec = replace(
            spec,
            width=width,
            height=height,
            fps=LIVE_FPS,
            declared_fps=0.0,
            gop=25,
            bitrate_kbps=1024,
            b_frames=0,
            slices=1,
            damage="" if spec.damage == "slices" else spec.damage,
        )
        self._position = position
        self._begin = begin
        self._now = now
        self._caption = caption
        self._first: float | None = None
        self._number = 0
        self._key = True
        self._whole = panorama(spec.scene, spec.look, spec.seed)
        self._encoder = VideoEncoder(self._spec, LIVE)

    def due(self) -> float:
        """See ``PictureSource``."""
        return self._begin + self._number / LIVE_FPS

    async def next_picture(self) -> CodedPicture:
        """See ``PictureSource``."""
        if self._first is None:
            self._first = self._now()
        self._number = max(self._number, int((self._now() - self._first) * LIVE_FPS))
        taken = self.due()
        # Taken back before the picture is coded: what is forced meanwhile holds for the next one.
        key, self._key = self._key, False
        loop = asyncio.get_running_loop()
        coded = await loop.run_in_executor(_threads(), self._take, self._position(), key)
        self._number += 1
        data = b"".join(one[0] for one in coded)
        return CodedPicture(data, any(one[1] for one in coded), taken)

    def force_key(self) -> None:
        """See ``PictureSource``."""
        self._key = True

    def _take(self, position: Position, key: bool) -> list[tuple[bytes, bool, int]]:
        spec = self._spec
        frame = window(self._whole, position, spec.width, spec.height)
        if self._caption is not None:
            self._caption(frame)
        return self._encoder.encode(planar(frame), self._number, key=key)


class LivePictures:
    """What the camera sees now: its sub stream's clip, or the head's picture once that is used.

    The next source is made beside the stream, which goes on meanwhile.

    Args:
        spec: the clip that the camera would show at the moment.
        head: the head, None for a camera without.
        now: the monotonic clock of the head.
    """

    def __init__(
        self,
        spec: Callable[[], ClipSpec],
        clip: Clip,
        head: PanTiltHead | None,
        now: Callable[[], float],
    ) -> None:
        self._spec = spec
        self._head = head
        self._now = now
        self._shown = self._wanted()
        self._source: PictureSource = ClipPictures(clip)
        if self._shown[1]:
            self._shown = (self._shown[0], False)
        self._opening: asyncio.Task[PictureSource] | None = None

    def due(self) -> float:
        """See ``PictureSource``."""
        return self._source.due()

    async def next_picture(self) -> CodedPicture:
        """See ``PictureSource``."""
        if self._opening is not None and self._opening.done():
            self._source, self._opening = self._opening.result(), None
        wanted = self._wanted()
        if self._opening is None and wanted != self._shown:
            self._shown = wanted
            self._opening = asyncio.create_task(self._open(wanted))
        return await self._source.next_picture()

    def force_key(self) -> None:
        """See ``PictureSource``."""
        self._source.force_key()

    def close(self) -> None:
        """See ``ClosablePictures``: a source that is being made is given up."""
        if self._opening is not None:
            self._opening.cancel()

    def _wanted(self) -> tuple[ClipSpec, bool]:
        return self._spec(), self._head is not None and self._head.used

    async def _open(self, wanted: tuple[ClipSpec, bool]) -> PictureSource:
        spec, moved = wanted
        if moved and self._head is not None:
            made: PictureSource = await head_pictures(spec, self._head, self._now)
        else:
            made = ClipPictures(await clip_of(spec))
        return _After(made, self._source)


class _After:
    """A source that takes over from another where that one stands."""

    def __init__(self, source: PictureSource, before: PictureSource) -> None:
        self._source = source
        self._before = before
        self._offset: float | None = None

    def _begin(self) -> float:
        if self._offset is None:
            self._offset = self._before.due() - self._source.due()
        return self._offset

    def due(self) -> float:
        """See ``PictureSource``."""
        return self._source.due() + self._begin()

    async def next_picture(self) -> CodedPicture:
        """See ``PictureSource``."""
        offset = self._begin()
        taken = await self._source.next_picture()
        return replace(taken, taken=taken.taken + offset)

    def force_key(self) -> None:
        """See ``PictureSource``."""
        self._source.force_key()


async def clip_of(spec: ClipSpec) -> Clip:
    """The clip of ``spec``; encoded off the event loop when nobody has."""
    return await asyncio.to_thread(clips.encode, spec)


async def warm_view(spec: ClipSpec) -> None:
    """Paint what a head would see, off the event loop."""
    await asyncio.to_thread(panorama, spec.scene, spec.look, spec.seed)


async def head_pictures(
    spec: ClipSpec,
    head: PanTiltHead,
    now: Callable[[], float],
    caption: Callable[[Picture], None] | None = None,
) -> HeadPictures:
    """The pictures of ``head``; the panorama is painted off the event loop."""
    return await asyncio.to_thread(
        HeadPictures, spec, lambda: head.position(now()), 0.0, now, caption
    )


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, "head-encoder")
