"""Control (GB/T 28181-2016 8, A.2.3, A.3): commands, and what the picture or the status shows.

The lens is judged by the picture alone: an answer of 200 proves nothing. Where the picture does
not tell (a busy scene, a lossy path), there is no verdict.
"""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import (
    Conversation,
    Exchange,
    editions_of,
    moment,
    steps_of,
)
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.media import LATE_S, Media, Shown, open_media
from probes.gb28181.motion import (
    MOVE,
    REST,
    WIDTH,
    Motion,
    between,
    last_before,
    likeness,
    sampled,
    scaling,
    shift,
    total,
)
from probes.gb28181.patrol import judge_patrol
from probes.gb28181.restart import judge_restart
from protocols.gb28181.device import DeviceStatus, read_device_status

INSTRUMENT = "gb-control/2"
#: Where the content of the picture goes: right and down are positive.
_DIRECTIONS = {"left": (1, 0), "right": (-1, 0), "up": (0, 1), "down": (0, -1)}
_LENS = (*_DIRECTIONS, "zoom-in", "zoom-out")
#: Forms of device (PTZType) that turn, and those that do not.
_TURNING, _FIXED = frozenset({1, 2, 4, 5}), frozenset({3})
#: Seconds for a picture to show what a command did: coding, the path.
_LATENCY_S = 0.8
#: A picture that shows commands later than this may show one under the name of the next: seconds,
#: or a share of the time between commands where that is longer (a device that answers slowly).
_MOST_DELAY_S, _MOST_DELAY_SHARE = 1.3, 0.6
_RESTING_S = 0.3
_KEY_PICTURE_S = 1.0
_STATES = {
    "guard-set": ("guard", True),
    "guard-reset": ("guard", False),
    "record-start": ("record", True),
    "record-stop": ("record", False),
}


def measure_control(recording: Recording) -> Measurement:
    """Judge a ``gb28181:control`` recording.

    Quantity ``gb-control``; ``details``: ``moves`` (what was seen of each command), ``ptz``
    (``turning``, ``fixed``, ``unknown``), ``i_frame_s``, ``patrol``, ``restart`` (what was seen of
    them).
    """
    judgement, conversation = begin(recording, "gb-control", INSTRUMENT)
    live = next(iter(steps_of(recording, "live")), None)
    commands = steps_of(recording, "command")
    if not commands and not recording.problem:
        judgement.doubt("nothing-commanded")
    media = open_media(recording, live.get("part") if live else None)
    if commands and not media.units:
        judgement.doubt("no-picture")
    elif commands:
        _lens(judgement, media, commands)
        _key_picture(judgement, media, commands)
    _states(judgement, conversation, commands)
    judge_restart(judgement, conversation)
    return judgement.measurement(conversation)


def _form(recording: Recording) -> str:
    told = recording.facts.get("ptz_type")
    try:
        number = int(told)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "unknown"
    return "turning" if number in _TURNING else "fixed" if number in _FIXED else "unknown"


def _lens(judgement: Judgement, media: Media, commands: list[dict[str, Any]]) -> None:
    pictures = sampled(media.pictures(width=WIDTH))
    form = _form(judgement.recording)
    judgement.details["ptz"] = form
    ends = [*(moment(one) or 0.0 for one in commands[1:]), float("inf")]
    windows = [(one, moment(one) or 0.0, end) for one, end in zip(commands, ends, strict=True)]
    if not pictures or not windows:
        judgement.doubt("no-picture")
        return
    still = total([one for one in pictures if one.at <= windows[0][1]])
    if still.distance > MOVE:
        judgement.doubt("scene-moves")
        return
    delay = _delay(pictures, windows)
    judgement.details["picture_delay_s"] = delay
    if delay is not None and delay > _most_delay(windows):
        judgement.doubt("pictures-late", seconds=round(delay, 1))
        return
    seen: list[dict[str, Any]] = []
    judgement.details["moves"] = seen
    moved: list[str] = []
    for step, at, end in windows:
        what = str(step.get("what"))
        if what in _LENS:
            found = _movement(pictures, what, at, end)
            if found == "inverted" and media.late_between(at, end + _LATENCY_S) > LATE_S:
                found = "unclear"  # it may be what the command before did
            seen.append({"what": what, "found": found})
            if found in ("as-told", "inverted"):
                moved.append(what)
            if found == "inverted":
                judgement.fault("inverted", what=what)
    asked = [one["what"] for one in seen]
    if asked and not moved:
        _nothing_moved(judgement, form, seen)
        return
    for number, (step, at, end) in enumerate(windows):
        what = str(step.get("what"))
        if what == "stop":
            _stops(judgement, media, pictures, at, end, delay or 0.0)
        elif what == "bad-checksum":
            later = (begun for one, begun, _ in windows[number + 1 :] if one.get("what") != "stop")
            until = min(end + _LATENCY_S, next(later, float("inf")))
            _checksum(judgement, media, pictures, at, end, until)
    _preset(judgement, media, pictures, windows)
    judge_patrol(judgement, media, pictures, windows)
    unseen = sorted({one["what"] for one in seen if one["found"] == "still"} - set(moved))
    if unseen and form != "fixed":
        judgement.doubt("direction-unseen", what=", ".join(unseen))


