"""Whole-second answers of a device's clock, as intervals of its offset.

An answer k, asked at s and received at r, was made somewhere between the two, wherever on the
way the delay lay. If the device truncates, its clock then stood in [k, k + 1), so that
k - r <= offset < k + 1 - s. Clocks may run fast or slow by ``RATE_ALLOWANCE`` during a watch;
answers are carried to one moment with that allowance before they are intersected
(Cristian 1989; Marzullo 1984).
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from protocols.errors import ProtocolError
from protocols.posix_time_zone import parse_time_zone

#: Fastest rate of a device's clock against the reference: crystal and slew (RFC 5905: 500 ppm).
RATE_ALLOWANCE = 500e-6
#: Wall against monotonic time of the harness: more than this is a step of the host's clock.
_HOST_STEP_S = 0.005

#: The path by DeviceStatus, whose DeviceTime is Beijing time without a zone (GB/T 28181 annex J).
GB28181 = "gb28181"
_BEIJING_EAST_S = 28_800

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """One poll: when (reference time), what it says of the offset, and what was told.

    ``lower`` and ``upper`` bound device minus reference for a truncating device.
    """

    sent: float
    received: float
    told: int

    @property
    def at(self) -> float:
        """The middle of the poll."""
        return (self.sent + self.received) / 2

    @property
    def lower(self) -> float:
        """Least offset, seconds."""
        return self.told - self.received

    @property
    def upper(self) -> float:
        """Greatest offset, seconds."""
        return self.told + 1 - self.sent

    def at_moment(self, moment: float) -> Interval:
        """The interval of the offset at ``moment``, by the rate allowance."""
        allowance = RATE_ALLOWANCE * abs(self.at - moment)
        return self.lower - allowance, self.upper + allowance


@dataclass(frozen=True, slots=True)
class Answers:
    """The usable polls of one path.

    Attributes:
        answers: in order of time.
        unusable: polls without a readable time.
        host_shift_s: how much the host's wall clock moved against its monotonic clock.
        host_stepped: that is more than slewing explains.
    """

    answers: tuple[Answer, ...]
    unusable: int
    host_shift_s: float
    host_stepped: bool


def read_answers(polls: Iterable[Mapping[str, Any]], path: str) -> Answers:
    """The answers of ``path`` on one time scale: monotonic stamps, tied to the wall clock once."""
    stamped = [(poll, stamps) for poll in polls if (stamps := _stamps(poll, path)) is not None]
    ties = [wall - mono for _, stamps in stamped for wall, mono in (stamps[:2], stamps[2:])]
    shift = max(ties) - min(ties) if ties else 0.0
    tie = sorted(ties)[len(ties) // 2] if ties else 0.0
    answers = []
    for poll, stamps in stamped:
        told = told_posix(poll)
        if told is not None:
            answers.append(Answer(stamps[1] + tie, stamps[3] + tie, told))
    answers.sort(key=lambda answer: answer.sent)
    span = answers[-1].received - answers[0].sent if answers else 0.0
    stepped = shift > _HOST_STEP_S + RATE_ALLOWANCE * span
    return Answers(tuple(answers), len(stamped) - len(answers), shift, stepped)


def answers_of_best_path(polls: Sequence[Mapping[str, Any]]) -> Answers:
    """The answers by ONVIF, or by GB/T 28181 where there are none."""
    onvif = read_answers(polls, "onvif")
    return onvif if onvif.answers else _either(onvif, read_answers(polls, GB28181))


def _either(first: Answers, second: Answers) -> Answers:
    """The second, with what was unusable in the first."""
    return replace(second, unusable=first.unusable + second.unusable)


def _stamps(poll: Mapping[str, Any], path: str) -> tuple[float, float, float, float] | None:
    """``sent, sent_mono, received, received_mono`` of a poll of ``path``, if they are sound."""
    if poll.get("path", "onvif") != path:
        return None
    try:
        sent, received = float(poll["sent"]), float(poll["received"])
        sent_mono = float(poll.get("sent_mono", sent))
        received_mono = float(poll.get("received_mono", received))
    except (KeyError, TypeError, ValueError):
        return None
    stamps = (sent, sent_mono, received, received_mono)
    sound = all(map(math.isfinite, stamps)) and received_mono >= sent_mono
    return stamps if sound else None


def told_posix(poll: Mapping[str, Any]) -> int | None:
    """The POSIX second that the poll's answer tells: its UTC fields, or local time and zone."""
    told = civil_seconds(poll.get("utc"))
    if told is not None:
        return told
    local = civil_seconds(poll.get("local"))
    if local is None:
        return None
    if poll.get("path") == GB28181:
        return local - _BEIJING_EAST_S
    try:
        return local - parse_time_zone(str(poll.get("time_zone") or "")).east_s
    except ProtocolError:
        return None


def civil_seconds(fields: Any) -> int | None:
    """Date and time fields as if they were UTC, in POSIX seconds; ``None`` if not a date."""
    if not isinstance(fields, Mapping):
        return None
    try:
        year, month, day, hour, minute, second = (
            int(fields[name]) for name in ("year", "month", "day", "hour", "minute", "second")
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not (1900 <= year <= 9999 and 1 <= month <= 12 and hour in range(24)):
        return None
    if not (1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    # A leap second is told as 60 (ONVIF allows 61) and is the next minute's first in POSIX.
    if minute not in range(60) or second not in range(62):
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def intersect(intervals: Iterable[Interval]) -> Interval | None:
    """What all intervals share, or ``None``."""
    bounds = list(intervals)
    lower, upper = max(low for low, _ in bounds), min(high for _, high in bounds)
    return (lower, upper) if lower <= upper else None


def hull(intervals: Iterable[Interval]) -> Interval:
    """The least interval around all of them."""
    bounds = list(intervals)
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def segments(answers: Sequence[Answer], moment: float) -> list[tuple[list[Answer], Interval]]:
    """Cut the answers, in order, wherever the next one contradicts those since the last cut."""
    cut: list[tuple[list[Answer], Interval]] = []
    for answer in answers:
        interval = answer.at_moment(moment)
        shared = intersect([cut[-1][1], interval]) if cut else None
        if shared is None:
            cut.append(([answer], interval))
        else:
            cut[-1] = ([*cut[-1][0], answer], shared)
    return cut
