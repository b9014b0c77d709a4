"""Native or up-scaled, from the luma of a few key pictures: the rule and its thresholds.

Two physical facts decide:

- *copies*: above the cut-off of an up-scaled picture everything is a copy of what lies below
  (:mod:`probes.resampling`). Copies name the size of the source.
- *reach*: how far the detail falls from the middle to the highest frequencies. Only a picture
  with much texture, that reaches far and shows no copies, is called native.

A larger sensor that is scaled down to 1080 lines leaves weak copies at the same place as 720p
does; strong compression and a soft lens take the high frequencies away; a fence repeats itself.
All this is undecided. The thresholds were set on training material only; docs/true-detail.md
publishes the rates on other material.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assessment.reason import Reason
from probes.resampling import GRID, AxisCopies, Copies
from probes.spectrum import FIRST_BIN, WINDOW, AxisSpectra, axis_spectra

Luma = NDArray[np.uint8]
Size = tuple[int, int]

_MIDDLE = slice(22 - FIRST_BIN, 27 - FIRST_BIN)
_HIGH = slice(52 - FIRST_BIN, 62 - FIRST_BIN)
_SMALLEST = 4 * WINDOW


@dataclass(frozen=True)
class _Source:
    """A source size, and the copies that convict it.

    ``across`` and ``upright`` are the least shares along width and height when both were
    enlarged; ``stretched`` the least share along the width when it alone was.
    """

    size: Size
    across: float = 0.33
    upright: float = 0.12
    stretched: float | None = None


_SOURCES = (
    # 2560x1440 scaled down leaves up to 0.27 where 1280x720 scaled up leaves 0.3 to 0.9.
    _Source((1280, 720), stretched=0.45),
    _Source((854, 480), 0.20, 0.06),
    _Source((848, 480), 0.20, 0.06),
    _Source((640, 360)),
    _Source((1024, 576), 0.25, 0.10),
    _Source((960, 540)),
)
_HALF = _Source((0, 0), 0.36, 0.30, 0.42)
"""Half the size lies on the grid of the codec's transform: up to 0.28 without any scaling."""

_THREE_QUARTERS = 0.45
"""Least share when the width was enlarged by 4/3: the grid of 4x4 transforms lies there too."""

_GRID = (0.375, 0.5, 0.75)
"""Parts of the size where the grid of a codec's transform lies."""

_LOWEST = 44
_ON_GRID = 0.3
_GRID_MARGIN = 0.2
_STRETCH_MARGIN = 0.3
_STRETCH_SOFTER_DB = 2.0
_LEAST_TEXTURED = 0.02
_FALLING_DB = -8.0
_RIVAL_PART = 0.5

_TEXTURED = 0.35
_VARIANCE = 10.0
_CLEAN = 0.08
_CLEAN_HALF = 0.25


@dataclass(frozen=True)
class DetailJudgement:
    """What the pictures show.

    Attributes:
        value: ``native``, ``suspected`` or ``None``.
        reason: why nothing is said, when ``value`` is ``None``.
        source: width and height of the smaller picture: proven when ``suspected``, hinted at
            when undecided for weak copies.
        details: the numbers behind it, JSON-able.
    """

    value: str | None
    reason: Reason | None = None
    source: Size | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def judge_detail(pictures: Sequence[Luma]) -> DetailJudgement:
    """Judge the luma planes of one or more key pictures of one camera, all of one size.

    Undecided with ``true-detail.no-picture``, ``.too-small``, ``.no-detail`` (textured),
    ``.weak-copies`` (source, share), ``.repeating-scene`` (rival) or ``.soft`` (reach).
    """
    if not pictures:
        return DetailJudgement(None, Reason("true-detail.no-picture"))
    height, width = pictures[0].shape
    if min(width, height) < _SMALLEST:
        size = {"width": width, "height": height}
        return DetailJudgement(None, Reason("true-detail.too-small", size))
    return _Judge([one for one in pictures if one.shape == (height, width)]).judge()


