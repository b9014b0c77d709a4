"""The first steps of every probe of a stream: is there anything to measure, and a blank result."""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import CorruptRecordingError, Recording
from probes.streams import Track, reader
from protocols.errors import ProtocolError


def open_track(recording: Recording, quantity: str, media: str = "video") -> Track | Reason:
    """The track to measure, or why there is none.

    The visit's own problem when it brought nothing; ``<quantity>.no-recording``,
    ``<quantity>.no-<media>`` (no such track), ``<quantity>.no-packets``.
    """
    try:
        stream = reader(recording)
    except ProtocolError:
        return recording.problem or Reason(f"{quantity}.no-recording")
    track = stream.video if media == "video" else stream.audio
    if track is None:
        return recording.problem or Reason(f"{quantity}.no-{media}")
    if not len(track.packets):
        return recording.problem or Reason(f"{quantity}.no-packets")
    return track


def video_of(recording: Recording, part: str) -> Track | None:
    """The video of one of a visit's several captures; ``None`` without one, or if it is damaged."""
    try:
        return reader(recording, part).video
    except (ProtocolError, CorruptRecordingError):
        return None


def outcome(
    recording: Recording,
    quantity: str,
    unit: str,
    instrument: str,
    method: str,
    value: float | str | bool | None = None,
    **more: Any,
) -> Measurement:
    """A measurement of ``recording``; the visit's problem spoils it unless something else does."""
    spoilt = more.pop("spoilt", None) or recording.problem
    return Measurement.of(
        recording, quantity, value, unit, instrument, method, spoilt=spoilt, **more
    )
