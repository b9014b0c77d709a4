"""One coded picture or piece of sound as it travels through the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VideoCodec = Literal["h264", "h265"]


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture.

    Attributes:
        codec: as found in the bytes, not as announced.
        data: Annex B with start codes; a key picture carries its parameter sets.
        pts: 90 kHz, unwrapped, never falling within one source.
        key: whether decoding can begin here.
        at: UTC seconds to which the picture belongs: its arrival when live, the recorded time in
            playback.
    """

    codec: VideoCodec
    data: bytes
    pts: int
    key: bool
    at: float
