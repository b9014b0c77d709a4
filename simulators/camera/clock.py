"""The camera's own clock: set once, driven by its own crystal, corrected now and then.

The clock runs on the reference's *monotonic* time, so a stepped host clock does not move it.
Corrections are worked out lazily, when the clock is read: a day in virtual time costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Literal

from protocols.time_source import TimeSource
from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

HOUR = 3600.0

OFFSET_AHEAD = defect("offset-1500ms", "The clock is 1.5 s ahead of Beijing time.")
OFFSET_BEHIND = defect("offset-minus-1100ms", "The clock is 1.1 s behind Beijing time.")
TWO_SECONDS_OFF = defect("camera-2s-off", "The clock differs from the platform's by 2 s.")
DRIFTS = defect(
    "drift-20ppm-unsynced", "The clock gains 20 ppm (1.7 s a day) and nothing corrects it."
)
STEPS = defect("step-each-hour", "The clock jumps ahead by 0.25 s each hour and stays there.")
SAWTOOTH = defect(
    "sawtooth-900ms-peak-1200ms",
    "The clock gains 900 ms between two corrections that leave it 300 ms ahead: it peaks at 1.2 s.",
)
FROZEN = defect("clock-frozen", "The clock stands still.")
UTC_SHOWN = defect("utc-shown", "Picture and local time show UTC instead of Beijing time.")
ZONE_OFF = defect(
    "timezone-off-by-hour", "The time zone is UTC+7: picture and local time are an hour behind."
)
STEPS_SMALL = variant(
    "ntp-step-small", "A 20 ppm crystal stepped back to NTP time every 17 minutes, by 20 ms."
)
SLEWS = variant("ntp-slew", "A 15 ppm crystal slewed back to NTP time each hour at 500 ppm.")
DRIFTS_SYNCED = variant(
    "drift-5ppm-ntp-synced", "A crystal that gains 5 ppm, corrected over NTP each hour."
)
HALF_SECOND_AHEAD = variant("offset-500ms", "The clock is steadily 0.5 s ahead: within 1 s.")
ROUNDS = variant("clock-rounds-seconds", "Whole-second answers are rounded, not truncated.")
CACHES = variant(
    "clock-answers-cached", "Whole-second answers come from a cache that is refreshed every 1.07 s."
)
LOCAL_AS_UTC = defect("local-time-as-utc", "The UTC field of the answer holds local time.")


@dataclass(frozen=True)
class Following:
    """How a clock follows its upstream.

    Attributes:
        interval_s: seconds between two corrections; the first comes after one interval.
        residual_s: error left by a correction, or added by it when ``mode`` is ``add``.
        mode: ``step`` sets the clock at once; ``slew`` runs it faster or slower by
            ``slew_ppm`` until it is right; ``add`` jumps by ``residual_s``, a faulty corrector.
        slew_ppm: rate of a slew.
        what: what the network shows of it: ``ntp-request``, ``sip-date`` or ``""``.
    """

    interval_s: float
    residual_s: float = 0.0
    mode: Literal["step", "slew", "add"] = "step"
    slew_ppm: float = 500.0
    what: str = "ntp-request"


class CameraClock:
    """A ``TimeSource`` with a fault of its own.

    Args:
        reference: true time.
        offset_s: error at the start, device minus reference.
        drift_ppm: rate of the crystal: positive gains.
        following: corrections, or ``None`` for a free-running clock.
        frozen: the clock stands at its starting value; only ``set`` moves it.

    Attributes:
        behaviours: those that it was made for by ``configure``, ``None`` when made by hand.
    """

    def __init__(
        self,
        reference: TimeSource,
        offset_s: float = 0.0,
        drift_ppm: float = 0.0,
        *,
        following: Following | None = None,
        frozen: bool = False,
    ) -> None:
        self.reference = reference
        self.drift_ppm = drift_ppm
        self.following = following
        self.frozen = frozen
        self.behaviours: frozenset[str] | None = None
        self._at = reference.monotonic()
        self._reading = reference.now() + offset_s
        self._slew_left = 0.0
        self._next_correction = None if following is None else self._at + following.interval_s
        self._corrections: deque[tuple[float, str]] = deque(maxlen=10_000)

    def now(self) -> float:
        """The time that the camera believes in, POSIX seconds."""
        self._catch_up()
        return self._reading

    def monotonic(self) -> float:
        """See ``TimeSource``."""
        return self.reference.monotonic()

    def error(self) -> float:
        """Device minus reference, in seconds: the truth that the instruments must find."""
        return self.now() - self.reference.now()

    def set(self, posix: float) -> None:
        """Set the clock, as a client may over ONVIF. A running slew is given up."""
        self._catch_up()
        self._reading = posix
        self._slew_left = 0.0

    def step(self, seconds: float) -> None:
        """Jump ahead (or back) by ``seconds``."""
        self.set(self.now() + seconds)

    def freeze(self, frozen: bool = True) -> None:
        """Stop the clock, or let it run on from where it stands."""
        self._catch_up()
        self.frozen = frozen

    def run_free(self) -> None:
        """Correct the clock no longer: something else does, by ``set``."""
        self._catch_up()
        self.following = None
        self._next_correction = None

    def corrections(self) -> list[dict[str, float | str]]:
        """The corrections so far: ``at`` (reference time) and ``what`` the network showed."""
        self._catch_up()
        return [{"at": at, "what": what} for at, what in self._corrections if what]

    def _catch_up(self) -> None:
        now = self.reference.monotonic()
        while self._next_correction is not None and self._next_correction <= now:
            self._run_to(self._next_correction)
            self._correct(self._next_correction)
        self._run_to(now)

    def _run_to(self, moment: float) -> None:
        elapsed = moment - self._at
        self._at = moment
        if self.frozen:
            return
        self._reading += elapsed * (1 + self.drift_ppm * 1e-6)
        if self._slew_left and self.following is not None:
            most = elapsed * self.following.slew_ppm * 1e-6
            slewed = max(-most, min(most, self._slew_left))
            self._slew_left -= slewed
            self._reading += slewed

    def _correct(self, moment: float) -> None:
        following = self.following
        assert following is not None
        self._next_correction = moment + following.interval_s
        true = self.reference.now() + (moment - self.reference.monotonic())
        if following.what:
            self._corrections.append((true, following.what))
        if self.frozen:
            return
        if following.mode == "step":
            self._reading = true + following.residual_s
        elif following.mode == "slew":
            self._slew_left = true + following.residual_s - self._reading
        else:
            self._reading += following.residual_s


#: What decides which clock a camera has; the other names above concern what is told of it.
_CLOCKS = frozenset(
    {
        OFFSET_AHEAD,
        OFFSET_BEHIND,
        TWO_SECONDS_OFF,
        DRIFTS,
        STEPS,
        SAWTOOTH,
        FROZEN,
        STEPS_SMALL,
        SLEWS,
        DRIFTS_SYNCED,
        HALF_SECOND_AHEAD,
    }
)


def configure(state: CameraState) -> None:
    """Give the camera the clock that its behaviours ask for, unless it has it already.

    A ``CameraClock`` that somebody set by hand stays as long as no behaviour asks for another.
    """
    wanted = frozenset(state.behaviours & _CLOCKS)
    present = state.clock
    if isinstance(present, CameraClock):
        if present.behaviours == wanted or (present.behaviours is None and not wanted):
            return
        reference = present.reference
    else:
        reference = present
    state.clock = clock = clock_for(wanted, reference)
    clock.behaviours = wanted


def clock_for(behaviours: Set[str], reference: TimeSource) -> CameraClock:
    """The clock of a camera with the given behaviours; without any, one kept by NTP to 1 ms."""
    if FROZEN in behaviours:
        return CameraClock(reference, frozen=True)
    if SAWTOOTH in behaviours:
        following = Following(9000.0, residual_s=0.3)
        return CameraClock(reference, 0.3, 100.0, following=following)
    if STEPS in behaviours:
        return CameraClock(reference, following=Following(HOUR, 0.25, "add", what=""))
    if DRIFTS in behaviours:
        return CameraClock(reference, drift_ppm=20.0)
    for name, offset in (
        (OFFSET_AHEAD, 1.5),
        (OFFSET_BEHIND, -1.1),
        (TWO_SECONDS_OFF, 2.0),
        (HALF_SECOND_AHEAD, 0.5),
    ):
        if name in behaviours:
            return CameraClock(reference, offset)
    if STEPS_SMALL in behaviours:
        return CameraClock(reference, 0.0, 20.0, following=Following(1024.0))
    if SLEWS in behaviours:
        return CameraClock(reference, 0.0, 15.0, following=Following(HOUR, mode="slew"))
    if DRIFTS_SYNCED in behaviours:
        return CameraClock(reference, 0.0, 5.0, following=Following(HOUR))
    return CameraClock(reference, 0.001, 1.0, following=Following(1024.0, residual_s=0.001))


def zone_seconds(behaviours: Iterable[str]) -> int:
    """Seconds east of UTC of the camera's local time: 28800 for Beijing time."""
    if UTC_SHOWN in behaviours:
        return 0
    return 7 * 3600 if ZONE_OFF in behaviours else 8 * 3600


def time_zone_text(behaviours: Iterable[str]) -> str:
    """The camera's time zone as POSIX text, whose sign is west-positive (``CST-8``)."""
    return {0: "UTC0", 7 * 3600: "ICT-7", 8 * 3600: "CST-8"}[zone_seconds(behaviours)]


def told_second(clock: TimeSource, behaviours: Set[str]) -> int:
    """The whole POSIX second that an answer without fractions tells now.

    Truncated as ``gmtime`` does; rounded, a second old, or local time under the variants.
    """
    reading = clock.now()
    if CACHES in behaviours:
        reading -= clock.monotonic() % 1.07
    if ROUNDS in behaviours:
        reading += 0.5
    if LOCAL_AS_UTC in behaviours:
        reading += zone_seconds(behaviours)
    return int(reading // 1)
