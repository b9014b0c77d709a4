"""Playback on a platform (4.3.3.1-b1 to b4): place, pace, pause and seek, by the burnt-in clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import TOO_LATE_S, Recording
from probes.gb28181.judging import Judgement
from probes.platform.live import channels_of, shown_name
from probes.platform.pictures import SeenStream, hold_against, open_stream
from probes.platform.reading import done, mapping, status, step, steps
from probes.platform.sharing import SEARCHED

INSTRUMENT = "platform-playback/1"
PLACE, PACE, PAUSE, SEEK = "playback-place", "playback-pace", "playback-pause", "playback-seek"
_FEWEST = 5
#: Seconds by which the first picture may be from the time asked for (R-044).
PLACE_S = 2.0
#: Share by which a pace may be off (R-045), and share of the pictures that slow play must show.
PACE_SHARE, SLOW_PICTURES = 0.2, 0.7
#: Seconds without a picture from which a stream counts as standing, when it is usually quicker.
_STANDS_S = 0.5
#: Seconds after which a pause must stand, and by which resuming may be off (R-046).
PAUSE_STANDS_S, RESUME_S = 0.7, 1.0
#: Seconds before and behind the place sought at which the first picture may be (R-044).
SEEK_BEFORE_S, SEEK_BEHIND_S = 0.5, 1.5
#: Ticks of a clock of whole seconds that no pause lets through.
_TICKS_GONE_ON = 2.0
#: Of pictures that were on their way when a command was given.
_ON_THE_WAY_S = 0.05


def open_player(judgement: Judgement) -> tuple[Mapping[str, Any], SeenStream] | None:
    """The main player's stream; a fault or a doubt where there is none."""
    found = mapping(step(judgement.recording, "playback", of="player"))
    if not found:
        judgement.doubt("not-tried")
        return None
    seen = open_stream(judgement.recording, found, search=SEARCHED)
    if len(seen) < _FEWEST:
        judgement.fault("no-picture", status=status(found))
        return None
    if seen.box is None:
        judgement.doubt("clock-unread")
        return None
    return found, seen


def measure_place(recording: Recording) -> Measurement:
    """Judge where a ``platform:playback`` begins, and of which channel it is.

    Quantity ``playback-place``; ``details``: ``asked``, ``shown`` (POSIX seconds).
    """
    judgement = Judgement(recording, PLACE, INSTRUMENT)
    opened = open_player(judgement)
    if opened is None:
        return judgement.measurement()
    found, seen = opened
    channels = channels_of(recording)
    name = str(mapping(channels.get(str(found.get("channel")))).get("name"))
    names = [str(one.get("name")) for one in channels.values()]
    shown_as = shown_name(seen, names)
    asked, first = float(found.get("start", 0.0)), seen.time_near(0)
    judgement.details |= {"asked": asked, "shown": first and first[1]}
    if first is None:
        judgement.doubt("clock-unread")
    else:
        shown = first[1] + 0.5 - (seen.arrivals[first[0]] - seen.arrivals[0])
        # A film may begin later than what it shows, but no later than what it shows last.
        filmed = seen.arrivals[-1] - seen.arrivals[0] if "began" in found else 0.0
        if not -PLACE_S - 0.5 - filmed <= shown - asked <= PLACE_S + 0.5 + filmed:
            if seen.borne_out(first[0], PLACE_S):
                seconds = round(shown - asked, 1)
                hold_against(judgement, "wrong-time", seen, first[0], seconds=seconds)
            else:
                judgement.doubt("clock-unread")
    if shown_as is None:
        judgement.doubt("name-unread")
    elif shown_as != name:
        judgement.fault("wrong-channel", channel=name, shown=shown_as)
    return judgement.measurement()


def measure_pace(recording: Recording) -> Measurement:
    """Judge media time over wall time at each pace; quantity ``playback-pace``.

    ``details``: ``paces`` by the pace asked for: measured, its bounds, pictures a media second.
    """
    return judge_pace(Judgement(recording, PACE, INSTRUMENT))


