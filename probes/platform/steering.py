"""What orders do, seen in the picture (4.3.3.1-a5, f1 to f3): views compared, not positions told.

Two looks at the same view resemble each other whatever time and mark are written over them; turned
or zoomed away they do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, groupby, pairwise

import cv2
import numpy as np
import numpy.typing as npt

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.pictures import SeenStream, open_stream
from probes.platform.reading import done, mapping, refused, status, step, steps

INSTRUMENT = "platform-steering/2"
EFFECT, PRIORITY, HOME, PATROL = (
    "control-effect",
    "control-priority",
    "return-home",
    "platform-patrol",
)
#: Likeness from which two views are the same, and up to which they are not.
SAME, OTHER = 0.85, 0.7
#: Pictures are behind the order by the time they take to arrive.
_BEHIND_S = 0.6
#: A dwell may be shorter or longer by this share (R-047).
DWELL_SHARE = 0.3
_Grey = npt.NDArray[np.float32]


def _view(judgement: Judgement) -> SeenStream | None:
    found = step(judgement.recording, "view")
    if found is None:
        judgement.doubt("not-tried")
        return None
    seen = open_stream(judgement.recording, found, search=())
    if len(seen) < 5:
        judgement.doubt("no-picture")
        return None
    return seen


def _looks(recording: Recording, seen: SeenStream) -> dict[str, _Grey]:
    """What each look of the visit showed: the mean of its pictures."""
    looks = {}
    for one in steps(recording, "look"):
        pictures = seen.between(float(one.get("at", 0.0)), float(one.get("until", 0.0)))
        if pictures:
            looks[str(one.get("of"))] = mean_of([seen.small[index] for index in pictures])
    return looks


def mean_of(pictures: Sequence[npt.NDArray[np.uint8]]) -> _Grey:
    """The mean of grey pictures, smoothed: writing over them hardly counts."""
    mean = np.mean(np.asarray(pictures, np.float32), axis=0)
    return np.asarray(cv2.GaussianBlur(mean, (0, 0), 1.5), np.float32)


def likeness_of(one: _Grey, other: _Grey) -> float:
    """Correlation of two views: 1 for the same."""
    first, second = one - one.mean(), other - other.mean()
    size = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / size if size > 0 else 1.0


def measure_effect(recording: Recording) -> Measurement:
    """Judge turning, zooming and a preset of a ``platform:control`` recording."""
    judgement = Judgement(recording, EFFECT, INSTRUMENT)
    seen = _view(judgement)
    if seen is None:
        return judgement.measurement()
    for name in ("move", "zoom", "goto"):
        found = step(recording, name)
        if found is not None and not done(found):
            judgement.fault("refused", what=name, status=status(found))
    looks = _looks(recording, seen)
    for before, after, code in (
        ("before", "moved", "not-turned"),
        ("moved", "zoomed", "not-zoomed"),
    ):
        _differs(judgement, looks, before, after, code)
    _returns(judgement, looks, "before", "returned", "preset-not-reached")
    return judgement.measurement()


def _differs(
    judgement: Judgement, looks: Mapping[str, _Grey], before: str, after: str, code: str
) -> None:
    found = _likeness(judgement, looks, before, after)
    if found is None:
        return
    if found >= SAME:
        judgement.fault(code)
    elif found > OTHER:
        judgement.doubt("unsure", what=after)


def _returns(
    judgement: Judgement, looks: Mapping[str, _Grey], before: str, after: str, code: str
) -> None:
    found = _likeness(judgement, looks, before, after)
    if found is None:
        return
    if found <= OTHER:
        judgement.fault(code)
    elif found < SAME:
        judgement.doubt("unsure", what=after)


def _likeness(
    judgement: Judgement, looks: Mapping[str, _Grey], before: str, after: str
) -> float | None:
    """How much two looks are alike; a doubt, and nothing, when one of them is missing."""
    if before not in looks or after not in looks:
        judgement.doubt("not-looked", what=after)
        return None
    found = likeness_of(looks[before], looks[after])
    judgement.details[f"{before}-{after}"] = round(found, 3)
    return found


def measure_priority(recording: Recording) -> Measurement:
    """Judge who gets a camera from whom; quantity ``control-priority``."""
    judgement = Judgement(recording, PRIORITY, INSTRUMENT)
    hold = step(recording, "hold")
    if hold is None:
        judgement.doubt("not-tried")
        return judgement.measurement()
    if not done(hold):
        judgement.doubt("not-held")
        return judgement.measurement()
    low, equal = step(recording, "low-while-high"), step(recording, "equal-while-held")
    takeover = step(recording, "takeover")
    if done(takeover) and done(low):
        judgement.fault("low-beats-high")
    if refused(takeover):
        judgement.fault("no-takeover", status=status(takeover))
    if done(equal):
        judgement.fault("equal-takes")
    for found in (low, equal):
        if refused(found) and not mapping(found).get("code"):
            judgement.fault("refused-without-reason")
            break
    if done(takeover) and refused(step(recording, "after-release")):
        judgement.fault("stays-after-release")
    later = step(recording, "after-time")
    if refused(later):
        judgement.fault("never-released", seconds=mapping(step(recording, "waited")).get("for"))
    if takeover is None or low is None or equal is None or later is None:
        judgement.doubt("not-tried")
    return judgement.measurement()


def measure_home(recording: Recording) -> Measurement:
    """Judge whether a camera returns to its home preset; quantity ``return-home``."""
    judgement = Judgement(recording, HOME, INSTRUMENT)
    seen = _view(judgement)
    if seen is None:
        return judgement.measurement()
    looks = _looks(recording, seen)
    left = step(recording, "leave")
    if not done(left):
        judgement.doubt("not-turned")
        return judgement.measurement()
    if "before" in looks and "left-turned" in looks:
        turned = likeness_of(looks["before"], looks["left-turned"])
        if turned > OTHER:
            judgement.doubt("not-turned")
            return judgement.measurement()
    _returns(judgement, looks, "before", "home", "not-home")
    return judgement.measurement()


def measure_patrol(recording: Recording) -> Measurement:
    """Judge a ``platform:patrol`` recording: which views in which order, for how long.

    Quantity ``platform-patrol``; ``details``: ``stops`` as (preset, seconds), in their order.
    """
    judgement = Judgement(recording, PATROL, INSTRUMENT)
    seen = _view(judgement)
    plan = mapping(recording.facts.get("patrol"))
    start, stop = step(recording, "start"), step(recording, "stop")
    if seen is None:
        return judgement.measurement()
    if start is None or stop is None or not plan:
        created = step(recording, "create", kind="patrols")
        if refused(created):
            judgement.fault("refused", what="create", status=status(created))
        else:
            judgement.doubt("not-tried")
        return judgement.measurement()
    if not done(start):
        judgement.fault("refused", what="start", status=status(start))
        return judgement.measurement()
    looks = _looks(recording, seen)
    presets = [int(one) for one in plan.get("presets", ())]
    views = {one: looks[f"preset-{one}"] for one in presets if f"preset-{one}" in looks}
    if len(views) < len(presets):
        judgement.doubt("not-looked", what="presets")
        return judgement.measurement()
    if any(likeness_of(views[one], views[two]) >= SAME for one, two in combinations(presets, 2)):
        judgement.doubt("unsure", what="presets")
        return judgement.measurement()
    since, until = float(start.get("ended", 0.0)), float(start.get("until", 0.0))
    dwell = float(plan.get("dwell_s", 0.0))
    if _longest_unseen(seen, since, until) > dwell / 2:
        # A stop may have gone by unseen.
        judgement.doubt("not-looked", what="patrol")
        return judgement.measurement()
    stops = _stops(seen, seen.between(since, until + _BEHIND_S), views)
    judgement.details["stops"] = [[one, round(left - came, 2)] for one, came, left in stops]
    _order(judgement, stops, presets, dwell)
    if not done(stop):
        judgement.fault("refused", what="stop", status=status(stop))
    else:
        ended, until = float(stop.get("ended", 0.0)) + 2 * _BEHIND_S, float(stop.get("until", 0.0))
        later = _stops(seen, seen.between(ended, until), views)
        if len({preset for preset, _, _ in later}) > 1:
            judgement.fault("goes-on")
        elif (
            until - ended < dwell * (1 + DWELL_SHARE) + _BEHIND_S
            or _longest_unseen(seen, ended, until) > dwell / 2
        ):
            # It may have gone on without having come to its next stop, or unseen.
            judgement.doubt("not-looked", what="patrol")
    return judgement.measurement()


def _longest_unseen(seen: SeenStream, since: float, until: float) -> float:
    """The longest time, in seconds, without a picture."""
    moments = [since, *(seen.arrivals[at] for at in seen.between(since, until)), until]
    return max(later - earlier for earlier, later in pairwise(moments))


#: A preset, and when its view came and was last seen.
_Stop = tuple[int, float, float]


def _stops(seen: SeenStream, pictures: range, views: Mapping[int, _Grey]) -> list[_Stop]:
    """The presets shown one after another; what is between them left out."""
    shown: list[tuple[int | None, float]] = []
    for index in pictures:
        around = range(max(pictures.start, index - 1), min(pictures.stop, index + 2))
        now = mean_of([seen.small[near] for near in around])
        best = max(views, key=lambda preset: likeness_of(views[preset], now))
        alike = likeness_of(views[best], now) >= SAME
        shown.append((best if alike else None, seen.arrivals[index]))
    stops = []
    for preset, run in groupby(shown, key=lambda one: one[0]):
        times = [at for _, at in run]
        if preset is not None and len(times) > 2:
            stops.append((preset, times[0], times[-1]))
    return stops


def _order(judgement: Judgement, stops: list[_Stop], presets: list[int], dwell: float) -> None:
    # The camera may stand at one of them before the patrol begins.
    order = [preset for preset, _, _ in stops]
    if order and order[0] != presets[0]:
        order, stops = order[1:], stops[1:]
    if len(order) < 3:
        judgement.fault("not-walked")
        return
    if missing := [preset for preset in presets if preset not in order]:
        judgement.fault("stop-skipped", preset=missing[0])
        return
    following = {one: presets[(place + 1) % len(presets)] for place, one in enumerate(presets)}
    if wrong := [(one, then) for one, then in pairwise(order) if following[one] != then]:
        judgement.fault("wrong-order", preset=wrong[0][0], then=wrong[0][1])
        return
    # From leaving one preset to leaving the next, on the mean: a picture that is late for one
    # stop is early for its neighbour, and whether turning counts is left open.
    ends = [left for _, _, left in stops[:-1]]
    stay = (ends[-1] - ends[0]) / (len(ends) - 1)
    if not dwell * (1 - DWELL_SHARE) <= stay <= dwell * (1 + DWELL_SHARE) + _BEHIND_S:
        judgement.fault("dwell", wanted=dwell, seconds=round(stay, 1))