def _delay(
    pictures: list[Shown], windows: list[tuple[dict[str, Any], float, float]]
) -> float | None:
    """How long the picture takes to show a command: the least, in seconds, of any movement.

    ``None`` where nothing moved. Coding, the path and buffers add up; what moves just before a
    command still shows an earlier one, and tells nothing.
    """
    found = []
    for step, at, _ in windows:
        if str(step.get("what")) not in _DIRECTIONS:
            continue
        before = [one for one in pictures if at - _RESTING_S <= one.at <= at]
        if len(before) < 2 or total(before).distance > REST:
            continue
        for one in pictures:
            if one.at > at and shift(before[-1].luma, one.luma).distance > REST:
                found.append(one.at - at)
                break
    return min(found, default=None)


def _most_delay(windows: list[tuple[dict[str, Any], float, float]]) -> float:
    apart = [end - at for step, at, end in windows if str(step.get("what")) in _DIRECTIONS]
    return max(_MOST_DELAY_S, _MOST_DELAY_SHARE * min(apart, default=0.0))


def _nothing_moved(judgement: Judgement, form: str, seen: list[dict[str, Any]]) -> None:
    """No command had any effect: what that means depends on the form of the device."""
    count = len(seen)
    if form == "fixed":
        judgement.note("fixed", count=count)
        judgement.details["not_applicable"] = ["ptz"]
    elif any(one["found"] == "unclear" for one in seen):
        judgement.doubt("unclear", count=count)
    elif form == "turning":
        judgement.fault("ignored", count=count)
    else:
        judgement.doubt("form-unknown", count=count)


def _movement(pictures: list[Shown], what: str, at: float, end: float) -> str:
    """``as-told``, ``inverted``, ``still``, or ``unclear`` where the picture does not tell."""
    seen = between(pictures, at, min(end + _LATENCY_S, at + 30))
    if len(seen) < 2:
        return "unclear"
    if what.startswith("zoom"):
        found = scaling(seen[0].luma, seen[-1].luma)
        if not found.sure:
            return "unclear"
        if 0.95 < found.scale < 1.05:
            return "still"
        return "as-told" if (found.scale > 1) == (what == "zoom-in") else "inverted"
    motion = total(seen)
    right, down = _DIRECTIONS[what]
    along = motion.right * right + motion.down * down
    across = abs(motion.right * down) + abs(motion.down * right)
    if abs(along) < MOVE and across < MOVE:
        return "still"
    if not motion.sure or abs(along) < 2 * across:
        return "unclear"
    return "as-told" if along > 0 else "inverted"


def _stops(
    judgement: Judgement,
    media: Media,
    pictures: list[Shown],
    at: float,
    end: float,
    delay: float,
) -> None:
    """After a stop and the time that it takes to be seen, the picture stands.

    ``delay``: what commands take to be seen in this picture.
    """
    latency = max(min(_LATENCY_S, (end - at) / 2), delay + _RESTING_S)
    after = [one for one in pictures if at + latency < one.at <= min(end, at + 10)]
    if len(after) < 3 or after[-1].at - after[0].at < 0.3:
        return
    motion = total(after)
    told = any(one.code.endswith(".stop-ignored") for one in judgement.faults)
    if (
        motion.sure
        and motion.distance > MOVE
        and not told
        and media.late_between(at, after[-1].at) <= LATE_S
    ):
        judgement.fault("stop-ignored", share=round(100 * motion.distance))


def _checksum(
    judgement: Judgement,
    media: Media,
    pictures: list[Shown],
    at: float,
    end: float,
    until: float,
) -> None:
    """A command with a wrong checksum is no command.

    It was followed by a stop at ``end``, and by what may move the lens again at ``until``.
    """
    before = [one for one in pictures if at - 0.5 <= one.at <= at]
    seen = between(pictures, at, until)
    # Only what came in time tells either way: at rest before the command, and long enough after.
    if (
        len(seen) < 3
        or seen[-1].at < end
        or len(before) < 2
        or total(before).distance > REST
        or media.late_between(at - 0.5, until) > LATE_S
    ):
        judgement.doubt("checksum-unseen")
        return
    motion = total(seen)
    if motion.distance > MOVE:
        judgement.fault("bad-checksum-obeyed", share=round(100 * motion.distance))


