"""Characters in pictures: lines of text found and read (PP-OCR models inside the wheel, offline).

Loading the models costs about a second once per process, finding the lines of one picture about
one, reading one cropped line a tenth of one: find once, then read crops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_WIDEST = 960
_LEAST_SCORE = 0.6


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text: what it says, how sure that is (0 to 1), and its box in pixels."""

    text: str
    score: float
    left: int
    top: int
    right: int
    bottom: int


@cache
def _engine() -> Any:
    # Imported here because loading the run time takes a second that most probes never need.
    from rapidocr import RapidOCR

    # One thread: the probes of many cameras run side by side already.
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def find_lines(picture: Bytes) -> list[TextLine]:
    """The lines of text in a BGR picture, from top to bottom; large pictures are scaled first."""
    height, width = picture.shape[:2]
    scale = min(1.0, _WIDEST / width)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    found = _engine()(picture, use_det=True, use_cls=False, use_rec=True)
    if found.boxes is None or found.txts is None:
        return []
    lines = []
    for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True):
        if score < _LEAST_SCORE:
            continue
        left, top = (int(value) for value in np.floor(box.min(axis=0) / scale))
        right, bottom = (int(value) for value in np.ceil(box.max(axis=0) / scale))
        lines.append(TextLine(text, float(score), max(left, 0), max(top, 0), right, bottom))
    return sorted(lines, key=lambda line: (line.top, line.left))


def read_line(crop: Bytes) -> tuple[str, float]:
    """The text of a BGR picture that holds one line, and how sure it is; "" when none is read."""
    found = _engine()(crop, use_det=False, use_cls=False, use_rec=True)
    if not found.txts:
        return "", 0.0
    return found.txts[0], float(found.scores[0])
