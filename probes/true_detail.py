"""True detail: does a picture hold what its pixels can hold, or was it up-scaled?

The rule is in :mod:`probes.detail_judgement`; this module brings it the key pictures of a
stream, and the camera's own snapshot and sub-stream as witnesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import CorruptRecordingError, Part, Recording
from probes.detail_judgement import DetailJudgement, Luma, judge_detail
from probes.opening import open_track, outcome
from probes.streams import Track, reader
from protocols.errors import ProtocolError
from protocols.jpeg import parse_jpeg

QUANTITY = "true-detail"
INSTRUMENT = "true-detail/1"
METHOD = "method.true-detail"
_PICTURES = 2
_CROP = (480, 270)
_SAME_SCENE = 0.9
_LARGEST_SNAPSHOT = 64_000_000


def measure_true_detail(
    recording: Recording, snapshot: Recording | None = None, sub: Recording | None = None
) -> Measurement:
    """``native`` (consistent with it), ``suspected`` (up-scaled) or ``None`` (undecided).

    details: ``source`` [width, height] of the smaller picture or ``None``; ``reach_across_db``
    and ``reach_upright_db``; ``copies_across`` and ``copies_upright``: per source size its share,
    background and the logarithm of its chance; ``spectrum_across`` and ``spectrum_upright`` for a
    chart; ``textured``, ``variance``, ``coding``; ``snapshot``: value, source and reason of the
    witness; ``sub``: ``beyond_db``, the detail of the main stream that its sub-stream, enlarged
    by us, does not explain, against all its detail.
    evidence: ``detail.png``, the most textured crop at its own resolution, lossless.

    spoilt: ``true-detail.no-picture``, ``.too-small``, ``.no-detail``, ``.weak-copies``,
    ``.repeating-scene``, ``.soft``, and those of ``open_track``.
    """
    track = open_track(recording, QUANTITY)
    if isinstance(track, Reason):
        return outcome(recording, QUANTITY, "", INSTRUMENT, METHOD, spoilt=track)
    pictures = [picture.luma() for picture in _sound(track)]
    judgement = judge_detail(pictures)
    details: dict[str, Any] = dict(judgement.details)
    if snapshot is not None:
        details["snapshot"], judgement = _hear_snapshot(snapshot, judgement, pictures)
    if sub is not None and pictures:
        details["sub"] = _compare_with_sub(sub, pictures[0])
    details["source"] = judgement.source and list(judgement.source)
    evidence = {"detail.png": _crop(pictures[0])} if pictures else {}
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        judgement.value,
        spoilt=judgement.reason,
        details=details,
        evidence=evidence,
    )


def _sound(track: Track) -> list[Any]:
    return [one for one in track.key_pictures(_PICTURES) if not one.damaged]


def _hear_snapshot(
    snapshot: Recording, judgement: DetailJudgement, pictures: list[Luma]
) -> tuple[Mapping[str, Any] | None, DetailJudgement]:
    """What the snapshot says, and the judgement with it.

    A snapshot is coded more gently than the stream. It confirms weak copies of the same source;
    it never acquits the stream, and never convicts one that shows no copies itself.
    """
    luma = _snapshot_luma(snapshot)
    if luma is None or not pictures or luma.shape != pictures[0].shape:
        return None, judgement
    witness = judge_detail([luma])
    heard = {
        "value": witness.value,
        "source": witness.source and list(witness.source),
        "reason": witness.reason and witness.reason.code,
    }
    weak = judgement.reason is not None and judgement.reason.code == "true-detail.weak-copies"
    if weak and witness.value == "suspected" and witness.source == judgement.source:
        judgement = DetailJudgement("suspected", None, witness.source, judgement.details)
    return heard, judgement


def _snapshot_luma(snapshot: Recording) -> Luma | None:
    try:
        content = snapshot.read("snapshot.jpg")
        size = parse_jpeg(content).format
    except (KeyError, CorruptRecordingError, ProtocolError):
        return None
    if size.width * size.height > _LARGEST_SNAPSHOT:
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None
    return None if decoded is None else np.asarray(decoded, np.uint8)


def _compare_with_sub(sub: Recording, main: Luma) -> Mapping[str, Any] | None:
    """Main against sub-stream, if both show the same scene; a number to look at, not to judge.

    Only a sub-stream of the very size that the main stream was enlarged from would convict.
    """
    try:
        track = reader(sub).video
    except (ProtocolError, CorruptRecordingError):
        return None
    pictures = [] if track is None else [one.luma() for one in track.key_pictures(1)]
    if not pictures or pictures[0].shape[0] >= main.shape[0]:
        return None
    height, width = pictures[0].shape
    small = np.asarray(cv2.resize(main, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    likeness = _correlation(small, pictures[0])
    if likeness < _SAME_SCENE:
        return {"likeness": round(likeness, 3), "beyond_db": None}
    enlarged = cv2.resize(small, main.shape[::-1], interpolation=cv2.INTER_CUBIC)
    beyond = float(np.var(cv2.subtract(main, enlarged, dtype=cv2.CV_16S)))
    everything = float(np.var(main))
    level = 10 * np.log10(max(beyond, 1e-6) / max(everything, 1e-6))
    return {
        "likeness": round(likeness, 3),
        "size": [width, height],
        "beyond_db": round(float(level), 1),
    }


def _correlation(one: Luma, other: Luma) -> float:
    return float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF_NORMED)[0, 0])


def _crop(luma: Luma) -> Part:
    """The most textured part of the picture, untouched."""
    width, height = (min(_CROP[0], luma.shape[1]), min(_CROP[1], luma.shape[0]))
    left, top = _most_textured(luma[::4, ::4], width // 4, height // 4)
    crop = luma[4 * top : 4 * top + height, 4 * left : 4 * left + width]
    _, coded = cv2.imencode(".png", np.ascontiguousarray(crop))
    return Part.of(coded.tobytes(), "image/png")


def _most_textured(small: NDArray[np.uint8], width: int, height: int) -> tuple[int, int]:
    edges = np.abs(cv2.Laplacian(small, cv2.CV_16S)).astype(np.float32)
    density = cv2.blur(edges, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    rows, columns = small.shape[0] - height + 1, small.shape[1] - width + 1
    _, _, _, place = cv2.minMaxLoc(np.ascontiguousarray(density[: max(rows, 1), : max(columns, 1)]))
    return place[0], place[1]
