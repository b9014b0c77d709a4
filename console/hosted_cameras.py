"""Cameras of hosted platforms: no network, pictures painted when they are asked for.

Each shows a part of a wide scene (which part, turning and zooming decides), the time in Beijing and
its channel's name, as a camera does. They can be steered: orders arrive as they leave the
platform's control room.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit
from reference_platform.ports import ChannelRef, PlaybackSource, Source, Span, StreamName
from reference_platform.recording.planting import Planted, coded
from reference_platform.signalling.steering import Move, Order, PresetOrder
from simulators.camera import overlay

Picture = NDArray[np.uint8]
_ENDLESS_S = 86_400.0
#: Of the scene, in pixels, and of what a camera sees of it without zoom.
_SCENE = (2400, 900)
_SEEN = (640, 360)
#: How fast a camera turns (pixels of the scene a second) and zooms (factor a second).
_TURN, _ZOOM = 500.0, 1.8
_MOST_ZOOM = 3.0
#: How far a live picture may be behind before some are left out.
_LATE_S = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """Where a camera looks: the middle of what it sees, and how much larger than without zoom."""

    across: float = 500.0
    down: float = 450.0
    zoom: float = 1.0

    def moved(self, order: Move, seconds: float) -> View:
        """After ``seconds`` of a movement."""
        zoom = self.zoom * _ZOOM ** (order.zoom * seconds)
        return View(
            (self.across + order.pan * _TURN * seconds) % _SCENE[0],
            min(max(self.down - order.tilt * _TURN * seconds, 200.0), _SCENE[1] - 200.0),
            min(max(zoom, 1.0), _MOST_ZOOM),
        )


@dataclass
class _Lens:
    """One camera's mechanics."""

    view: View = View()
    order: Move = field(default_factory=Move)
    since: float = 0.0
    presets: dict[int, View] = field(default_factory=dict)

    def at(self, now: float) -> View:
        return self.view.moved(self.order, max(0.0, now - self.since))

    def obey(self, order: Order, now: float) -> None:
        self.view, self.since = self.at(now), now
        if isinstance(order, Move):
            self.order = order
        elif isinstance(order, PresetOrder):
            if order.action == "set":
                self.presets[order.number] = self.view
            elif order.action == "delete":
                self.presets.pop(order.number, None)
            elif order.number in self.presets:
                self.view, self.order = self.presets[order.number], Move()


class HostedCameras:
    """Sources of pictures and orders by channel; a channel that is not among them is offline."""

    def __init__(self, channels: Mapping[str, Planted], time_source: TimeSource) -> None:
        self._channels = channels
        self._time = time_source
        self._lenses = {channel: _Lens() for channel in channels}

    # Pictures: reference_platform.ports.Sources

    async def live(self, channel: ChannelRef, stream: StreamName) -> Source:
        """See ``Sources``; both streams are the same."""
        del stream
        planted = self._known(channel)
        return _Live(planted, self._lenses[channel.id], self._time)

    async def playback(
        self, channel: ChannelRef, start: float, end: float, *, download: bool = False
    ) -> PlaybackSource:
        """See ``Sources``; these cameras record nothing themselves."""
        del start, end, download
        raise PlatformError("source.refused", 503, channel=channel.id)

    async def records(self, channel: ChannelRef, start: float, end: float) -> Sequence[Span]:
        """See ``playback``."""
        del channel, start, end
        return ()

    # Orders: what reference_platform.signalling.steering.Steering takes

    async def send(self, channel: ChannelRef, order: Order, level: int) -> None:
        """Obey."""
        del level
        self._known(channel)
        self._lenses[channel.id].obey(order, self._time.now())

    async def presets(self, channel: ChannelRef) -> dict[int, str]:
        """Those that were set."""
        self._known(channel)
        return {number: str(number) for number in self._lenses[channel.id].presets}

    async def key_picture(self, channel: ChannelRef) -> None:
        """One comes every second anyway."""
        self._known(channel)

    def _known(self, channel: ChannelRef) -> Planted:
        planted = self._channels.get(channel.id)
        if planted is None:
            raise PlatformError("source.offline", 503, channel=channel.id)
        return planted


class _Live:
    """One running pull: each picture is painted when it is due."""

    def __init__(self, planted: Planted, lens: _Lens, time_source: TimeSource) -> None:
        self._planted = planted
        self._lens = lens
        self._time = time_source
        self._closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        planted = replace(self._planted, key_every_s=1.0)
        began = self._time.now()
        units = coded(planted, began, began + _ENDLESS_S, self._paint)
        due = began
        while not self._closed.is_set():
            if self._time.now() > due + _LATE_S:
                # A camera leaves pictures out rather than showing the past.
                due = self._time.now()
                units = coded(planted, due, due + _ENDLESS_S, self._paint)
            try:
                async with asyncio.timeout(max(0.0, due - self._time.now())):
                    await self._closed.wait()
                return
            except TimeoutError:
                unit = await asyncio.to_thread(next, units, None)
            if unit is None:
                return
            yield unit
            due = unit.at + 1 / planted.fps

    def _paint(self, planted: Planted, at: float) -> Picture:
        return paint_scene(planted, int(at + 1e-6), self._lens.at(at))

    async def close(self) -> None:
        """End the pull."""
        self._closed.set()


@lru_cache(maxsize=256)
def paint_scene(planted: Planted, second: int, view: View = View()) -> Picture:
    """A picture of ``view`` with clock and name, RGB; the same for all of a second. Do not write
    into it.
    """
    width, height = planted.width, planted.height
    across, down = _SEEN[0] / view.zoom, _SEEN[1] / view.zoom
    matrix = np.array(
        [
            [width / across, 0, width / 2 - view.across * width / across],
            [0, height / down, height / 2 - view.down * height / down],
        ]
    )
    scene = _scene()
    if view.across + across / 2 > _SCENE[0] or view.across < across / 2:
        scene = np.roll(scene, _SCENE[0] // 2 - round(view.across), axis=1)
        matrix[0, 2] = width / 2 - _SCENE[0] // 2 * width / across
    picture = np.asarray(
        cv2.warpAffine(scene, matrix, (width, height), flags=cv2.INTER_AREA), np.uint8
    )
    overlay.caption(picture, overlay.clock_text(second), planted.mark or planted.channel)
    return picture


def paint_planted(planted: Planted, at: float) -> Picture:
    """The picture of a recorded moment."""
    return paint_scene(planted, int(at + 1e-6))


@lru_cache(maxsize=1)
def _scene() -> Picture:
    """Something everywhere different: blocks of grey at three sizes, the same in every process."""
    random = np.random.default_rng(28_181)
    width, height = _SCENE
    scene = np.zeros((height, width), np.float32)
    for size, weight in ((200, 0.5), (60, 0.3), (25, 0.2)):
        coarse = random.uniform(0, 255, (height // size + 1, width // size + 1)).astype(np.float32)
        large = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        scene += weight * np.asarray(large, np.float32)
    grey = np.clip(scene * 0.6 + 30, 20, 210).astype(np.uint8)
    return np.stack([grey, np.clip(grey + 10, 0, 255), grey // 2 + 60], axis=-1).astype(np.uint8)
