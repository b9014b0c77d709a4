"""What the API says of recordings."""

from __future__ import annotations

from pydantic import BaseModel, Field

from reference_platform.times import Moment


class RecordedSpan(BaseModel):
    """A stretch without a gap."""

    start: Moment
    end: Moment
    bytes: int
    codec: str


class RecordingGap(BaseModel):
    """A stretch without pictures."""

    start: Moment
    end: Moment
    reason: str = Field(
        description="`offline`, `signal-lost`, `recording-off`, `disk-full`, `platform-down`, "
        "`clock-step`, `media-lost`, `expired`, `before-first-recording`, `not-on-device`, "
        "`unknown`"
    )


class RecordingList(BaseModel):
    """What is recorded of a channel within a period, in order."""

    channel: str
    spans: list[RecordedSpan]
    gaps: list[RecordingGap]


class StorageReport(BaseModel):
    """How the disk of the recordings stands."""

    bytes: int = Field(description="of all recordings")
    free: int = Field(description="bytes left on the disk")
    guaranteed_days: float
    projected_days: float | None = Field(
        description="how long recordings can be kept at the pace of the last day"
    )
    days: dict[str, float] = Field(description="per channel, how far back recordings reach")
    alarms: list[str]
