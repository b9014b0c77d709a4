"""Frame rate: distinct pictures per second of reference time (GA/T 1128-2013).

Arrival decides, the camera's own timestamps are only compared: where delays alone may explain
the difference, the interval reaches to them. What the path lost is told by sequence numbers and
counted back; what the camera repeats is counted off.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.frame_timing import FEWEST, Floats, Rate, rate_of_events
from probes.opening import open_track, outcome
from probes.repeats import DETECTABLE_SHARE, Repeats, find_repeats
from probes.rtp_track import Integers
from probes.steadiness import steadiness
from probes.streams import Track

QUANTITY = "frame-rate"
INSTRUMENT = "frame-rate/1"
METHOD = "method.frame-rate"
UNIT = "fps"
_REGULAR_STEP = 0.25
_REGULAR_SHARE = 0.95
_LOSSY_SHARE = 0.05
_SHORTEST_S = 1.0
_ENDED_EARLY = 0.5
_CLOCKS_AGREE = 0.01


@dataclass(frozen=True)
class PictureTimes:
    """The pictures of the longest unbroken run of the sender.

    Attributes:
        times: arrival since the first, seconds.
        ticks: RTP timestamps, unwrapped.
        lost: packets lost between the picture before and this one.
        numbers: the picture's number among all that were sent, by the best estimate.
        fewest, most: the same by the smallest and the largest number of pictures that the lost
            packets can have held.
    """

    times: Floats
    ticks: Integers
    lost: Integers
    numbers: Floats
    fewest: Floats
    most: Floats


def measure_frame_rate(recording: Recording) -> Measurement:
    """Distinct pictures per second with the 95 % interval.

    details: ``arrival_rate`` [value, lower, upper] of all pictures, ``mean_rate`` (pictures by
    time), ``rtp_rate`` (by the camera's timestamps), ``timestamps_ratio`` (seconds of the
    camera's media clock per reference second) and ``timestamps_agree``, ``declared``,
    ``pictures``, ``missing`` (counted back), ``covered_s``, ``jitter_s``, ``skipped``,
    ``repeats`` {state, share, lower, upper, examined, motion, detectable_share}, ``loss``
    {received, lost, duplicated, reordered, restarts, share}, ``sender_packets``, all of
    ``Steadiness`` and ``upper_holds``: no doubt that is named in ``spoilt`` could raise the rate
    above ``upper``, so that a limit above it may be failed all the same.

    spoilt: ``frame-rate.too-short``, ``.ended-early``, ``.lossy-path``, ``.static-scene``,
    ``.repeats-unknown``, ``.repeats-unsure``, and those of ``open_track``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, UNIT, INSTRUMENT, METHOD, spoilt=track)
    pictures = _picture_times(track)
    rate = _arrival_rate(pictures)
    told = _rate_told(pictures, track.clock_rate)
    covered = float(pictures.times[-1]) if len(pictures.times) else 0.0
    if rate is None or covered < _SHORTEST_S:
        short = {"pictures": len(pictures.times), "seconds": covered}
        too_short = recording.problem or Reason(f"{QUANTITY}.too-short", short)
        return outcome(recording, QUANTITY, UNIT, INSTRUMENT, METHOD, spoilt=too_short)
    rate = _reaching(rate, told, pictures)
    repeats = find_repeats(track)
    steady = steadiness(pictures.times, pictures.ticks / track.clock_rate, pictures.lost, rate)
    spoilt = _spoilt(recording, track, repeats, covered)
    return outcome(
        recording,
        QUANTITY,
        UNIT,
        INSTRUMENT,
        METHOD,
        rate.value * (1 - repeats.share),
        lower=rate.lower * (1 - repeats.upper),
        upper=rate.upper * (1 - repeats.lower),
        spoilt=spoilt,
        details={
            "upper_holds": spoilt is None or spoilt.code != f"{QUANTITY}.lossy-path",
            "covered_s": covered,
            "arrival_rate": [rate.value, rate.lower, rate.upper],
            "jitter_s": rate.jitter_s,
            "skipped": rate.skipped,
            "declared": _declared(recording),
            "repeats": {**asdict(repeats), "detectable_share": DETECTABLE_SHARE},
            "loss": {**asdict(track.loss), "share": track.loss.share},
            "sender_packets": _sender_packets(track),
            "rtp_rate": told,
            **_by_timestamps(pictures, track.clock_rate, told),
            **_counts(pictures),
            **asdict(steady),
        },
    )


def _picture_times(track: Track) -> PictureTimes:
    units = track.units
    longest = int(np.bincount(units.segment).argmax()) if len(units) else 0
    chosen = np.flatnonzero(units.picture & (units.segment == longest))
    if not len(chosen):
        chosen = np.flatnonzero(units.segment == longest)
    times = (units.first_ns[chosen] - units.first_ns[chosen[0]]) / 1e9
    ticks = units.timestamp[chosen]
    until = np.cumsum(units.lost_before)[chosen]
    lost = np.diff(until, prepend=until[0])
    estimate, fewest, most = _missing(ticks, lost)
    order = np.arange(len(chosen), dtype=np.float64)
    return PictureTimes(
        times=np.maximum.accumulate(times),
        ticks=ticks,
        lost=lost,
        numbers=order + np.cumsum(estimate),
        fewest=order + np.cumsum(fewest),
        most=order + np.cumsum(most),
    )


