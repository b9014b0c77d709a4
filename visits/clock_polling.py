"""Polls timed to arrive around the ticks of a device that tells whole seconds only.

One answer "it is second k", asked at s and received at r, says k - r <= offset < k + 1 - s.
An answer at a random moment narrows that little; asked so that the question arrives just
before or just after the device's second changes, both ends close in on the truth until only
the travel time is left. The engine is a bisection towards the tick: it predicts the next one
from the interval so far and aims at it, a little before and a little after in turn.

The engine knows no transport: it is given ``ask``. Intervals that it keeps are for aiming only;
what may be concluded from the polls is the probe's affair.
"""

from __future__ import annotations

import asyncio
import calendar
import math
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from protocols.time_source import TimeSource

Sleeper = Callable[[float], Awaitable[None]]

#: Least pause between two questions: a camera is not to be pressed.
_PAUSE_S = 0.15
#: One end moving so often in a row makes the other one doubtful.
_RUN = 3
#: Farthest year told that is still aimed at; the poll is kept whatever it says.
_YEARS = range(1970, 2200)


async def watch_ticks(
    ask: Callable[[], Awaitable[dict[str, Any] | None]],
    *,
    time_source: TimeSource,
    seconds: float,
    polls: int,
    seed: int,
    sleep: Sleeper = asyncio.sleep,
) -> list[dict[str, Any]]:
    """Ask at most ``polls`` times within ``seconds``, around the device's ticks.

    Each tick of the device serves one poll, so more polls than seconds are not reached; twelve
    are enough on a local network, twenty over a mobile one.

    Args:
        ask: one question; its answer in the form of a ``clock`` poll of docs/recordings.md
            without the stamps, or ``None`` when it failed. Stamps that it sets itself (nearer
            to the socket) are kept: all four or none.
        time_source: the harness's own clock.
        seconds: when to stop, counted from the call.
        polls: how often to ask at most.
        seed: of the scatter around the predicted tick.
        sleep: how to wait, ``asyncio.sleep`` but for tests.

    Returns:
        The polls that were answered, in order, with ``sent``, ``received`` (wall clock) and
        ``sent_mono``, ``received_mono``.
    """
    aim = _Aim(random.Random(seed))
    answered: list[dict[str, Any]] = []
    end = time_source.monotonic() + seconds
    for number in range(polls):
        if number:
            moment = aim.next_send(time_source.monotonic() + _PAUSE_S)
            if moment > end:
                break
            await sleep(max(0.0, moment - time_source.monotonic()))
        sent_mono, sent = time_source.monotonic(), time_source.now()
        answer = await ask()
        received_mono, received = time_source.monotonic(), time_source.now()
        if answer is None:
            continue
        stamps = {
            "sent": sent,
            "received": received,
            "sent_mono": sent_mono,
            "received_mono": received_mono,
        }
        poll = stamps | answer
        answered.append(poll)
        second = told_second(poll)
        if second is not None:
            aim.learn(sent_mono, poll["sent_mono"], poll["received_mono"], second)
    return answered


def told_second(poll: Mapping[str, Any]) -> int | None:
    """The whole POSIX second of the poll's UTC answer (or local answer), for aiming."""
    fields = poll.get("utc") or poll.get("local")
    if not fields:
        return None
    try:
        year, month, day = int(fields["year"]), int(fields["month"]), int(fields["day"])
        clock = (int(fields["hour"]), int(fields["minute"]), int(fields["second"]))
    except (KeyError, TypeError, ValueError):
        return None
    if year not in _YEARS or not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if not all(0 <= field < 62 for field in clock):
        return None
    return calendar.timegm((year, month, day, *clock))


class _Aim:
    """The interval of (device second - monotonic time) so far, and where to send next."""

    def __init__(self, scatter: random.Random) -> None:
        self._scatter = scatter
        self._lower: float | None = None
        self._upper = 0.0
        self._shortest = 0.0
        self._asked = 0
        self._preparation = 0.0  # from the call to what is sent: connecting, for one
        self._raised_in_a_row = 0  # negative: the upper end was lowered

    def learn(self, called: float, sent: float, received: float, second: int) -> None:
        """Narrow the interval; start again when the answer contradicts it."""
        self._asked += 1
        self._preparation = sent - called
        travel = received - sent
        self._shortest = travel if self._asked == 1 else min(self._shortest, travel)
        lower, upper = second - received, second + 1 - sent
        if self._lower is None or lower >= self._upper or upper <= self._lower:
            self._lower, self._upper, self._raised_in_a_row = lower, upper, 0
            return
        if lower > self._lower:
            self._lower, self._raised_in_a_row = lower, max(0, self._raised_in_a_row) + 1
        elif upper < self._upper:
            self._upper, self._raised_in_a_row = upper, min(0, self._raised_in_a_row) - 1

    def next_send(self, earliest: float) -> float:
        """The monotonic time to ask at so as to arrive around a tick, not before ``earliest``."""
        if self._lower is None:
            return earliest + self._scatter.random()
        lead = self._preparation + self._shortest / 2 + self._probing_lead()
        offset = (self._lower + self._upper) / 2
        tick = math.ceil(earliest + lead + offset) - offset
        return tick - lead

    def _probing_lead(self) -> float:
        """How much earlier than the likeliest tick to arrive.

        0 narrows the interval. Now and then a question goes to where the answer is certain if
        nothing has changed, so that a stepping clock or a cached answer contradicts itself
        there: when one end has moved three times in a row, beyond the other, older end; and
        when little is left to narrow, clearly before and after in turn.
        """
        width = self._upper - (self._lower or 0.0)
        clear = width / 2 + self._shortest * self._scatter.uniform(1.0, 2.0)
        if abs(self._raised_in_a_row) >= _RUN:
            older_is_upper = self._raised_in_a_row > 0
            self._raised_in_a_row = 0
            return clear if older_is_upper else -clear
        if width < 4 * self._shortest:
            return (0.0, clear, 0.0, -clear)[self._asked % 4]
        return 0.0
