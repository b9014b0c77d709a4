"""The pan, tilt and zoom of a simulated dome: moves that take time, presets, patrols, home.

Positions are in picture widths (pan) and heights (tilt) from the middle at zoom 1, so that what
is commanded can be seen as so many pixels. Everything is worked out when it is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

PAN_LIMIT, TILT_LIMIT, ZOOM_LIMIT = 1.0, 1.0, 4.0
_PAN_SPEED, _TILT_SPEED = 0.4, 0.4
"""Picture widths and heights a second at the highest commanded speed, FFH."""
_ZOOM_SPEED = 0.05
"""Natural logarithm of the zoom a second at commanded zoom speed 1."""
_GOTO_SPEED = 1.5
_STEP_S = 0.02
_MOST_STEPS = 5_000
MOST_PRESETS = 255
_DWELL_S = 2.0


@dataclass(frozen=True)
class Position:
    """Where the head looks: pan to the right, tilt upwards, zoom factor from 1."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 1.0


@dataclass
class Cruise:
    """A patrol: presets in order, seconds at each, speed 0..4095."""

    presets: list[int] = field(default_factory=list)
    dwell_s: float = _DWELL_S
    speed: int = 0


@dataclass
class Home:
    """The home position (看守位): a preset that the head goes to after ``reset_s`` at rest."""

    enabled: bool = False
    reset_s: float = 0.0
    preset: int = 0


