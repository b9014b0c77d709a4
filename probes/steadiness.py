"""Whether pictures come evenly: gaps, what they hold, and the leanest second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from probes.frame_timing import Floats, Rate
from probes.rtp_track import Integers

_SHORTEST_GAP_S = 0.2
_GAP_PERIODS = 4.0
_MOST_GAPS = 100
_CAPTURE_SHARE = 0.6
_FEWEST_CAPTURE_GAPS = 2
#: A clockwork of late deliveries is the camera's; fewer come evenly by chance on a busy path.
_FEWEST_DELIVERY_GAPS = 8
_HARMLESS_DELIVERY_S = 0.5
_HARMLESS_DELIVERIES = 2
_REGULAR = 0.1
_LEAN = 0.8


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How evenly the pictures came.

    Attributes:
        steadiness: ``steady``; ``bursts``: the camera sends in bursts, which its own timestamps
            or the clockwork of the gaps tell; ``stalled``: gaps that may as well be the path's.
            One or two late deliveries of less than half a second, caught up at once, are what a
            path or a busy machine does: ``steady``.
        longest_gap_s: longest time between two pictures where no packet was lost.
        gaps: those longer than 0.2 s and four periods, where no packet was lost: ``start_s``,
            ``seconds``, ``kind`` (``capture``: the camera's timestamps jump too; ``delivery``: they
            go on evenly, the pictures came late). A picture that waits for those between it and
            the next reference picture is no gap: B pictures are sent after the picture that they
            refer to, all at the time of that one (ITU-T H.264, 7.4.1.2).
        sustained_rate: pictures in the leanest second of the capture.
        lean_share: share of all one-second windows with less than 80 % of the mean.
    """

    steadiness: Literal["steady", "bursts", "stalled"]
    longest_gap_s: float
    gaps: list[dict[str, Any]]
    sustained_rate: float
    lean_share: float


def steadiness(times: Floats, media_times: Floats, lost: Integers, rate: Rate) -> Steadiness:
    """Judge the arrival ``times`` of pictures (seconds), after those stored before."""
    times = times[rate.skipped :]
    step, media_step = np.diff(times), np.diff(media_times[rate.skipped :])
    sound = lost[rate.skipped + 1 :] == 0
    long_gap = max(_SHORTEST_GAP_S, _GAP_PERIODS / rate.value)
    shown = np.sort(media_times[rate.skipped :])
    found = [
        index
        for index in np.flatnonzero(sound & (step > long_gap))
        if not _filled_later(
            shown, media_times[rate.skipped + index], step[index], media_step[index]
        )
    ]
    gaps = [
        {
            "start_s": float(times[index]),
            "seconds": float(step[index]),
            "kind": "capture" if media_step[index] >= _CAPTURE_SHARE * step[index] else "delivery",
        }
        for index in found
    ]
    counts = _windows(times)
    return Steadiness(
        steadiness=_word(gaps),
        longest_gap_s=float(step[sound].max()) if sound.any() else 0.0,
        gaps=gaps[:_MOST_GAPS],
        sustained_rate=float(counts.min()) if len(counts) else float(len(times)),
        lean_share=float((counts < _LEAN * rate.value).mean()) if len(counts) else 0.0,
    )


def _filled_later(shown: Floats, before: float, arrival: float, media: float) -> bool:
    """Whether pictures that came later fill the gap after ``before``: it is reordering.

    ``shown`` are the sorted timestamps of all pictures.
    """
    if media < _CAPTURE_SHARE * arrival:
        return False
    inside = shown[(shown >= before) & (shown <= before + media)]
    return bool(np.diff(inside).max(initial=0.0) < _CAPTURE_SHARE * arrival)


def _windows(times: Floats) -> Integers:
    """Pictures in the second that begins with each picture, as far as the capture reaches."""
    begins = times[times <= times[-1] - 1.0]
    counts: Integers = np.searchsorted(times, begins + 1.0) - np.arange(len(begins))
    return counts


def _word(gaps: list[dict[str, Any]]) -> Literal["steady", "bursts", "stalled"]:
    if not gaps:
        return "steady"
    if sum(gap["kind"] == "capture" for gap in gaps) >= _FEWEST_CAPTURE_GAPS:
        return "bursts"
    between = np.diff([gap["start_s"] for gap in gaps])
    if len(gaps) >= _FEWEST_DELIVERY_GAPS and between.std() < _REGULAR * between.mean():
        return "bursts"
    harmless = len(gaps) <= _HARMLESS_DELIVERIES and all(
        gap["kind"] == "delivery" and gap["seconds"] < _HARMLESS_DELIVERY_S for gap in gaps
    )
    return "steady" if harmless else "stalled"
