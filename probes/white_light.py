"""White light: does the camera's own lamp light the scene on command, and with white light?

Three captures by night, lamp commanded off, on and off. What brightens between off and on is
compared with what differs between the two captures without the lamp; its colour is that of the
light that was added (the difference in linear light), where the scene is most neutral and
against the scene's own colours without the lamp. Infrared light brightens too, but the picture
that had colour without it has none with it. A picture that is grey in any case cannot tell the
one light from the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.chroma import ChromaMap
from probes.colour import judge_colour, picture_chroma, shown_picture
from probes.decoding import Picture
from probes.opening import outcome, video_of

QUANTITY = "white-light"
INSTRUMENT = "white-light/1"
METHOD = "method.white-light"

_PARTS = ("before", "on", "off")
_GAMMA = 2.2
_LEAST_STEP = 6.0
_SCATTERS = 4.0
_LEAST_SHARE = 0.12
_BRIGHT_BEFORE = 120.0
_SATURATED = 245.0
_SATURATED_SHARE = 0.6
_NEUTRAL_PERCENTILE = 5
_WHITE = 0.62
_COLOURED = 0.75
_COLOURED_IN_THE_DARK = 0.95
_AGAINST_SCENE = 0.6
_SEEN_LINEAR = 2e-4
_CENTRE = 1 / 3

Blocks = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Shot:
    picture: Picture
    chroma: ChromaMap

    def linear(self) -> NDArray[np.float64]:
        """Linear light of the blocks, [rows, columns, red green blue], 0 to 1 (ITU-R BT.709)."""
        luma, blue, red = self.chroma.luma, self.chroma.blue, self.chroma.red
        stretch = 1.0 if self.picture.full_range else 255 / 224
        coded = np.stack(
            [
                luma + 1.5748 * stretch * red,
                luma - stretch * (0.1873 * blue + 0.4681 * red),
                luma + 1.8556 * stretch * blue,
            ],
            axis=-1,
        )
        return np.asarray(np.clip(coded / 255, 0, 1) ** _GAMMA, np.float64)


def measure_white_light(recording: Recording) -> Measurement:
    """``white``, ``infrared``, ``coloured``, ``no-effect``, ``refused``, ``not-offered``, ``None``.

    details: ``offered``, ``command``, ``accepted`` (was the lamp's *on* accepted), ``restored``;
    ``luma_before``, ``luma_on``, ``luma_off``: mean, 0 to 255; ``step``: median rise of the
    brightened blocks; ``scatter`` of the blocks between the two captures without the lamp;
    ``brightened_share`` of the blocks; ``gain`` with ``gain_lower`` and ``gain_upper`` (95 %):
    ratio of linear light in the middle of the picture; ``gain_border``; ``light_rgb``: the
    added light, largest = 1; ``light_saturation`` where it is most neutral: 0 = grey, 1 = pure;
    ``light_against_scene``: the same of the added light over that of the scene without the lamp,
    ``None`` when that is too dark; ``picture_on``, ``picture_off``: what ``judge_colour`` says;
    ``goes_off``: the second off darkened again; ``infrared_signs``: no white lamp is offered and
    the night picture is lit and grey.
    evidence: ``off.jpg``, ``on.jpg``.

    spoilt: ``white-light.no-picture`` (part), ``.not-dark`` (luma), ``.saturated`` (share),
    ``.grey-picture`` (grey with and without the lamp), ``.unclear-colour`` (saturation), or the
    visit's own problem.
    """
    details = _answers(recording)
    if recording.problem is not None:
        return _result(recording, None, recording.problem, details)
    shots: dict[str, _Shot] = {}
    for part in _PARTS:
        shot = _shot(recording, part)
        if shot is not None:
            shots[part] = shot
    if not details["offered"]:
        if "on" in shots:
            shown = judge_colour(shots["on"].chroma).value
            details |= {"picture_on": shown, "infrared_signs": shown == "monochrome"}
        return _result(recording, "not-offered", None, details, shots)
    missing = next((part for part in _PARTS[:2] if part not in shots), None)
    if missing is not None:
        return _result(
            recording, None, Reason("white-light.no-picture", {"part": missing}), details, shots
        )
    shots.setdefault("off", shots["before"])
    value, reason = _judge(shots, details)
    return _result(recording, value, reason, details, shots)


def _answers(recording: Recording) -> dict[str, Any]:
    facts = recording.facts
    answers = facts.get("answers")
    answers = answers if isinstance(answers, list) else []
    told = [one for one in answers if isinstance(one, dict) and one.get("state") == "on"]
    command = str(facts.get("command") or "none")
    offered = facts.get("offered")
    return {
        "command": command,
        "offered": bool(offered) if isinstance(offered, list) else command != "none",
        "accepted": bool(told and told[0].get("accepted")),
        "restored": bool(facts.get("restored")),
    }


def _shot(recording: Recording, part: str) -> _Shot | None:
    track = video_of(recording, f"{part}.pcap")
    pictures = [] if track is None else [one for one in track.key_pictures(1) if not one.damaged]
    if not pictures:
        return None
    try:
        return _Shot(pictures[0], picture_chroma(pictures[0]))
    except ValueError:
        return None


def _judge(shots: dict[str, _Shot], details: dict[str, Any]) -> tuple[str | None, Reason | None]:
    before, lit, after = (shots[part].chroma for part in _PARTS)
    same = before.luma.shape == lit.luma.shape == after.luma.shape
    if not same:
        return None, Reason("white-light.no-picture", {"part": "on"})
    usable = before.unmasked & lit.unmasked & after.unmasked
    brightened = _brightened(shots, usable, details)
    if details["brightened_share"] < _LEAST_SHARE:
        if details["luma_before"] > _BRIGHT_BEFORE:
            return None, Reason("white-light.not-dark", {"luma": details["luma_before"]})
        return ("no-effect" if details["accepted"] else "refused"), None
    _measure_gain(shots, usable, brightened, details)
    saturated = float((lit.luma[brightened] >= _SATURATED).mean())
    if saturated > _SATURATED_SHARE:
        return None, Reason("white-light.saturated", {"share": round(100 * saturated)})
    seen = judge_colour(lit)
    details["picture_on"] = seen.value
    details["picture_off"] = judge_colour(before).value
    if seen.value in ("monochrome", "tinted-monochrome"):
        if details["picture_off"] == "colour":
            return "infrared", None
        return None, Reason("white-light.grey-picture")
    saturation = details["light_saturation"]
    against = details["light_against_scene"]
    pure = saturation >= (_COLOURED_IN_THE_DARK if against is None else _COLOURED)
    if pure and (against is None or against >= _AGAINST_SCENE):
        return "coloured", None
    if saturation > _WHITE or seen.value != "colour":
        return None, Reason("white-light.unclear-colour", {"saturation": saturation})
    return "white", None


def _brightened(shots: dict[str, _Shot], usable: Mask, details: dict[str, Any]) -> Mask:
    """Blocks that are brighter with the lamp than in both captures without it.

    If the lamp stayed on after the second *off*, the first capture alone is the comparison.
    """
    before, lit, after = (shots[part].chroma.luma for part in _PARTS)
    scatter = float(np.median(np.abs(before - after)[usable])) if usable.any() else 0.0
    rise = lit - before
    stays_on = bool(np.median((after - before)[usable]) > _LEAST_STEP) if usable.any() else False
    if not stays_on:
        rise = np.minimum(rise, lit - after)
    limit = max(_LEAST_STEP, 0.0 if stays_on else _SCATTERS * scatter)
    brightened = usable & (rise > limit)
    details |= {
        "luma_before": round(shots["before"].chroma.mean_luma, 1),
        "luma_on": round(shots["on"].chroma.mean_luma, 1),
        "luma_off": round(shots["off"].chroma.mean_luma, 1),
        "scatter": round(scatter, 2),
        "step": round(float(np.median(rise[brightened])), 1) if brightened.any() else 0.0,
        "brightened_share": round(float(brightened.sum() / max(usable.sum(), 1)), 3),
        "goes_off": not stays_on,
    }
    return np.asarray(brightened, np.bool_)


def _measure_gain(
    shots: dict[str, _Shot], usable: Mask, brightened: Mask, details: dict[str, Any]
) -> None:
    dark, lit = shots["before"].linear(), shots["on"].linear()
    middle = _middle(usable.shape) & usable
    border = ~_middle(usable.shape) & usable
    ratios = (lit.mean(axis=2) + 1e-4) / (dark.mean(axis=2) + 1e-4)
    if middle.any():
        gains = ratios[middle]
        spread = 1.96 * float(np.std(np.log(gains))) / np.sqrt(len(gains))
        gain = float(np.exp(np.mean(np.log(gains))))
        details["gain"] = round(gain, 2)
        details["gain_lower"] = round(gain * float(np.exp(-spread)), 2)
        details["gain_upper"] = round(gain * float(np.exp(spread)), 2)
    if border.any():
        details["gain_border"] = round(float(np.exp(np.mean(np.log(ratios[border])))), 2)
    clipped = shots["on"].chroma.luma >= _SATURATED
    chosen = brightened & ~clipped if (brightened & ~clipped).any() else brightened
    details |= _added_colour(np.clip(lit - dark, 0, None)[chosen], dark[chosen])


def _added_colour(added: NDArray[np.float64], without: NDArray[np.float64]) -> dict[str, Any]:
    """Mean colour of the added light, and how pure it is where things are most neutral.

    A brown wall is brown under white light too; but hardly any scene lacks something that
    reflects all colours. Under a coloured lamp even that takes its colour.
    """
    chosen = added.sum(axis=1) >= np.median(added.sum(axis=1))
    strong, own = added[chosen], without[chosen].mean(axis=0)
    mean = strong.mean(axis=0)
    against = mean / np.maximum(own, 1e-9)
    bright_enough = float(own.min()) > _SEEN_LINEAR
    purity = 1 - strong.min(axis=1) / np.maximum(strong.max(axis=1), 1e-9)
    return {
        "light_rgb": [round(float(part / max(mean.max(), 1e-9)), 3) for part in mean],
        "light_saturation": round(float(np.percentile(purity, _NEUTRAL_PERCENTILE)), 3),
        "light_against_scene": round(float(1 - against.min() / against.max()), 3)
        if bright_enough
        else None,
    }


def _middle(shape: tuple[int, ...]) -> Mask:
    rows, columns = shape
    inside = np.zeros((rows, columns), np.bool_)
    top, left = round(rows * _CENTRE), round(columns * _CENTRE)
    inside[top : rows - top, left : columns - left] = True
    return inside


def _result(
    recording: Recording,
    value: str | None,
    reason: Reason | None,
    details: dict[str, Any],
    shots: dict[str, _Shot] | None = None,
) -> Measurement:
    shown = {
        f"{part}.jpg": shown_picture(shots[part].picture)
        for part in ("off", "on")
        if shots and part in shots
    }
    return outcome(
        recording,
        QUANTITY,
        "",
        INSTRUMENT,
        METHOD,
        value,
        spoilt=reason,
        details=details,
        evidence=shown,
    )
