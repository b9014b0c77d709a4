"""What the API says of playbacks and downloads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from reference_platform.fields import Bounded, NationalIdField
from reference_platform.times import Moment

SourceKind = Literal["platform", "device"]
PlaybackState = Literal["ready", "playing", "paused", "ended", "failed", "closed"]
DownloadState = Literal["queued", "running", "ready", "failed", "cancelled", "removed"]
SCALES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


def _known_scale(value: float) -> float:
    if value not in SCALES:
        raise ValueError("no pace of this platform")
    return value


ScaleField = Annotated[
    float,
    AfterValidator(_known_scale),
    Field(
        description="1 as recorded, below slower, above faster",
        json_schema_extra={"enum": list(SCALES)},
    ),
]


class NewPlayback(Bounded):
    """A period to be played."""

    channel: NationalIdField
    start: Moment
    end: Moment
    source: SourceKind = "platform"


class PassedGap(BaseModel):
    """A stretch without pictures that was passed over."""

    start: Moment
    end: Moment


class PlaybackView(BaseModel):
    """A playback session as its owner sees it."""

    id: str
    channel: str
    device: str
    source: SourceKind
    start: Moment
    end: Moment
    state: PlaybackState
    position: Moment = Field(description="recorded time of the last picture sent")
    scale: float
    gap: PassedGap | None = Field(description="the gap passed over last, or sought into")
    error: str = Field(description="why the state is `failed`, as an error code")


class PlaybackControl(Bounded):
    """A command to a playback session."""

    action: Literal["pause", "resume", "seek", "scale"]
    position: Moment | None = Field(default=None, description="for `seek`")
    scale: ScaleField | None = Field(default=None, description="for `scale`")


class NewDownload(Bounded):
    """A period to be saved as a file."""

    channel: NationalIdField
    start: Moment
    end: Moment
    source: SourceKind = "platform"


class DownloadView(BaseModel):
    """A download as its owner sees it."""

    id: str
    user: str
    channel: str
    device: str
    source: SourceKind
    start: Moment
    end: Moment
    state: DownloadState
    progress: float = Field(ge=0, le=1)
    bytes: int
    sha256: str = Field(description="of the whole file, once it is ready")
    gaps: list[PassedGap] = Field(description="parts of the period of which there are no pictures")
    error: str = Field(description="why the state is `failed`, as an error code")
    created: Moment


class DownloadRecord(BaseModel):
    """One line of the download history."""

    id: str
    user: str
    device: str
    channel: str
    start: Moment | None
    end: Moment | None
    bytes: int
    started: Moment
    ended: Moment | None
    result: str = Field(
        description="`done`, `cancelled`, `failed`, or the state of one that is not over"
    )
