"""Contrast: how far the light and the dark parts of a picture lie apart.

Fog, haze and a veil on the lens look alike from one picture: a low contrast is a reason to look
again in clear weather, never a proof.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from probes.picture_quality.view import Reading, View

_BLOCKS = (64, 36)
_LOW, _HIGH = 5, 95
_CODING = 1.0


def contrast(views: Sequence[View]) -> Reading:
    """Grey levels of 255 between the darkest and the brightest twentieth of the picture.

    Taken of block means, so that noise lends no contrast. The interval covers all pictures and one
    grey level of coding.

    Raises:
        ValueError: there is no picture.
    """
    if not views:
        raise ValueError("contrast needs a picture")
    ranges = []
    for view in views:
        blocks = cv2.resize(view.luma, _BLOCKS, interpolation=cv2.INTER_AREA)
        low, high = np.percentile(blocks, (_LOW, _HIGH))
        ranges.append(float(high - low))
    value = float(np.median(ranges))
    return Reading(value, max(0.0, min(ranges) - _CODING), max(ranges) + _CODING)