class _Judge:
    def __init__(self, pictures: Sequence[Luma]) -> None:
        self.height, self.width = (int(side) for side in pictures[0].shape)
        self._spectra = [[axis_spectra(one, axis) for one in pictures] for axis in (1, 0)]
        self._across, self._upright = (AxisCopies(spectra) for spectra in self._spectra)
        self._grid = self._of_each([(self.width * part, self.height * part) for part in _GRID])
        self.sources = [self._rule(source) for source in _SOURCES if self._visible(source)]
        sizes = [rule.size for rule in self.sources]
        self.copies = dict(zip(sizes, self._of_each(sizes), strict=True))
        self.reach = [_reach(spectra) for spectra in self._spectra]
        self.textured = min(_mean(one.textured for one in axis) for axis in self._spectra)
        self.variance = min(_mean(one.variance for one in axis) for axis in self._spectra)
        self.coding = max(one.share for one in self._grid[2])

    def _of_each(self, sizes: Sequence[tuple[float, float]]) -> list[tuple[Copies, Copies]]:
        """The copies across and upright for several source sizes."""
        across = self._across.of_each([round(width) for width, _ in sizes])
        upright = self._upright.of_each([round(height) for _, height in sizes])
        return list(zip(across, upright, strict=True))

    def _visible(self, source: _Source) -> bool:
        """Whether copies of this source would lie where this picture can show them."""
        if not (source.size[0] < self.width and source.size[1] < self.height):
            return False
        total = WINDOW * source.size[0] / self.width
        on_grid = abs(total - GRID * round(total / GRID)) < _ON_GRID
        return total >= _LOWEST and (not on_grid or self._is_half(source.size))

    def _rule(self, source: _Source) -> _Source:
        if self._is_half(source.size):
            return _Source(source.size, _HALF.across, _HALF.upright, _HALF.stretched)
        return source

    def _is_half(self, size: Size) -> bool:
        return abs(size[0] / self.width - 0.5) < 0.01

    def judge(self) -> DetailJudgement:
        details = self._details()
        if self.textured >= _LEAST_TEXTURED and self.reach[0] <= _FALLING_DB:
            for source in self._convicted():
                rival = self._rival(source)
                details["rival"] = round(rival, 3)
                if rival < _RIVAL_PART * self._across.of(source[0]).share:
                    return DetailJudgement("suspected", None, source, details)
                reason = Reason("true-detail.repeating-scene", {"rival": round(rival, 2)})
                return DetailJudgement(None, reason, source, details)
        return self._native_or_undecided(details)

    def _convicted(self) -> list[Size]:
        """Source sizes that the copies prove, the strongest first."""
        found: list[tuple[float, Size]] = []
        for rule in self.sources:
            across, upright = self.copies[rule.size]
            eighths = self._grid[0][0].share
            if self._is_half(rule.size) and across.share < eighths + _GRID_MARGIN:
                continue  # coding alone shows at 3/8 as strongly as at 1/2
            if across.excess >= rule.across and upright.excess >= rule.upright:
                found.append((across.excess, rule.size))
            elif rule.stretched is not None and across.excess >= rule.stretched:
                found.append((across.excess, (rule.size[0], self.height)))
        across, upright = self._grid[2]
        only_width = across.share - upright.share >= _STRETCH_MARGIN
        softer = self.reach[1] - self.reach[0] >= _STRETCH_SOFTER_DB
        if across.excess >= _THREE_QUARTERS and only_width and softer and self.width <= 1920:
            found.append((across.excess, (across.source, self.height)))
        return [size for _, size in sorted(found, reverse=True)]

    def _rival(self, source: Size) -> float:
        rivals = [self._across.rival(source[0])]
        if source[1] != self.height:
            rivals.append(self._upright.rival(source[1]))
        return max(rivals)

    def _native_or_undecided(self, details: dict[str, Any]) -> DetailJudgement:
        if self.textured < _TEXTURED or self.variance < _VARIANCE:
            share = {"textured": round(100 * self.textured)}
            return DetailJudgement(None, Reason("true-detail.no-detail", share), None, details)
        traced = self._traced()
        if traced is not None:
            size, copies = traced
            hint = {"source": f"{size[0]}x{size[1]}", "share": round(copies.share, 2)}
            return DetailJudgement(None, Reason("true-detail.weak-copies", hint), size, details)
        reach = min(self.reach)
        gently_coded = self.coding <= 0.33 and reach >= -15.0
        much = self.variance >= 20 and self.textured >= 0.5
        if gently_coded or (reach >= -11.0 and much):
            return DetailJudgement("native", None, None, details)
        soft = Reason("true-detail.soft", {"reach": round(reach, 1)})
        return DetailJudgement(None, soft, None, details)

    def _traced(self) -> tuple[Size, Copies] | None:
        """Copies too weak to convict and too strong to acquit."""
        suspects = [
            (size, one)
            for size, pair in self.copies.items()
            for one in pair
            if one.excess >= (_CLEAN_HALF if self._is_half(size) else _CLEAN)
        ]
        return max(suspects, key=lambda suspect: suspect[1].excess, default=None)

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            "width": self.width,
            "height": self.height,
            "pictures": len(self._spectra[0]),
            "textured": round(self.textured, 3),
            "variance": round(self.variance, 1),
            "coding": round(self.coding, 3),
        }
        for name, axis, spectra in zip(("across", "upright"), (0, 1), self._spectra, strict=True):
            details[f"reach_{name}_db"] = round(self.reach[axis], 2)
            details[f"spectrum_{name}"] = _series(spectra)
            grid = [pair[axis] for pair in self._grid[1:]]
            details[f"copies_{name}"] = [
                {
                    "source": one.source,
                    "share": round(one.share, 3),
                    "background": round(one.background, 3),
                    "log10_chance": round(one.log10_chance, 1),
                }
                for one in [pair[axis] for pair in self.copies.values()] + grid
            ]
        return details


def _power(spectra: Sequence[AxisSpectra]) -> NDArray[np.float64]:
    return np.asarray(np.mean([one.power_db() for one in spectra], axis=0))


def _reach(spectra: Sequence[AxisSpectra]) -> float:
    """Power of the highest frequencies against the middle ones, dB."""
    power = _power(spectra)
    return float(power[_HIGH].mean() - power[_MIDDLE].mean())


def _series(spectra: Sequence[AxisSpectra]) -> dict[str, list[float]]:
    """The mean spectrum for a chart: frequency in cycles a pixel, level in dB."""
    power = _power(spectra)
    return {
        "frequency": [round((FIRST_BIN + k) / WINDOW, 4) for k in range(0, len(power), 2)],
        "power_db": [round(float(level - power[0]), 2) for level in power[::2]],
    }


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))