def judge_pace(
    judgement: Judgement, *, every_picture: bool = True, in_hand_s: float = 0.0
) -> Measurement:
    """See ``measure_pace``.

    ``every_picture``: whether the stream holds all that is shown; ``in_hand_s``: for how long a
    player may show on, at the earlier pace, what it had in hand.
    """
    recording = judgement.recording
    opened = open_player(judgement)
    paces: dict[str, Any] = {}
    judgement.details["paces"] = paces
    if opened is None:
        return judgement.measurement()
    seen = opened[1]
    for one in steps(recording, "steer", kind="scale"):
        wanted = float(one.get("scale", 1.0))
        if str(wanted) in paces:
            continue
        if not done(one):
            judgement.fault("refused", pace=wanted, status=status(one))
            continue
        found = _pace(seen, stretch_of(seen, one, in_hand_s))
        if found is None:
            judgement.doubt("pace-unread", pace=wanted)
            continue
        pace, lower, upper, rate = found
        paces[str(wanted)] = {
            "pace": round(pace, 3),
            "lower": round(lower, 3),
            "upper": round(upper, 3),
            "pictures_per_second": round(rate, 2),
        }
        if upper < wanted * (1 - PACE_SHARE) or lower > wanted * (1 + PACE_SHARE):
            judgement.fault("wrong-pace", wanted=wanted, pace=round(pace, 2))
        elif pace < wanted * (1 - PACE_SHARE):
            judgement.doubt("unsteady", pace=wanted)
    normal = mapping(paces.get("1.0")).get("pictures_per_second")
    for wanted_text, one in paces.items():
        rate = one["pictures_per_second"]
        if every_picture and float(wanted_text) < 1 and normal and rate < SLOW_PICTURES * normal:
            judgement.fault("drops-pictures", pace=float(wanted_text), shown=rate, of=normal)
    # What is never shown weighs more than how fast the rest is.
    judgement.faults.sort(key=lambda one: one.code != f"{PACE}.drops-pictures")
    return judgement.measurement()


def stretch_of(seen: SeenStream, command: Mapping[str, Any], later_s: float = 0.0) -> range:
    """The pictures that came after a command, from ``later_s`` on, and before the next."""
    since = float(command.get("ended", 0.0)) + max(_ON_THE_WAY_S, later_s)
    return seen.between(since, float(command.get("until", since)))


def _pace(seen: SeenStream, stretch: range) -> tuple[float, float, float, float] | None:
    """Pace, its bounds, and pictures a media second, from the first tick to the last."""
    if len(stretch) < 3:
        return None
    began, ended = seen.time_near(stretch[0]), seen.time_near(stretch[-1], step=-1)
    if began is None or ended is None or ended[1] - began[1] < 2:
        return None
    first = seen.first_showing(began[1] + 1, began[0], ended[0])
    if first is None:
        return None
    last = seen.first_showing(ended[1], first, ended[0])
    first_time = seen.time_at(first)
    if last is None or last <= first or first_time is None:
        return None
    media = ended[1] - first_time
    wall = seen.arrivals[last] - seen.arrivals[first]
    if media < 1 or wall <= 0:
        return None
    # Each tick lies somewhere between a picture and the one before it.
    step_s = max(
        seen.arrivals[index] - seen.arrivals[index - 1] for index in (first, last) if index
    )
    rate = (last - first) / media
    fastest = media / max(wall - step_s - _stood(seen.arrivals[first : last + 1]), 0.1)
    return media / wall, media / (wall + step_s), fastest, rate


def _stood(arrivals: Sequence[float]) -> float:
    """Seconds for which the pictures stood still between others that came steadily.

    A path or a machine that stops for a moment does so; a wrong pace is wrong all the time.
    """
    waits = [later - earlier for earlier, later in pairwise(arrivals)]
    usual = max(_STANDS_S, 3 * median(waits))
    return sum(one - usual / 3 for one in waits if one > usual)


def measure_pause(recording: Recording) -> Measurement:
    """Judge the pause and what follows it; quantity ``playback-pause``.

    ``details``: ``pictures`` shown during it, ``jump`` in seconds of media at its end.
    """
    return judge_pause(Judgement(recording, PAUSE, INSTRUMENT), PAUSE_STANDS_S)


