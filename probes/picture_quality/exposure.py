"""Exposure: how much of a picture is burnt out or drowned, and how bright it is on the whole.

The public function is :func:`exposure`. Its numbers tell nothing of the light before the camera: by
night a picture is dark by nature, and the sun in view burns out its part of any picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probes.picture_quality.view import Reading, View

BURNT_OUT = 250
"""Luma from here on counts as a clipped highlight (of 0 to 255)."""
DROWNED = 5
"""Luma up to here counts as a clipped shadow."""
_FINEST = 0.001
"""Smallest uncertainty of a share: an encoder does not keep single pixels."""
_CODING = 3
"""Steps by which an encoder moves what the sensor clipped."""


@dataclass(frozen=True)
class Exposure:
    """Statistics of the luma of one or more pictures of one view.

    Attributes:
        highlights: share of the pixels that are clipped highlights, 0 to 1.
        shadows: share of the pixels that are clipped shadows, 0 to 1.
        mean: mean luma, 0 to 255.
    """

    highlights: Reading
    shadows: Reading
    mean: Reading


def exposure(views: Sequence[View]) -> Exposure:
    """The exposure of ``views`` of one camera, taken together.

    The interval of a share reaches from what is clipped beyond doubt in the picture where that is
    least to what coding may have moved from the end of the scale where that is most: it holds the
    uncertainty of the edge of the scale, and the change from picture to picture. That of the mean
    is twice the standard deviation between the pictures and one step.

    Raises:
        ValueError: there is no picture.
    """
    if not views:
        raise ValueError("exposure needs a picture")
    counts = [view.histogram for view in views]
    means = [float(count @ np.arange(256) / count.sum()) for count in counts]
    mean = float(np.mean(means))
    return Exposure(
        highlights=_share([count[::-1] for count in counts], 255 - BURNT_OUT),
        shadows=_share(counts, DROWNED),
        mean=Reading.around(mean, 2 * float(np.std(means)) + 1.0),
    )


def _share(counts: Sequence[NDArray[np.float64]], reach: int) -> Reading:
    """Share of the pixels within ``reach`` of the beginning of the scale."""

    def within(steps: int) -> list[float]:
        return [float(count[: steps + 1].sum() / count.sum()) for count in counts]

    found = Reading(
        value=float(np.mean(within(reach))),
        lower=min(within(max(reach - _CODING, 0))),
        upper=max(within(reach + _CODING)),
    )
    return found.no_better_than(_FINEST)
