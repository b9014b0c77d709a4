"""True detail: does a 1080p picture hold what 1080 lines can hold, or was it up-scaled?

Two physical facts decide, both from the key pictures of the stream:

- *copies*: above the cut-off of an up-scaled picture everything is a copy of what lies below
  (:mod:`probes.resampling`). Copies name the size of the source.
- *reach*: how far the detail falls from the middle to the highest frequencies. Only a picture
  with much texture, that reaches far and shows no copies, is called native.

A sensor larger than 1080p that is scaled down leaves weak copies at the same place as 720p
does; strong compression and a soft lens take the high frequencies away. All this is
inconclusive: neither word is given for what the picture does not show. The thresholds were
set on training material; docs/true-detail.md publishes the rates on other material.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assessment.reason import Reason
from probes.resampling import Copies, copied_shares
from probes.spectrum import FIRST_BIN, WINDOW, AxisSpectra, axis_spectra

Luma = NDArray[np.uint8]

_WIDTHS = (640, 704, 720, 768, 800, 848, 854, 960, 1024, 1152, 1280, 1366, 1440, 1600)
_HEIGHTS = (360, 480, 540, 576, 600, 720, 768, 800, 810, 900, 960)
_RATED_SIZE = (1920, 1080)

_MIDDLE = slice(22 - FIRST_BIN, 27 - FIRST_BIN)
_HIGH = slice(52 - FIRST_BIN, 62 - FIRST_BIN)

_CLEAN_EXCESS = 0.08
_MIN_TEXTURED = 0.35


@dataclass(frozen=True)
class _Source:
    """One source size the instrument knows, and the copies that convict it.

    ``both`` are the least shares along width and height of a picture scaled in both
    directions, ``width_alone`` the least share when only the width was stretched.
    """

    width: int
    height: int
    both: tuple[float, float]
    width_alone: float


_SOURCES = (
    # 2560x1440 scaled down leaves up to 0.27 where 1280x720 scaled up leaves 0.3 to 0.9.
    _Source(1280, 720, (0.33, 0.12), 0.45),
    _Source(854, 480, (0.20, 0.06), 0.30),
    _Source(848, 480, (0.20, 0.06), 0.30),
    _Source(640, 360, (0.33, 0.12), 0.45),
    _Source(1024, 576, (0.25, 0.10), 0.40),
    _Source(800, 600, (0.25, 0.10), 0.40),
    _Source(1600, 900, (0.33, 0.12), 0.45),
    # Half the width lies on the grid of the codec's transform: up to 0.28 without any scaling.
    _Source(960, 540, (0.36, 0.30), 0.42),
)


@dataclass(frozen=True)
class DetailJudgement:
    """What the pictures show.

    Attributes:
        value: ``native``, ``suspected`` or ``None``.
        reason: why nothing is said, when ``value`` is ``None``.
        source: width and height of the smaller picture, when suspected.
        details: the numbers behind it, JSON-able.
    """

    value: str | None
    reason: Reason | None
    source: tuple[int, int] | None
    details: Mapping[str, Any]


def judge_detail(pictures: Sequence[Luma]) -> DetailJudgement:
    """Judge the luma planes of one or more key pictures of 1920x1080 pixels.

    Pictures of another size are judged on the same scale: a source is named in pixels of the
    picture's own rated size. No pictures, or too small ones, are inconclusive.
    """
    if not pictures:
        return _undecided("true-detail.no-picture", {})
    height, width = pictures[0].shape
    same = [one for one in pictures if one.shape == (height, width)]
    if min(width, height) < 4 * WINDOW:
        return _undecided("true-detail.too-small", {"width": width, "height": height})
    across = [axis_spectra(one, 1) for one in same]
    upright = [axis_spectra(one, 0) for one in same]
    widths = _scaled(_WIDTHS, width / _RATED_SIZE[0])
    heights = _scaled(_HEIGHTS, height / _RATED_SIZE[1])
    by_width = dict(zip(_WIDTHS, copied_shares(across, widths), strict=True))
    by_height = dict(zip(_HEIGHTS, copied_shares(upright, heights), strict=True))
    details = _numbers(across, upright, by_width, by_height)
    convicted = _convicted(by_width, by_height)
    if convicted is not None:
        return DetailJudgement("suspected", None, convicted, details)
    return _native_or_undecided(details, by_width, by_height)


def _scaled(sizes: Sequence[int], factor: float) -> list[int]:
    return [round(size * factor) for size in sizes]


def _numbers(
    across: Sequence[AxisSpectra],
    upright: Sequence[AxisSpectra],
    by_width: Mapping[int, Copies],
    by_height: Mapping[int, Copies],
) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        "textured": min(_mean([one.textured for one in axis]) for axis in (across, upright)),
        "variance": min(_mean([one.variance for one in axis]) for axis in (across, upright)),
        "codec_grid": max(by_width[1440].share, by_height[810].share),
    }
    for name, axis, copies in (("width", across, by_width), ("height", upright, by_height)):
        power = np.mean([one.power_db() for one in axis], axis=0)
        numbers[f"reach_{name}_db"] = round(float(power[_HIGH].mean() - power[_MIDDLE].mean()), 2)
        numbers[f"spectrum_{name}"] = {
            "frequency": [round((FIRST_BIN + k) / WINDOW, 4) for k in range(0, len(power), 2)],
            "power_db": [round(float(level - power[0]), 2) for level in power[::2]],
        }
        numbers[f"copies_{name}"] = [
            {
                "source": one.source,
                "share": round(one.share, 3),
                "background": round(one.background, 3),
                "log10_chance": round(one.log10_chance, 1),
            }
            for one in copies.values()
        ]
    return numbers


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)


def _convicted(
    by_width: Mapping[int, Copies], by_height: Mapping[int, Copies]
) -> tuple[int, int] | None:
    """The source size the copies prove, the strongest first, or ``None``."""
    found: list[tuple[float, tuple[int, int]]] = []
    for source in _SOURCES:
        across, upright = by_width[source.width], by_height[source.height]
        if across.excess >= source.both[0] and upright.excess >= source.both[1]:
            found.append((across.excess, (source.width, source.height)))
        elif across.excess >= source.width_alone:
            found.append((across.excess, (source.width, _RATED_SIZE[1])))
    grid, stretched = by_height[810], by_width[1440]
    if stretched.excess >= 0.45 and stretched.share - grid.share >= 0.22:
        found.append((stretched.excess, (1440, _RATED_SIZE[1])))
    return max(found)[1] if found else None


def _native_or_undecided(
    details: Mapping[str, Any], by_width: Mapping[int, Copies], by_height: Mapping[int, Copies]
) -> DetailJudgement:
    reach = min(details["reach_width_db"], details["reach_height_db"])
    textured, variance = details["textured"], details["variance"]
    if textured < _MIN_TEXTURED or variance < 10:
        return _undecided("true-detail.no-detail", {"textured": 100 * textured}, details)
    traced = _traced(by_width, by_height)
    if traced is not None:
        return _undecided(
            "true-detail.weak-copies", {"source": traced.source, "share": traced.share}, details
        )
    gently_coded = details["codec_grid"] <= 0.33 and reach >= -15.0
    if gently_coded or (reach >= -11.0 and variance >= 20 and textured >= 0.5):
        return DetailJudgement("native", None, None, details)
    return _undecided("true-detail.soft", {"reach": reach}, details)


def _traced(
    by_width: Mapping[int, Copies], by_height: Mapping[int, Copies]
) -> Copies | None:
    """Copies too weak to convict and too strong to acquit."""
    grid = (960, 1440, 720, 1200)
    suspects = [one for size, one in by_width.items() if size not in grid]
    suspects += [by_height[480], by_height[720]]
    if by_width[960].excess >= 0.25:
        suspects.append(by_width[960])
    strongest = max(suspects, key=lambda one: one.excess)
    return strongest if strongest.excess >= _CLEAN_EXCESS else None


def _undecided(
    code: str, parameters: Mapping[str, Any], details: Mapping[str, Any] | None = None
) -> DetailJudgement:
    return DetailJudgement(None, Reason(code, dict(parameters)), None, details or {})
