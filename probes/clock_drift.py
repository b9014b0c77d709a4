"""Worst clock error within 24 h, from a chain of clock recordings.

Three kinds of statement, told apart in ``details["mode"]``:

- ``watched``: samples over the whole time without a gap of more than ten minutes. The bound is
  what was seen, and between two samples what the line through them allows.
- ``predicted``: shorter, but the resynchronisation itself was seen (corrections, or requests
  for the time): the error grows from correction to correction as it did while watched.
- ``short``: anything else: the clock is taken to run on as it is, uncorrected, for the whole
  time. ``needed_s`` says how much longer to watch.

``lower`` is always what was really seen, so an excess is certain in every mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.clock_answers import answers_of_best_path
from probes.clock_line import (
    CRYSTAL_RATE,
    Correction,
    Sample,
    Segment,
    corrections_between,
    fitted,
    segments_of,
)
from probes.clock_offset import SecondConvention, offset_of_answers, reference_error
from probes.resynchronisation import Jump, requests_seen, wall_clock_jumps

INSTRUMENT = "worst-clock-error/2"
QUANTITY = "worst-clock-error"
Mode = Literal["watched", "predicted", "short"]

LONGEST_GAP_S = 600.0
_GAP_TOLERANCE_S = 5.0
_SERIES_LIMIT = 2000
_EVENTS_LIMIT = 500
_FARTHEST_POSIX = 2**40


@dataclass(frozen=True)
class _Worst:
    """Worst error in seconds: likeliest, seen for certain, and at most."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class _Resynchronisation:
    """What was seen of it: its longest interval, whether it takes effect, drift between (s/s)."""

    interval: float | None
    seen: bool
    rates: tuple[float, float]


def measure_worst_clock_error(
    recordings: Sequence[Recording],
    *,
    horizon_s: float = 86_400.0,
    second_convention: SecondConvention = "unknown",
    offset: Measurement | None = None,
) -> Measurement:
    """Bound the worst error of one device's clock within ``horizon_s`` seconds.

    Args:
        recordings: its ``clock`` recordings, and what may show its resynchronisation: the
            ``clock-watch`` ones by their ``sync_events``, ``wire`` ones by the requests for the
            time in them, streams by the jumps in their sender reports.
        horizon_s: the time that the statement is about.
        second_convention: whether the device truncates or rounds, if the offset measurement
            found out; otherwise the bound covers both.
        offset: the offset at the only ``clock`` recording by all its paths, jumps allowed for;
            it stands for that recording. A chain of recordings is read by itself.

    Raises:
        ValueError: no recording at all; a measurement needs a subject.
    """
    if not recordings:
        raise ValueError("worst clock error: no recording")
    samples, lost, frozen = _samples(recordings)
    details: dict[str, Any] = {"lost": lost, "frozen": frozen, "samples": len(samples)}
    if not samples:
        reason = Reason("worst-clock-error.no-sample", {"lost": sum(lost.values())})
        return _measurement(recordings, None, details, reason)
    known = [] if offset is None else _known(offset, samples)
    if known:
        samples, second_convention = known, "truncated"
    shifts = {"unknown": (0.0, -0.5), "truncated": (0.0,), "rounded": (-0.5,)}[second_convention]
    events, jumps = _events(recordings), _jumps(recordings)
    stretch = _longest_stretch(samples)
    segments = segments_of(samples, _useful_cuts(samples, events))
    corrections = corrections_between(segments)
    rates = _common_rates(segments)
    resync = _Resynchronisation(
        interval=_correction_interval(corrections, events),
        seen=len(corrections) >= 2
        or (len(events) >= 2 and (len(jumps) >= 2 or fitted(samples, rates) is None)),
        rates=rates,
    )
    mode = _mode(stretch, horizon_s, samples, resync, frozen)
    worsts = [_worst(mode, shift, segments, resync, horizon_s) for shift in shifts]
    # Samples may have met the clock always before, or always after, it was set.
    unmet = 0.0 if known else max((abs(jump.by) for jump in jumps), default=0.0)
    worst = _Worst(
        worsts[0].value, min(w.lower for w in worsts), max(w.upper for w in worsts) + unmet
    )
    details |= {
        "mode": mode,
        "needed_s": 0.0 if mode == "watched" else max(0.0, horizon_s - _running(samples)),
        "watched_s": stretch,
        "span_s": samples[-1].at - samples[0].at,
        "longest_gap_s": max((b.at - a.at for a, b in pairwise(samples)), default=0.0),
        "resync_interval_s": resync.interval,
        "resync_seen": resync.seen,
        "corrections": [
            {"after": c.after, "before": c.before, "by": [c.least, c.most]}
            for c in corrections[:_EVENTS_LIMIT]
        ],
        "sync_events": events[:_EVENTS_LIMIT],
        "jumps": [asdict(jump) for jump in jumps[:_EVENTS_LIMIT]],
        "drift_ppm": _drift(segments),
        "second_convention": second_convention,
        "series": [[s.at, s.lower, s.upper] for s in _thinned(samples)],
    }
    return _measurement(recordings, worst, details, None)


