"""Records (GB/T 28181-2016 9.7 to 9.9): found, played at any speed, paused, sought, downloaded.

Speed and position are taken from the media's own time stamps; that INFO was answered 200 proves
nothing (many devices answer and change nothing).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, Exchange, moment, number, steps_of
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.live import (
    STOP_S,
    accepted,
    answered,
    sends,
    session_details,
    stops,
    stream,
)
from probes.gb28181.media import Media, open_media
from protocols.deviation import Deviation
from protocols.gb28181.records import read_records

INSTRUMENT = "gb-records/1"
_INSIDE = ("scale", "pause", "resume", "seek", "file-end")
#: Seconds for a command to take effect before the speed is taken.
_SETTLE_S = 0.6
_EDGE_S = 2.0


def measure_records(recording: Recording) -> Measurement:
    """Judge a ``gb28181:records`` recording.

    Quantity ``gb-records``; ``details``: ``found``, ``speeds`` [{asked, measured}],
    ``sessions``, ``download`` {media_s, elapsed_s, bytes, filesize}, ``across`` {period_s,
    media_s}.
    """
    judgement, conversation = begin(recording, "gb-records", INSTRUMENT)
    judgement.details["sessions"] = {}
    query = next(iter(steps_of(recording, "record-query")), None)
    if query is None:
        judgement.doubt("not-asked")
        return judgement.measurement(conversation)
    found = _query(judgement, conversation, query)
    if found:
        for name in ("playback", "download"):
            step = next(iter(steps_of(recording, name)), None)
            if step is None:
                judgement.doubt("not-played", what=name)
                continue
            _session(judgement, conversation, step, name)
        for step in steps_of(recording, "across"):
            _across(judgement, step)
    return judgement.measurement(conversation)


def _query(judgement: Judgement, conversation: Conversation, step: dict[str, Any]) -> int:
    """How many records were found; judges their times and their number."""
    answers: list[Exchange] = [
        one
        for one in conversation.told("Response", "RecordInfo")
        if one.manscdp is not None and one.manscdp.sn == step.get("sn")
    ]
    if not answers:
        if conversation.reliable and step.get("status") == 200:
            judgement.fault("no-response")
        else:
            judgement.doubt("unanswered")
        return 0
    pages = [read_records(one.manscdp) for one in answers if one.manscdp is not None]
    items = [item for page in pages for item in page.items]
    sums = [page.sum_num for page in pages if page.sum_num is not None]
    judgement.details["found"] = len(items)
    start, end = number(step.get("from")), number(step.get("to"))
    outside = [
        item
        for item in items
        if item.start is not None
        and item.end is not None
        and (item.end <= start - 1 or item.start >= end + 1 or item.end < item.start)
    ]
    if outside:
        judgement.fault("outside-window", count=len(outside), all=len(items))
    if sums and len(items) != max(sums):
        large = any(one.request.size > 1300 for one in answers)
        if len(items) > max(sums) or conversation.reliable or not large:
            judgement.fault("incomplete", sum=max(sums), found=len(items))
        else:
            judgement.doubt("lost-on-the-way", sum=max(sums), found=len(items))
    if not items:
        judgement.doubt("no-records")
    return len(items)


def _session(
    judgement: Judgement, conversation: Conversation, step: dict[str, Any], name: str
) -> None:
    media = open_media(judgement.recording, step.get("part"))
    judgement.details["sessions"][name] = session_details(step, media)
    if not accepted(judgement, conversation, step, name, worked=True):
        return
    answered(judgement, conversation, step, name)
    if not sends(judgement, step, media, name):
        return
    stream(judgement, media, name, jumps=name == "playback")
    timeline = _timeline(media)
    if len(timeline) < 5:
        judgement.doubt("no-picture", transport=name)
    elif name == "playback":
        _playback(judgement, step, media, timeline)
    else:
        _download(judgement, step, media, timeline)
    if moment(step, "bye_at") is not None:
        stops(judgement, conversation, step, media, name)


Timeline = list[tuple[float, float]]


def _timeline(media: Media) -> Timeline:
    """Arrival and media time in seconds of every picture."""
    times = media.media_times
    return [(media.arrival_of(index), time) for index, time in enumerate(times) if time is not None]


def _playback(judgement: Judgement, step: dict[str, Any], media: Media, timeline: Timeline) -> None:
    begun = moment(step) or 0.0
    inside = [
        one for one in steps_of(judgement.recording, *_INSIDE) if (moment(one) or 0.0) >= begun
    ]
    ended = moment(step, "bye_at") or timeline[-1][0]
    marks: list[tuple[float, str, dict[str, Any]]] = [
        (moment(one) or 0.0, str(one["name"]), one) for one in inside
    ]
    download = next(iter(steps_of(judgement.recording, "download")), None)
    if download is not None:
        marks = [one for one in marks if one[0] < (moment(download) or one[0] + 1)]
    for _, name, one in marks:
        if name != "file-end" and number(one.get("status")) >= 300:
            judgement.fault("command-refused", what=name, status=int(number(one.get("status"))))
    ends = [at for at, _, _ in marks[1:]] + [ended]
    judgement.details["speeds"] = []
    first = marks[0][0] if marks else ended
    usual = _speed(judgement, timeline, timeline[0][0], first, 1.0, None)
    for (at, name, one), end in zip(marks, ends, strict=True):
        if name == "scale":
            _speed(judgement, timeline, at, end, number(one.get("value"), 1.0), usual)
        elif name == "pause":
            sent = media.sent_between(at + STOP_S, end - 0.05)
            if sent > 2:
                judgement.fault("pause-goes-on", packets=sent, seconds=round(end - at - STOP_S, 1))
        elif name == "resume":
            _resumed(judgement, timeline, at, end)
        elif name == "seek":
            _sought(judgement, timeline, at, number(one.get("npt")))
        elif name == "file-end":
            _file_end(judgement, one, timeline)


def _stretch(timeline: Timeline, start: float, end: float) -> Timeline:
    return [one for one in timeline if start + _SETTLE_S <= one[0] <= end]


def _speed(
    judgement: Judgement,
    timeline: Timeline,
    start: float,
    end: float,
    asked: float,
    usual: tuple[float, float] | None,
) -> tuple[float, float] | None:
    """Media time over elapsed time, and pictures a second; judged against what was asked."""
    seen = _stretch(timeline, start, end)
    if len(seen) < 5 or seen[-1][0] - seen[0][0] < 1.0:
        if end - start > _SETTLE_S + 1.0:
            judgement.doubt("speed-unseen", asked=asked)
        return None
    at = np.array([one[0] for one in seen])
    media = np.array([one[1] for one in seen])
    slope, offset = np.polyfit(at - at[0], media - media[0], 1)
    scatter = float(np.std(media - media[0] - slope * (at - at[0]) - offset))
    rate = (len(seen) - 1) / (at[-1] - at[0])
    judgement.details["speeds"].append({"asked": asked, "measured": round(float(slope), 3)})
    allowed = (0.05 if asked == 1.0 else 0.10) * asked
    if abs(slope - asked) <= allowed:
        return float(slope), float(rate)
    parameters = {"asked": asked, "measured": float(slope)}
    span = float(at[-1] - at[0])
    restamped = usual is not None and abs(rate - usual[1]) > 0.2 * usual[1]
    if scatter > 0.1 * span or (asked != 1.0 and abs(slope - 1) <= 0.1 and restamped):
        judgement.doubt("speed-unclear", **parameters)
    elif asked != 1.0 and abs(slope - 1) <= 0.1:
        judgement.fault("scale-ignored", **parameters)
    elif span >= 2.0:
        judgement.fault("wrong-speed", **parameters)
    else:
        judgement.doubt("speed-unclear", **parameters)
    return float(slope), float(rate)


def _resumed(judgement: Judgement, timeline: Timeline, at: float, end: float) -> None:
    before = [time for arrived, time in timeline if arrived <= at]
    after = [time for arrived, time in timeline if at < arrived <= end]
    if not after:
        if end - at > 2.0:
            judgement.fault("not-resumed", seconds=round(end - at, 1))
    elif before and abs(after[0] - before[-1]) > _EDGE_S:
        judgement.fault("resumed-elsewhere", seconds=after[0] - before[-1])


def _sought(judgement: Judgement, timeline: Timeline, at: float, npt: float) -> None:
    before = [time for arrived, time in timeline if arrived <= at]
    after = [time for arrived, time in timeline if arrived > at + _SETTLE_S]
    if not before or not after:
        judgement.doubt("seek-unseen")
        return
    wanted, here, there = timeline[0][1] + npt, before[-1], after[0]
    if abs(there - wanted) <= _EDGE_S + _SETTLE_S:
        return
    if abs(wanted - here) > 2 * _EDGE_S and 0 <= there - here < _EDGE_S:
        judgement.fault("seek-ignored", npt=npt)
    else:
        judgement.doubt("seek-elsewhere", npt=npt, found=there - timeline[0][1])


def _file_end(judgement: Judgement, step: dict[str, Any], timeline: Timeline) -> None:
    if moment(step, "media_status_at") is not None:
        return
    ended = moment(step, "ended") or 0.0
    quiet = ended - timeline[-1][0]
    if quiet >= _EDGE_S or step.get("ended_by_device"):
        judgement.fault("no-media-status", seconds=round(max(0.0, quiet), 1))
    else:
        judgement.doubt("end-not-reached")


def _across(judgement: Judgement, step: dict[str, Any]) -> None:
    """A playback over the seam of two files: to its end, or to that of the first file."""
    media = open_media(judgement.recording, step.get("part"))
    period = number(step.get("to")) - number(step.get("from"))
    times = [time for _, time in _timeline(media)]
    got = max(times) - min(times) if times else 0.0
    judgement.details["across"] = {"period_s": period, "media_s": round(got, 2)}
    told = moment(step, "media_status_at") is not None
    if told and times and not media.lost and got < period - _EDGE_S:
        detail = f"{got:.0f} s / {period:.0f} s"
        judgement.departures.append(Deviation("playback-ends-early", "GB/T 28181-2016 9.8", detail))


def _download(judgement: Judgement, step: dict[str, Any], media: Media, timeline: Timeline) -> None:
    period = number(step.get("to")) - number(step.get("from"))
    got = max(time for _, time in timeline) - min(time for _, time in timeline)
    elapsed = timeline[-1][0] - timeline[0][0]
    told = step.get("filesize")
    judgement.details["download"] = {
        "period_s": period,
        "media_s": round(got, 2),
        "elapsed_s": round(elapsed, 2),
        "bytes": len(media.stream.data),
        "filesize": told,
    }
    finished = moment(step, "media_status_at") is not None
    ended = moment(step, "bye_at") or judgement.recording.ended.timestamp()
    if got < period - 1.0 - 0.04:
        if media.lost:
            judgement.doubt("lossy", transport="download", places=media.lost)
        elif finished or ended - timeline[-1][0] > _EDGE_S:
            judgement.fault("download-truncated", media=round(got, 1), period=period)
        else:
            judgement.doubt("download-unfinished", media=round(got, 1), period=period)
    elif number(step.get("speed"), 1.0) > 1 and elapsed > 0.9 * period:
        judgement.doubt("download-slow", elapsed=round(elapsed, 1), period=period)
    if isinstance(told, int) and told and not media.lost and len(media.stream.data) < 0.5 * told:
        judgement.note("smaller-than-told", bytes=len(media.stream.data), filesize=told)
