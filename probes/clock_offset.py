"""Clock offset: device minus reference, as an interval that holds the truth.

Whole-second answers say when the device's second changes, but not whether it truncates or
rounds: that moves everything by half a second. A second path (RTCP sender reports, the clock in
the picture) settles it; without one the interval covers both, or the caller names the
assumption that it makes. Steps, cached answers, local time told as UTC and a clock that stands
still are found on the way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.clock_answers import (
    GB28181,
    Answer,
    Answers,
    Interval,
    answers_of_best_path,
    hull,
    intersect,
    read_answers,
    segments,
)
from probes.sender_report_clock import sender_report_clock

INSTRUMENT = "clock-offset/1"
QUANTITY = "clock-offset"
SecondConvention = Literal["unknown", "truncated", "rounded"]

_STANDS_STILL_S = 3.0
#: Sender reports may be stamped elsewhere in the device; they only have to tell 0 s from 0.5 s.
_STAMPING_SLACK_S = 0.05
#: Whole-second answers that tell no more than this (cached ones) give way to a finer path.
_COARSE_S = 0.1
#: The oldest answer seen is hardly the oldest there is.
_CACHE_MARGIN = 1.25
#: Paths that differ by less than this may be one clock whose answers are late: both are kept in.
_LATE_ANSWER_S = 1.5
_WHOLE_HOUR_WITHIN_S = 300.0
_SERIES_LIMIT = 500


@dataclass
class OffsetOfAnswers:
    """What the whole-second answers of one path say, for a truncating device."""

    interval: Interval
    frozen_s: float | None = None
    cache_s: float | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)


def measure_clock_offset(
    clock: Recording,
    *,
    stream: Recording | None = None,
    picture_clock: Measurement | None = None,
    second_convention: SecondConvention = "unknown",
) -> Measurement:
    """Measure the offset of the device's clock from a ``clock`` recording, in seconds.

    ``stream`` (its sender reports) and ``picture_clock`` are second paths. The value is the
    middle of the interval; ``details`` holds the interval of each path, the ``assumption`` on
    whole seconds (``truncated``, ``rounded``, ``either``, or ``sub-second`` when another path
    gave the value), ``whole_hours`` with the ``remainder`` for a clock that is a time zone off,
    ``steps``, ``cache_s``, ``frozen_s``. Spoilt when there is no usable answer, the host's
    clock stepped, or the error of the reference is not known.
    """
    answers = answers_of_best_path(_polls(clock))
    onvif, registered = (read_answers(_polls(clock), path) for path in ("onvif", GB28181))
    web = read_answers(_polls(clock), "http-date")
    details: dict[str, Any] = {
        "polls": len(answers.answers) + answers.unusable,
        "unusable": answers.unusable,
        "second_path": None,
        "paths": {},
    }
    told = None
    for name, path in (("onvif", onvif), (GB28181, registered), ("http-date", web)):
        if path.answers:
            offset = offset_of_answers(path.answers)
            details["paths"][name] = list(offset.interval)
            told = told or offset
    _describe(details, answers if answers.answers else web, told)
    reports = None if stream is None else sender_report_clock(stream)
    second: dict[str, Interval] = {}
    if reports is not None:
        details["sender_reports"] = {
            "interval": list(reports.interval),
            "count": reports.reports,
            "spread_s": reports.spread_s,
            "steady": reports.steady,
            "wall_clock": reports.wall_clock,
        }
        if reports.wall_clock:
            second["rtcp"] = reports.interval
    picture = _picture_interval(picture_clock)
    if picture is not None:
        second["picture"] = picture
    details["paths"] |= {name: list(interval) for name, interval in second.items()}
    interval = _conclude(details, told, second, second_convention)
    spoilt = _spoilt(clock, answers, web, interval)
    return _measurement(clock, stream, interval, details, spoilt)


def convention_of(offset: Measurement) -> SecondConvention:
    """What a measured offset found out about the device's whole seconds, for a watch of it."""
    assumption = offset.details.get("assumption")
    if assumption == "truncated":
        return "truncated"
    return "rounded" if assumption == "rounded" else "unknown"