def _samples(
    recordings: Iterable[Recording],
) -> tuple[list[Sample], dict[str, int], bool]:
    """Offsets of a truncating device, how many recordings were lost and why, and a standstill."""
    samples: list[Sample] = []
    lost = {"no-answer": 0, "host-clock-stepped": 0, "reference-unknown": 0}
    frozen = False
    for recording in recordings:
        if recording.kind != "clock":
            continue
        polls = recording.facts.get("polls")
        usable = [poll for poll in polls if isinstance(poll, dict)] if polls else []
        answers = answers_of_best_path(usable)
        error = reference_error(recording)
        if not answers.answers:
            lost["no-answer"] += 1
        elif answers.host_stepped:
            lost["host-clock-stepped"] += 1
        elif error is None:
            lost["reference-unknown"] += 1
        else:
            offset = offset_of_answers(answers.answers)
            frozen = frozen or offset.frozen_s is not None
            error += answers.host_shift_s
            at = (answers.answers[0].at + answers.answers[-1].at) / 2
            samples.append(Sample(at, offset.interval[0] - error, offset.interval[1] + error))
    samples.sort(key=lambda sample: sample.at)
    return samples, lost, frozen


def _known(offset: Measurement, samples: Sequence[Sample]) -> list[Sample]:
    """The only sample with the interval that all paths together gave it, if there is one."""
    if len(samples) != 1 or offset.spoilt is not None:
        return []
    if offset.lower is None or offset.upper is None:
        return []
    return [Sample(samples[0].at, offset.lower, offset.upper)]


def _events(recordings: Iterable[Recording]) -> list[dict[str, Any]]:
    """When the device was seen asking for the time."""
    found = []
    for recording in recordings:
        if recording.kind == "wire":
            found += requests_seen(recording)
        events = recording.facts.get("sync_events")
        for event in events if isinstance(events, list) else []:
            at = event.get("at") if isinstance(event, dict) else None
            if isinstance(at, int | float) and 0 <= at < _FARTHEST_POSIX:
                found.append(dict(event))
    return sorted(found, key=lambda event: float(event["at"]))


def _jumps(recordings: Iterable[Recording]) -> list[Jump]:
    """When the device's wall clock was seen being set."""
    streams = [recording for recording in recordings if recording.kind.startswith("stream:")]
    found = [jump for stream in streams for jump in wall_clock_jumps(stream)]
    return sorted(found, key=lambda jump: jump.after)


def _longest_stretch(samples: Sequence[Sample]) -> float:
    """Seconds of the longest stretch without a gap of more than ten minutes."""
    longest = 0.0
    start = samples[0].at
    for earlier, later in pairwise(samples):
        if later.at - earlier.at > LONGEST_GAP_S + _GAP_TOLERANCE_S:
            start = later.at
        longest = max(longest, later.at - start)
    return longest


def _running(samples: Sequence[Sample]) -> float:
    """Seconds of the stretch without a gap that the last sample ends: what can be gone on with."""
    start = samples[-1].at
    for earlier, later in pairwise(reversed(samples)):
        if earlier.at - later.at > LONGEST_GAP_S + _GAP_TOLERANCE_S:
            break
        start = later.at
    return samples[-1].at - start