class PanTiltHead:
    """One head, driven by a monotonic clock whose reading every call is given.

    Attributes:
        presets: positions by number.
        cruises: patrols by group.
        home: the home position.
        used: whether it was ever commanded, so that its picture must be made as it moves.
    """

    def __init__(self) -> None:
        self.presets: dict[int, Position] = {}
        self.cruises: dict[int, Cruise] = {}
        self.home = Home()
        self.used = False
        self._position = Position()
        self._at = 0.0
        self._velocity = (0.0, 0.0, 0.0)
        self._targets: list[tuple[Position, float]] = []
        self._patrolling: list[tuple[Position, float]] = []
        self._rests_since = 0.0
        self._scan: tuple[float, float] | None = None
        self._scan_edges: dict[int, list[float]] = {}

    def position(self, now: float) -> Position:
        """Where it looks at ``now``."""
        elapsed = max(0.0, now - self._at)
        steps = min(_MOST_STEPS, max(1, math.ceil(elapsed / _STEP_S)))
        for _ in range(steps if elapsed else 0):
            self._advance(elapsed / steps)
        self._at = max(self._at, now)
        return self._position

    def moving(self, now: float) -> bool:
        """Whether it moves at ``now``."""
        self.position(now)
        return any(self._velocity) or bool(self._targets) or self._scan is not None

    def run(self, now: float, pan: int, tilt: int, zoom: int) -> None:
        """Move until told otherwise: signed speeds, -255..255 and for the zoom -15..15."""
        self._begin(now)
        self._velocity = (
            pan / 255 * _PAN_SPEED,
            tilt / 255 * _TILT_SPEED,
            zoom * _ZOOM_SPEED,
        )

    def stop(self, now: float) -> None:
        """Stop every movement, patrol and scan."""
        self._begin(now)

    def set_preset(self, now: float, number: int) -> None:
        """Keep the present position under ``number``."""
        if 0 < number <= MOST_PRESETS:
            self.used = True
            self.presets[number] = self.position(now)

    def call_preset(self, now: float, number: int) -> bool:
        """Go to a preset; whether there is one."""
        target = self.presets.get(number)
        if target is None:
            return False
        self._begin(now)
        self._targets = [(target, 0.0)]
        return True

    def delete_preset(self, number: int) -> None:
        """Forget a preset."""
        self.presets.pop(number, None)

    def patrol(self, now: float, group: int) -> bool:
        """Begin a patrol; whether it has a preset to go to."""
        cruise = self.cruises.get(group)
        known = [one for one in (cruise.presets if cruise else []) if one in self.presets]
        if cruise is None or not known:
            return False
        self._begin(now)
        self._patrolling = [(self.presets[one], cruise.dwell_s) for one in known]
        self._targets = list(self._patrolling)
        return True

    def set_scan_edge(self, now: float, group: int, right: bool) -> None:
        """Keep the present pan as the left or right edge of a scan."""
        edges = self._scan_edges.setdefault(group, [-PAN_LIMIT, PAN_LIMIT])
        edges[1 if right else 0] = self.position(now).pan

    def scan(self, now: float, group: int) -> None:
        """Swing between the edges of a scan until stopped."""
        self._begin(now)
        left, right = self._scan_edges.get(group, [-PAN_LIMIT, PAN_LIMIT])
        self._scan = (min(left, right), max(left, right))
        self._velocity = (0.5 * _PAN_SPEED, 0.0, 0.0)

    def centre(self, now: float, pan: float, tilt: float, zoom: float) -> None:
        """Go to a place seen in the picture: offsets in picture widths and heights, zoom factor."""
        here = self.position(now)
        target = Position(
            here.pan + pan / here.zoom, here.tilt + tilt / here.zoom, here.zoom * zoom
        )
        self._begin(now)
        self._targets = [(_within(target), 0.0)]

    def go(self, now: float, target: Position) -> None:
        """Go to a position."""
        self._begin(now)
        self._targets = [(_within(target), 0.0)]

    def _begin(self, now: float) -> None:
        self.position(now)
        self.used = True
        self._velocity = (0.0, 0.0, 0.0)
        self._targets = []
        self._patrolling = []
        self._scan = None
        self._rests_since = self._at

    def _advance(self, seconds: float) -> None:
        if self._targets:
            self._approach(seconds)
        elif any(self._velocity):
            self._move(seconds)
        elif (
            self.home.enabled
            and self._at - self._rests_since >= self.home.reset_s
            and (target := self.presets.get(self.home.preset)) is not None
            and target != self._position
        ):
            self.used = True
            self._targets = [(target, 0.0)]
        self._at += seconds

    def _move(self, seconds: float) -> None:
        pan, tilt, zoom = self._velocity
        here = self._position
        if self._scan is not None:
            left, right = self._scan
            if (here.pan >= right and pan > 0) or (here.pan <= left and pan < 0):
                pan = -pan
                self._velocity = (pan, tilt, zoom)
        # What is seen moves at one speed whatever the zoom, as domes with proportional pan do.
        self._position = _within(
            Position(
                here.pan + pan * seconds / here.zoom,
                here.tilt + tilt * seconds / here.zoom,
                here.zoom * math.exp(zoom * seconds),
            )
        )
        self._rests_since = self._at

    def _approach(self, seconds: float) -> None:
        target, dwell = self._targets[0]
        here = self._position
        if here == target:
            self._rests_since = self._at
            if dwell > 0:
                self._targets[0] = (target, dwell - seconds)
                return
            self._targets.pop(0)
            if not self._targets and self._patrolling:
                self._targets = list(self._patrolling)
            return
        reach = _GOTO_SPEED * seconds
        self._position = replace(
            here,
            pan=_toward(here.pan, target.pan, reach),
            tilt=_toward(here.tilt, target.tilt, reach),
            zoom=_toward(here.zoom, target.zoom, reach * 2),
        )
        self._rests_since = self._at


def _toward(here: float, target: float, reach: float) -> float:
    return target if abs(target - here) <= reach else here + math.copysign(reach, target - here)


def _within(position: Position) -> Position:
    return Position(
        max(-PAN_LIMIT, min(PAN_LIMIT, position.pan)),
        max(-TILT_LIMIT, min(TILT_LIMIT, position.tilt)),
        max(1.0, min(ZOOM_LIMIT, position.zoom)),
    )
