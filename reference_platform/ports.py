"""What the rooms of the platform ask of each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from reference_platform.media.units import AccessUnit

StreamName = Literal["main", "sub"]
#: Why a device came or went; "" where nobody said.
PresenceReason = Literal[
    "", "registered", "answers", "unregistered", "expired", "silent", "platform-started"
]


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """A channel as media and signalling need it.

    Attributes:
        id: 20 digits, unique on the platform.
        device: 20 digits of the device that it belongs to.
        protocol: how the device is reached.
    """

    id: str
    device: str
    protocol: Literal["gb28181", "onvif", "rtsp"]


@dataclass(frozen=True, slots=True)
class Span:
    """A recorded stretch: UTC seconds, the end excluded."""

    start: float
    end: float


class Source(Protocol):
    """One running pull of pictures from a device; ended by ``close`` or by the device."""

    def __aiter__(self) -> AsyncIterator[AccessUnit]:
        """The pictures in order; ends when the source ends.

        Raises:
            PlatformError: ``source.lost`` with why, when it broke off.
        """

    async def close(self) -> None:
        """End the pull (BYE, TEARDOWN); safe to call twice."""


class PlaybackSource(Source, Protocol):
    """A pull of what the device has recorded (GB/T 28181-2016, 9.8, 9.9)."""

    async def pause(self) -> None:
        """Stop the pictures until ``resume``."""

    async def resume(self) -> None:
        """Go on where the pause began."""

    async def seek(self, at: float) -> None:
        """Go to a time, UTC seconds."""

    async def scale(self, factor: float) -> None:
        """Play ``factor`` times as fast."""


class Sources(Protocol):
    """Where pictures come from (signalling/)."""

    async def live(self, channel: ChannelRef, stream: StreamName) -> Source:
        """Begin a live pull.

        Raises:
            PlatformError: ``source.offline``, ``source.refused``, ``source.timeout``.
        """

    async def playback(
        self, channel: ChannelRef, start: float, end: float, *, download: bool = False
    ) -> PlaybackSource:
        """Begin a pull of the device's own recording; ``download``: as fast as it gives."""

    async def records(self, channel: ChannelRef, start: float, end: float) -> Sequence[Span]:
        """What the device says that it has recorded."""


class Recordings(Protocol):
    """The platform's own recordings (recording/)."""

    def spans(self, channel: str, start: float, end: float) -> Sequence[Span]:
        """What is on disk of ``channel`` within the period, in order, without overlaps."""

    def read(self, channel: str, start: float, end: float) -> AsyncIterator[AccessUnit]:
        """Pictures from the last key picture at or before ``start``, across gaps, to ``end``."""