def _missing(ticks: Integers, lost: Integers) -> tuple[Integers, Integers, Integers]:
    """Pictures that were lost whole before each picture: estimate, fewest, most.

    Each takes at least one of the lost packets. The step of the timestamps tells how many, as
    long as the steps where nothing was lost are regular; else any number may be missing.
    """
    steps = np.diff(ticks, prepend=ticks[0])
    sound = (lost == 0) & (np.arange(len(ticks)) > 0)
    nothing = np.zeros(len(ticks), np.int64)
    step = float(np.median(steps[sound])) if sound.any() else 0.0
    if step <= 0:
        return nothing, nothing, lost
    near = np.abs(steps[sound] - step) <= _REGULAR_STEP * step
    estimate = np.clip(np.round(steps / step).astype(np.int64) - 1, 0, lost)
    if float(near.mean()) < _REGULAR_SHARE:
        return estimate, nothing, lost
    return estimate, estimate, estimate


def _arrival_rate(pictures: PictureTimes) -> Rate | None:
    """The rate by the best count, its interval widened by the other counts and the plain mean."""
    if len(pictures.times) < FEWEST:
        return None
    rate = rate_of_events(pictures.times, pictures.numbers)
    if rate is None:
        return None
    lower, upper = rate.lower, rate.upper
    for numbers in (pictures.fewest, pictures.most):
        if not np.array_equal(numbers, pictures.numbers):
            other = rate_of_events(pictures.times, numbers)
            if other is not None:
                lower, upper = min(lower, other.lower), max(upper, other.upper)
    mean = _mean_rate(pictures, rate.skipped)
    span = float(pictures.times[-1] - pictures.times[rate.skipped])
    if span > 0 and abs(mean - rate.value) > 6 * rate.jitter_s * rate.value / span + 0.1:
        lower, upper = min(lower, mean), max(upper, mean)
    return replace(rate, lower=lower, upper=upper)


def _reaching(rate: Rate, told: float | None, pictures: PictureTimes) -> Rate:
    """The interval widened to the rate that the timestamps tell, where the delays allow it.

    On a path or a machine that is never idle the delay may drift over the whole capture, which
    looks like another rate; by how much it may, the spread of the delays tells.
    """
    if told is None:
        return rate
    count = float(pictures.numbers[-1] - pictures.numbers[rate.skipped])
    nearest = min(max(told, rate.lower), rate.upper)
    if abs(count / nearest - count / told) > rate.wander_s:
        return rate
    return replace(rate, lower=min(rate.lower, told), upper=max(rate.upper, told))


def _mean_rate(pictures: PictureTimes, skipped: int = 0) -> float:
    span = float(pictures.times[-1] - pictures.times[skipped])
    return float(pictures.numbers[-1] - pictures.numbers[skipped]) / span if span else 0.0


def _rate_told(pictures: PictureTimes, clock_rate: int) -> float | None:
    """Pictures per second of the camera's own timestamps, ``None`` when they do not move on."""
    span = float(np.ptp(pictures.ticks)) / max(clock_rate, 1) if len(pictures.ticks) else 0.0
    if span <= 0 or (np.diff(pictures.ticks) == 0).mean() > 0.5:
        return None
    return float(pictures.numbers[-1]) / span


def _by_timestamps(pictures: PictureTimes, clock_rate: int, told: float | None) -> dict[str, Any]:
    """Whether the camera's media clock keeps time."""
    if told is None:
        return {"timestamps_ratio": None, "timestamps_agree": False}
    seconds = pictures.ticks / max(clock_rate, 1)
    ratio = rate_of_events(pictures.times, np.sort(seconds))
    agree = ratio is not None and (
        ratio.lower - _CLOCKS_AGREE <= 1.0 <= ratio.upper + _CLOCKS_AGREE
    )
    return {
        "timestamps_ratio": ratio and ratio.value,
        "timestamps_agree": agree,
    }


def _counts(pictures: PictureTimes) -> dict[str, Any]:
    whole = int(pictures.times[-1])
    per_second = np.bincount(pictures.times.astype(int), minlength=whole + 1)[:whole]
    return {
        "pictures": len(pictures.times),
        "missing": int(pictures.numbers[-1]) - len(pictures.times) + 1,
        "mean_rate": _mean_rate(pictures),
        "per_second": per_second.tolist(),
    }


def _declared(recording: Recording) -> float | None:
    profile = recording.facts.get("profile")
    rate = profile.get("frame_rate") if isinstance(profile, dict) else None
    return float(rate) if isinstance(rate, int | float) else None


def _sender_packets(track: Track) -> int | None:
    """Packets that the camera counts between its first and its last sender report."""
    reports = [each.report for each in track.sender_reports]
    if len(reports) < 2 or reports[0].ssrc != reports[-1].ssrc:
        return None
    return (reports[-1].packet_count - reports[0].packet_count) % 2**32


def _spoilt(recording: Recording, track: Track, repeats: Repeats, covered: float) -> Reason | None:
    if recording.problem is not None:
        return recording.problem
    if track.loss.share > _LOSSY_SHARE:
        return Reason(f"{QUANTITY}.lossy-path", {"share": track.loss.share})
    asked = recording.facts.get("asked_seconds")
    if isinstance(asked, int | float) and covered < _ENDED_EARLY * asked:
        return Reason(f"{QUANTITY}.ended-early", {"seconds": covered, "asked": float(asked)})
    if repeats.state == "static":
        return Reason(f"{QUANTITY}.static-scene", {"motion": max(repeats.motion)})
    if repeats.state in ("unknown", "unsure"):
        return Reason(f"{QUANTITY}.repeats-{repeats.state}")
    return None