def offset_of_answers(answers: Sequence[Answer]) -> OffsetOfAnswers:
    """Intersect the answers of a truncating device; see to steps, caches and a frozen clock."""
    first, last = answers[0], answers[-1]
    if (
        len({answer.told for answer in answers}) == 1
        and last.sent - first.received > _STANDS_STILL_S
    ):
        return OffsetOfAnswers((last.lower, last.upper), frozen_s=last.received - first.sent)
    moment = (first.at + last.at) / 2
    parts = segments(answers, moment)
    around = hull(interval for _, interval in parts)
    if len(parts) == 1:
        return OffsetOfAnswers(around)
    steps = [
        {
            "at": after[0].at,
            "by": [after_at[0] - before_at[1], after_at[1] - before_at[0]],
        }
        for (_, before_at), (after, after_at) in pairwise(parts)
    ]
    late, cache_s, cached = _as_cached(answers, moment)
    if cached:
        return OffsetOfAnswers(late, cache_s=cache_s)
    # A change may be a step or a cache that aged: until another path tells, both are kept in.
    # Several steps within seconds are no clock's habit, so that is called a cache.
    several = cache_s if len(steps) > 1 else None
    return OffsetOfAnswers(hull([around, late]), cache_s=several, steps=steps)


def _as_cached(answers: Sequence[Answer], moment: float) -> tuple[Interval, float, bool]:
    """The interval if the answers come from a cache, its age, and whether nothing else fits.

    A cached answer is late, never early: lower bounds stay true, upper bounds do not. After a
    step all answers on one side of it contradict; from a cache, answers on both sides of the
    freshest one do.
    """
    intervals = [answer.at_moment(moment) for answer in answers]
    freshest = max(range(len(intervals)), key=lambda index: intervals[index][0])
    lower = intervals[freshest][0]
    stale = [lower - upper for _, upper in intervals]
    cache_s = _CACHE_MARGIN * max(1, math.ceil(max(stale)))
    cached = max(stale[:freshest], default=0.0) > 0 and max(stale[freshest:], default=0.0) > 0
    return (lower, min(high for _, high in intervals) + cache_s), cache_s, cached


def _conclude(
    details: dict[str, Any],
    told: OffsetOfAnswers | None,
    second: dict[str, Interval],
    convention: SecondConvention,
) -> Interval | None:
    """The final interval (without the reference's error) and the assumption it rests on."""
    if told is None:
        details["assumption"] = "sub-second" if second else "none"
        details["second_path"] = next(iter(second), None)
        return next(iter(second.values()), None)
    low, high = told.interval
    by_assumption = {"truncated": (low, high), "rounded": (low - 0.5, high - 0.5)}
    details["by_assumption"] = {name: list(value) for name, value in by_assumption.items()}
    for path, seen in second.items():
        hours = _hours_between(told.interval, seen)
        details["second_path_hours"] = hours
        interval = (seen[0] + 3600 * hours, seen[1] + 3600 * hours)
        slack = _STAMPING_SLACK_S if path == "rtcp" else 0.0
        near = (interval[0] - slack, interval[1] + slack)
        fitting = [n for n, value in by_assumption.items() if intersect([value, near])]
        if not fitting:
            details["paths_disagree"] = True
            if low - _LATE_ANSWER_S <= interval[1] and interval[0] <= high + _LATE_ANSWER_S:
                details["assumption"], details["second_path"] = "either", path
                return hull([*by_assumption.values(), interval])
            continue
        if high - low > max(_COARSE_S, 2 * (interval[1] - interval[0])):
            details["assumption"], details["second_path"] = "sub-second", path
            return interval
        if len(fitting) == 1:
            details["assumption"], details["second_path"] = fitting[0], path
            return by_assumption[fitting[0]]
    if convention == "unknown":
        details["assumption"] = "either"
        return hull(by_assumption.values())
    details["assumption"], details["assumed_by_ruling"] = convention, True
    return by_assumption[convention]


