"""What a user sees in the platform's own pages (4.3.3.1-a3, a4, b2 to b4, c), from photographs.

The same instruments as for the streams themselves; what lies between is the page's player. It
shows a picture a little later than it came, and may show on what it had when a command was given.
"""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.download import judge_mark, judge_period, open_file
from probes.platform.live import advance, channels_of
from probes.platform.pictures import SeenStream, hold_against, open_stream
from probes.platform.playback import (
    SEEK_BEFORE_S,
    SEEK_BEHIND_S,
    judge_pace,
    judge_pause,
    open_player,
    stretch_of,
)
from probes.platform.reading import mapping, steps

INSTRUMENT = "platform-browser/1"
H264, H265 = "page-h264", "page-h265"
PACE, PAUSE, SEEK, FILE = "page-pace", "page-pause", "page-seek", "page-file"
#: Photographs below which nothing is said; and different ones of a screen that stands still, on
#: which a word may come or go.
_FEWEST, _STILL = 5, 2
#: Seconds of pictures that a player has in hand when it is told something.
_IN_HAND_S = 1.5
#: The pointer says whole seconds, and a photograph is taken when the machine comes to it.
_READING_S = 0.7
#: A clock that went on by this much was not waiting for the place that was clicked.
_PLAYED_ON_S = 2.0
#: A clock that leaps by more than this between photographs has followed a seek.
_LEAP_S = 5.0


def measure_page_h264(recording: Recording) -> Measurement:
    """Judge the live pictures of H.264 channels in a ``platform:browser`` recording."""
    return _live(recording, H264, ("h264", "avc"))


def measure_page_h265(recording: Recording) -> Measurement:
    """Judge the live pictures of H.265 channels in a ``platform:browser`` recording."""
    return _live(recording, H265, ("h265", "hevc"))


def _live(recording: Recording, quantity: str, known_as: tuple[str, ...]) -> Measurement:
    judgement = Judgement(recording, quantity, INSTRUMENT)
    channels = channels_of(recording)
    found = [one for one in steps(recording, "page-live") if one.get("of") in known_as]
    if not found:
        judgement.doubt("not-tried")
    for step in found:
        name = str(mapping(channels.get(str(step.get("channel")))).get("name"))
        seen = open_stream(recording, step)
        judgement.details[name] = {"pictures": len(seen), "says": step.get("says")}
        taken = step.get("taken")
        if not isinstance(taken, int) or taken < _FEWEST:
            judgement.doubt("too-few", channel=name)
            continue
        if len(seen) <= _STILL:
            judgement.fault("no-picture", channel=name)
            continue
        moves = advance(seen)
        if moves is None:
            judgement.doubt("clock-unread", channel=name)
        elif not moves:
            judgement.fault("stands-still", channel=name)
    return _with_evidence(judgement)


def measure_page_pace(recording: Recording) -> Measurement:
    """Judge each pace of a ``platform:browser-playback``; ``details`` as ``playback-pace``.

    Fewer photographs are taken than pictures are shown, so none is missed here.
    """
    judgement = Judgement(recording, PACE, INSTRUMENT)
    return judge_pace(judgement, every_picture=False, in_hand_s=_IN_HAND_S)


def measure_page_pause(recording: Recording) -> Measurement:
    """Judge the pause of a ``platform:browser-playback``; ``details`` as ``playback-pause``."""
    return judge_pause(Judgement(recording, PAUSE, INSTRUMENT), _IN_HAND_S)


def measure_page_seek(recording: Recording) -> Measurement:
    """Judge the places shown after clicks on the timeline; quantity ``page-seek``.

    ``details``: ``errors`` in seconds from what the pointer said. The first picture after the leap
    shows a whole second, and the leap may be as old as the photograph before: only what lies off
    for every place within that is a fault.
    """
    judgement = Judgement(recording, SEEK, INSTRUMENT)
    opened = open_player(judgement)
    errors: list[float] = []
    judgement.details["errors"] = errors
    if opened is None:
        return judgement.measurement()
    seen = opened[1]
    seeks = steps(recording, "steer", kind="seek")
    if not seeks:
        judgement.doubt("not-tried")
    for one in seeks:
        stretch = stretch_of(seen, one)
        before = seen.time_near(stretch.start - 1, step=-1) if stretch and stretch.start else None
        if before is None:
            judgement.doubt("clock-unread")
            continue
        landed = _after_leap(seen, stretch, *before)
        if landed is None:
            _without_leap(judgement, seen, stretch, before[1])
            continue
        shown = seen.time_at(landed) or 0.0
        late = seen.arrivals[landed] - seen.arrivals[landed - 1]
        wanted = float(one.get("position", 0.0))
        errors.append(round(shown + 0.5 - wanted, 2))
        soonest, latest = shown - late - wanted, shown + 1.0 - wanted
        if latest < -SEEK_BEFORE_S - _READING_S or soonest > SEEK_BEHIND_S + _READING_S:
            hold_against(judgement, "off", seen, landed, seconds=errors[-1])
    return judgement.measurement()


def _after_leap(seen: SeenStream, stretch: range, at: int, shown: float) -> int | None:
    """The first picture of a stretch whose clock has left that of picture ``at`` before it."""
    for index in stretch:
        now = seen.time_at(index)
        passed = seen.arrivals[index] - seen.arrivals[at]
        if now is not None and abs(now - shown - passed) > _LEAP_S:
            return index
    return None


def _without_leap(judgement: Judgement, seen: SeenStream, stretch: range, shown: float) -> None:
    """The page played on as if nobody had clicked, or nothing can be said."""
    last = seen.time_near(stretch[-1], step=-1)
    if last is None:
        judgement.doubt("clock-unread")
    elif last[1] - shown < _PLAYED_ON_S:
        judgement.doubt("stands-still")
    else:
        judgement.fault("ignored")


def measure_page_file(recording: Recording) -> Measurement:
    """Judge the file that was saved from the page: its period and its mark.

    Quantity ``page-file``; ``details``: ``begins``, ``ends``, ``read``.
    """
    judgement = Judgement(recording, FILE, INSTRUMENT)
    opened = open_file(judgement)
    if opened is None:
        return _with_evidence(judgement)
    order, seen = opened
    if len(seen) < _FEWEST:
        judgement.fault("not-playable")
        return _with_evidence(judgement)
    judge_period(judgement, order, seen)
    judge_mark(judgement, order, seen)
    return _with_evidence(judgement)


def _with_evidence(judgement: Judgement) -> Measurement:
    """The measurement, with the photographs of whole screens beside it."""
    for name, part in judgement.recording.parts.items():
        if name.endswith(".png"):
            judgement.evidence[name] = part
    return judgement.measurement()