def judge_pause(judgement: Judgement, stands_s: float) -> Measurement:
    """See ``measure_pause``; ``stands_s``: seconds after which a pause must stand."""
    recording = judgement.recording
    opened = open_player(judgement)
    if opened is None:
        return judgement.measurement()
    seen = opened[1]
    pause, resume = step(recording, "steer", kind="pause"), step(recording, "steer", kind="resume")
    if pause is None or resume is None:
        judgement.doubt("not-tried")
        return judgement.measurement()
    if not done(pause) or not done(resume):
        judgement.fault("refused", status=status(pause if not done(pause) else resume))
        return judgement.measurement()
    stands = float(pause.get("ended", 0.0)) + stands_s
    during = seen.between(stands, float(resume.get("at", stands)))
    judgement.details["pictures"] = len(during)
    goes_on = _goes_on(seen, during) if during else False
    if goes_on is None:
        judgement.doubt("clock-unread")
        return judgement.measurement()
    if goes_on:
        judgement.fault("goes-on", pictures=len(during))
        return judgement.measurement()
    shown = during or seen.between(0.0, min(stands, float(resume.get("at", stands))))
    before = seen.time_near(shown[-1], step=-1) if shown else None
    behind = stretch_of(seen, resume)
    after = seen.time_near(behind.start) if behind else None
    if not behind:
        judgement.fault("not-resumed")
    elif before is None or after is None:
        judgement.doubt("clock-unread")
    else:
        jump = after[1] - before[1]
        judgement.details["jump"] = jump
        if abs(jump) > RESUME_S:
            code = "skipped" if jump > 0 else "went-back"
            hold_against(judgement, code, seen, before[0], after[0], seconds=abs(jump))
        elif recording.late_s > TOO_LATE_S:
            # Pictures that nobody had the time to bring stand still as well.
            judgement.doubt("busy-machine", late=recording.late_s)
    return judgement.measurement()


def _goes_on(seen: SeenStream, pictures: range) -> bool | None:
    """Whether the clock goes on in what came during a pause; ``None`` when it is not read.

    Pictures that repeat are a pause as well. A single one is held against the last before it: a
    tick may have been on its way, two were not.
    """
    first, last = seen.time_near(pictures[0]), seen.time_near(pictures[-1], step=-1)
    if first is None or last is None:
        return None
    before = seen.time_near(pictures[0] - 1, step=-1) if pictures[0] else None
    if last[1] > first[1]:
        earlier = first[0]
    elif before is not None and last[1] - before[1] >= _TICKS_GONE_ON:
        earlier = before[0]
    else:
        return False
    return True if seen.sure(earlier, last[0]) else None


def measure_seek(recording: Recording) -> Measurement:
    """Judge the first picture after each seek; quantity ``playback-seek``.

    ``details``: ``errors`` in seconds, ``gap`` whether the recording had one to cross.
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
    judgement.details["gap"] = any("gap" in one for one in seeks)
    for one in seeks:
        wanted = float(one.get("position", 0.0))
        across = one.get("gap") == "behind"
        if not done(one):
            judgement.fault("refused", status=status(one))
            continue
        pictures = stretch_of(seen, one)
        readable = seen.time_near(pictures.start) if pictures else None
        if not pictures:
            judgement.fault("across-gap" if across else "no-picture", status=status(one))
            continue
        place = None if readable is None else seen.place_at(readable[0], pictures[-1])
        if place is None and readable is not None:
            place = readable[1] + 0.5
        if place is None:
            judgement.doubt("clock-unread")
            continue
        assert readable is not None
        place -= seen.arrivals[readable[0]] - seen.arrivals[pictures.start]
        error = place - wanted
        errors.append(round(error, 2))
        if not -SEEK_BEFORE_S <= error <= SEEK_BEHIND_S:
            code = "across-gap" if across else "off"
            hold_against(judgement, code, seen, readable[0], seconds=round(error, 1))
    return judgement.measurement()