def _hours_between(first: Interval, second: Interval) -> int:
    """Whole hours by which two paths differ because one of them tells another zone's time."""
    hours = round((first[0] + first[1] - second[0] - second[1]) / 2 / 3600)
    return hours if abs(hours) <= 14 else 0


def _describe(details: dict[str, Any], answers: Answers, told: OffsetOfAnswers | None) -> None:
    details["frozen_s"] = None if told is None else told.frozen_s
    details["cache_s"] = None if told is None else told.cache_s
    details["steps"] = [] if told is None else told.steps
    details["paths_disagree"] = False
    details["host_shift_s"] = answers.host_shift_s
    if answers.answers:
        details["shortest_round_trip_s"] = min(a.received - a.sent for a in answers.answers)
        details["series"] = [
            [answer.at, answer.lower, answer.upper] for answer in answers.answers[:_SERIES_LIMIT]
        ]


def _picture_interval(picture_clock: Measurement | None) -> Interval | None:
    if picture_clock is None or picture_clock.spoilt is not None:
        return None
    if picture_clock.lower is None or picture_clock.upper is None:
        return None
    return picture_clock.lower, picture_clock.upper


def _spoilt(
    clock: Recording, answers: Answers, web: Answers, interval: Interval | None
) -> Reason | None:
    if interval is None:
        if clock.problem is not None:
            return Reason("clock-offset.visit-failed", {"problem": clock.problem.within})
        return Reason("clock-offset.no-answer", {"unusable": answers.unusable + web.unusable})
    if answers.host_stepped or web.host_stepped:
        shift = max(answers.host_shift_s, web.host_shift_s)
        return Reason("clock-offset.host-clock-stepped", {"shift_s": shift})
    if reference_error(clock) is None:
        return Reason("clock-offset.reference-unknown", {})
    return None


def reference_error(recording: Recording) -> float | None:
    """The stated error bound of the reference in seconds, or ``None`` if there is none."""
    reference = recording.facts.get("reference")
    error = reference.get("error_s") if isinstance(reference, dict) else None
    sound = isinstance(error, int | float) and math.isfinite(error) and error >= 0
    return float(error) if sound and error is not None else None


def _polls(recording: Recording) -> list[dict[str, Any]]:
    polls = recording.facts.get("polls")
    return [poll for poll in polls if isinstance(poll, dict)] if isinstance(polls, list) else []


def _measurement(
    clock: Recording,
    stream: Recording | None,
    interval: Interval | None,
    details: dict[str, Any],
    spoilt: Reason | None,
) -> Measurement:
    value = lower = upper = None
    if interval is not None:
        error = (reference_error(clock) or 0.0) + details["host_shift_s"]
        lower, upper = interval[0] - error, interval[1] + error
        value = (lower + upper) / 2
        hours = round(value / 3600)
        if abs(value - 3600 * hours) > _WHOLE_HOUR_WITHIN_S or abs(hours) > 14:
            hours = 0
        details["whole_hours"] = hours
        details["remainder"] = [lower - 3600 * hours, upper - 3600 * hours]
    reference = clock.facts.get("reference")
    details["reference"] = dict(reference) if isinstance(reference, dict) else None
    method = "subsecond" if details["assumption"] == "sub-second" else "whole-seconds"
    return Measurement(
        quantity=QUANTITY,
        value=value,
        unit="s",
        instrument=INSTRUMENT,
        method=f"method.clock-offset.{method}",
        subject=clock.subject,
        started=clock.started,
        ended=clock.ended,
        lower=lower,
        upper=upper,
        recordings=(clock.digest,) + ((stream.digest,) if stream is not None else ()),
        details=details,
        spoilt=spoilt,
    )