def _correction_interval(
    corrections: Sequence[Correction], events: Sequence[dict[str, Any]]
) -> float | None:
    """The longest time between two corrections (or requests) that was seen."""
    if len(corrections) >= 2:
        return max(b.before - a.after for a, b in pairwise(corrections))
    if len(events) >= 2:
        return max(float(b["at"]) - float(a["at"]) for a, b in pairwise(events))
    return None


def _useful_cuts(samples: Sequence[Sample], events: Sequence[dict[str, Any]]) -> list[float]:
    """The times of the requests, if they are rarer than the samples."""
    moments = [float(event["at"]) for event in events]
    if len(moments) < 2 or len(samples) < 2:
        return []
    spacing = min(b - a for a, b in pairwise(moments))
    sampling = (samples[-1].at - samples[0].at) / (len(samples) - 1)
    return moments if spacing >= 2 * sampling else []


def _common_rates(segments: Sequence[Segment]) -> tuple[float, float]:
    """The drift that all segments share, being one crystal's; else the widest that one shows."""
    known = [part.rates for part in segments if len(part.samples) > 2]
    if not known:
        return (-CRYSTAL_RATE, CRYSTAL_RATE)
    slowest, fastest = max(low for low, _ in known), min(high for _, high in known)
    if slowest <= fastest:
        return slowest, fastest
    return min(low for low, _ in known), max(high for _, high in known)


def _mode(
    stretch: float,
    horizon_s: float,
    samples: Sequence[Sample],
    resync: _Resynchronisation,
    frozen: bool,
) -> Mode:
    if stretch >= horizon_s:
        return "watched"
    if resync.interval is None or frozen:
        return "short"
    # Requests alone prove nothing if the error visibly grows straight through them.
    line = fitted(samples)
    steady = line is not None and line.slowest <= 0 <= line.fastest
    return "predicted" if resync.seen or steady else "short"


def _worst(
    mode: Mode,
    shift: float,
    segments: Sequence[Segment],
    resync: _Resynchronisation,
    horizon_s: float,
) -> _Worst:
    """The worst error if every sample is moved by ``shift``."""
    moved = [
        [Sample(s.at, s.lower + shift, s.upper + shift) for s in part.samples] for part in segments
    ]
    samples = [sample for part in moved for sample in part]
    value = max(abs(sample.middle) for sample in samples)
    lower = max(max(sample.lower, -sample.upper, 0.0) for sample in samples)
    upper = max(max(-sample.lower, sample.upper) for sample in samples)
    for index, part in enumerate(moved):
        last = index + 1 == len(moved)
        until = part[-1].at
        if mode == "watched" and not last:
            # Corrected somewhere between two samples: it may have run on up to the later one.
            until = moved[index + 1][0].at
        elif mode == "predicted" and resync.seen and resync.interval is not None:
            until = max(until, part[0].at + resync.interval)
        elif mode != "watched" and last:
            until = max(until, samples[0].at + horizon_s)
        rates = segments[index].rates if len(part) > 2 else resync.rates
        low, high = Segment(part).at_moment(until, rates)
        upper = max(upper, -low, high)
        if mode != "watched":
            value = max(value, abs(low + high) / 2)
    return _Worst(value, lower, upper)


def _drift(segments: Sequence[Segment]) -> list[float] | None:
    """Bounds of the drift between corrections in ppm, if anything is known of it."""
    if all(len(part.samples) < 2 for part in segments):
        return None
    return [rate * 1e6 for rate in _common_rates(segments)]


def _thinned(samples: Sequence[Sample]) -> Sequence[Sample]:
    return samples[:: -(-len(samples) // _SERIES_LIMIT)]


def _measurement(
    recordings: Sequence[Recording],
    worst: _Worst | None,
    details: dict[str, Any],
    spoilt: Reason | None,
) -> Measurement:
    mode = details.get("mode", "short")
    return Measurement(
        quantity=QUANTITY,
        value=None if worst is None else worst.value,
        unit="s",
        instrument=INSTRUMENT,
        method=f"method.worst-clock-error.{mode}",
        subject=recordings[0].subject,
        started=min(recording.started for recording in recordings),
        ended=max(recording.ended for recording in recordings),
        lower=None if worst is None else worst.lower,
        upper=None if worst is None else worst.upper,
        recordings=tuple(recording.digest for recording in recordings),
        details=details,
        spoilt=spoilt,
    )