def _preset(
    judgement: Judgement,
    media: Media,
    pictures: list[Shown],
    windows: list[tuple[dict[str, Any], float, float]],
) -> None:
    """Called, a preset brings back the picture that it was set at."""
    stored = next((at for step, at, _ in windows if step.get("what") == "preset-set"), None)
    called = next(
        ((at, end) for step, at, end in windows if step.get("what") == "preset-call"), None
    )
    if stored is None or called is None:
        judgement.doubt("preset-not-tried")
        return
    wanted = last_before(pictures, stored)
    away = last_before(pictures, called[0])
    there = last_before(pictures, min(called[1], called[0] + 30))
    if wanted is None or away is None or there is None or there.at <= called[0] + 0.2:
        judgement.doubt("preset-unseen")
        return
    if likeness(wanted.luma, there.luma) > 0.8 and _near(shift(wanted.luma, there.luma)):
        return
    if likeness(wanted.luma, away.luma) > 0.8:
        judgement.doubt("preset-unseen")
        return
    last = between(pictures, there.at - 0.5, there.at)
    if total(last).distance > REST:
        judgement.doubt("preset-still-moving")
        return
    if media.late_between(called[0], there.at) > LATE_S:
        judgement.doubt("preset-unseen")
        return
    judgement.fault("preset-lost")


def _near(motion: Motion) -> bool:
    return motion.distance <= MOVE or not motion.sure


def _key_picture(judgement: Judgement, media: Media, commands: list[dict[str, Any]]) -> None:
    """Asked for one, the device sends a key picture at once.

    It is waited for by arrival; where that is too long, by the device's own time too: a path or a
    machine that is late brings late what was sent at once.
    """
    for step in commands:
        at = moment(step)
        if step.get("what") != "iframe" or at is None:
            continue
        later = [index for index in range(len(media.units)) if media.arrival_of(index) > at]
        key = next((index for index in later if media.units[index].key), None)
        first = None if key is None else media.arrival_of(key) - at
        judgement.details["i_frame_s"] = first
        if first is not None and first <= _KEY_PICTURE_S:
            continue
        watched = media.arrivals[-1][0] - at if media.arrivals else 0.0
        sent = _sent_since(media, later, key)
        if media.lost or min(watched, sent) < _KEY_PICTURE_S:
            judgement.doubt("key-picture-unseen")
        elif editions_of(judgement.recording) != ("2016",) or not step.get("status"):
            # The 2022 edition spells the element IFrameCmd.
            judgement.doubt("no-key-picture-perhaps", seconds=_KEY_PICTURE_S)
        else:
            judgement.fault("no-key-picture", seconds=_KEY_PICTURE_S)


def _sent_since(media: Media, later: list[int], key: int | None) -> float:
    """Seconds by the device's time from the last picture before ``later`` to ``key`` or the end."""
    if not later:
        return 0.0
    last = later[-1] if key is None else key
    before, then = media.media_times[max(0, later[0] - 1)], media.media_times[last]
    # A device that tells no times leaves the arrival alone to judge by.
    return float("inf") if before is None or then is None else then - before


def _states(
    judgement: Judgement, conversation: Conversation, commands: list[dict[str, Any]]
) -> None:
    """Guard and recording: the Response that is due, and the state that is told afterwards."""
    for step in commands:
        what = str(step.get("what"))
        if what not in _STATES:
            continue
        kind, on = _STATES[what]
        if not step.get("answered"):
            if conversation.reliable and step.get("status") == 200:
                judgement.fault("no-response", what=what)
            else:
                judgement.doubt("unanswered", what=what)
        elif step.get("result") not in (True, "OK"):
            judgement.note("not-done", what=what)
        else:
            told = _status_after(conversation, moment(step) or 0.0)
            state = None if told is None else _told(told, kind)
            if state is False and on:
                judgement.fault("state-unchanged", what=what)


def _status_after(conversation: Conversation, at: float) -> DeviceStatus | None:
    found: Exchange | None = next(
        (one for one in conversation.told("Response", "DeviceStatus") if one.at > at), None
    )
    return read_device_status(found.manscdp) if found and found.manscdp else None


def _told(status: DeviceStatus, kind: str) -> bool | None:
    if kind == "record":
        return status.record
    duties = {one.duty for one in status.alarm_states}
    if not duties:
        return None
    return duties != {"OFFDUTY"}
