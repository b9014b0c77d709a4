"""Downloads of a platform (4.3.3.1-c, d1, d2, e2): the file itself, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.live import channels_of, shown_name
from probes.platform.marks import read_mark
from probes.platform.moments import posix_time
from probes.platform.pictures import SeenStream, open_stream
from probes.platform.reading import mapping, mappings, status, step, steps

INSTRUMENT = "platform-download/1"
FILE, FILE_MARK = "download-file", "download-mark"
HISTORY, FIELDS = "download-history", "download-fields"
_SEARCHED = (0.1, 0.9)
_FEWEST = 5
#: Seconds by which a file may begin before or after, and end before or after, its period (R-044).
EDGE_S = 2.0
#: Media time may run ahead of the file's own by no more: more is a hole.
HOLE_S = 2.0
_LOOKS = 5


def open_file(judgement: Judgement) -> tuple[Mapping[str, Any], SeenStream] | None:
    """The order and the file; a fault or a doubt where there is none."""
    order = mapping(step(judgement.recording, "order", of="saved"))
    fetched = mapping(step(judgement.recording, "fetch", of="saved"))
    made = mapping(step(judgement.recording, "made", of="saved"))
    if not order:
        judgement.doubt("not-tried")
        return None
    if not fetched:
        judgement.fault("not-made", state=made.get("state") or order.get("state", "-"))
        return None
    near = float(order.get("start", 0.0))
    seen = open_stream(judgement.recording, fetched, search=_SEARCHED, near=near, strict=True)
    return order, seen


def measure_file(recording: Recording) -> Measurement:
    """Judge the file of a ``platform:download`` recording.

    Quantity ``download-file``; ``details``: ``begins`` and ``ends`` in seconds from the period's
    own, ``pictures``, ``damaged``, ``size``.
    """
    judgement = Judgement(recording, FILE, INSTRUMENT)
    opened = open_file(judgement)
    if opened is None:
        return judgement.measurement()
    order, seen = opened
    fetched = mapping(step(recording, "fetch", of="saved"))
    judgement.details |= {
        "pictures": len(seen), "damaged": seen.damaged, "size": fetched.get("received"),
    }  # fmt: skip
    if len(seen) < _FEWEST:
        judgement.fault("not-playable", bytes=fetched.get("received"))
        return judgement.measurement()
    if seen.damaged:  # what is damaged may look short as well
        judgement.fault("damaged", pictures=seen.damaged)
    judge_period(judgement, order, seen)
    if fetched.get("received") != fetched.get("size"):
        judgement.fault("not-whole", got=fetched.get("received"), said=fetched.get("size"))
    if "began" in fetched:  # saved by a person, in one go
        judgement.note("resuming-untried")
    elif any(one != 206 for one in fetched.get("statuses", ())):
        judgement.fault("not-resumable")
    channels = channels_of(recording)
    name = str(mapping(channels.get(str(order.get("channel")))).get("name"))
    names = [str(one.get("name")) for one in channels.values()]
    shown = shown_name(seen, names)
    if shown is None:
        judgement.doubt("name-unread")
    elif shown != name:
        judgement.fault("wrong-channel", channel=name, shown=shown)
    return judgement.measurement()


def judge_period(judgement: Judgement, order: Mapping[str, Any], seen: SeenStream) -> None:
    """First and last picture, and media time against the file's own on the way."""
    first, last = seen.time_near(0), seen.time_near(len(seen) - 1, step=-1)
    if first is None or last is None:
        judgement.doubt("clock-unread")
        return
    begins = first[1] + 0.5 - seen.seconds[first[0]] + seen.seconds[0]
    begins -= float(order.get("start", 0.0))
    ends = last[1] + 0.5 + seen.seconds[-1] - seen.seconds[last[0]]
    ends -= float(order.get("end", 0.0))
    judgement.details |= {"begins": round(begins, 1), "ends": round(ends, 1)}
    off = max(abs(begins), abs(ends)) > EDGE_S + 0.5
    if off and not seen.sure(first[0], last[0]):
        judgement.doubt("clock-unread")
        return
    if abs(begins) > EDGE_S + 0.5:
        judgement.fault("wrong-period", seconds=round(begins, 1))
        return
    if ends < -EDGE_S - 0.5:
        judgement.fault("short", seconds=round(-ends, 1))
    elif ends > EDGE_S + 0.5:
        judgement.fault("long", seconds=round(ends, 1))
    for number in range(1, _LOOKS):
        found = seen.time_near(number * (len(seen) - 1) // _LOOKS)
        if found is None:
            continue
        lag = (found[1] - first[1]) - (seen.seconds[found[0]] - seen.seconds[first[0]])
        if lag > HOLE_S and seen.sure(first[0], found[0]):
            judgement.fault("hole", seconds=round(lag, 1))
            return


def measure_download_mark(recording: Recording) -> Measurement:
    """Judge the mark in the file of a ``platform:download`` recording."""
    judgement = Judgement(recording, FILE_MARK, INSTRUMENT)
    opened = open_file(judgement)
    if opened is not None:
        judge_mark(judgement, *opened)
    return judgement.measurement()


def judge_mark(judgement: Judgement, order: Mapping[str, Any], seen: SeenStream) -> None:
    """Whether a saved file shows the mark of the user who saved it, to its end."""
    names = [str(one.get("name")) for one in channels_of(judgement.recording).values()]
    marks = [read_mark(lines, str(order.get("user")), written=names) for lines in seen.written()]
    judgement.details["read"] = [words for mark in marks for words in mark.words]
    if not marks:
        judgement.doubt("not-seen")
    elif all(mark.whose == "none" for mark in marks):
        judgement.fault("missing")
    elif marks[-1].whose == "none":
        judgement.fault("gone")
    elif not any(mark.whose == "own" for mark in marks):
        judgement.doubt("unreadable")


def measure_history(recording: Recording) -> Measurement:
    """Judge whether each download is in the history and stays there; ``download-history``."""
    judgement = Judgement(recording, HISTORY, INSTRUMENT)
    ordered = {str(one.get("of")): one for one in steps(recording, "order") if one.get("id")}
    listed = step(recording, "history")
    if not ordered or listed is None or listed.get("state") != "done":
        if ordered and listed is not None and listed.get("state") in ("absent", "failed"):
            judgement.fault("missing", lines=0, downloads=len(ordered))
        else:
            judgement.doubt("not-listed")
        return judgement.measurement()
    before = {of: _line(listed, one) for of, one in ordered.items()}
    judgement.details["lines"] = sum(one is not None for one in before.values())
    if all(one is None for one in before.values()):
        judgement.fault("missing", lines=0, downloads=len(before))
    elif before.get("saved", {}) is None:
        judgement.fault("missing", lines=1, downloads=len(before))
    elif before.get("cancelled", {}) is None:
        judgement.fault("cancelled-missing")
    after = step(recording, "history-after")
    if after is None or after.get("state") != "done":
        judgement.doubt("not-listed-again")
    elif before.get("saved") and _line(after, ordered["saved"]) is None:
        judgement.fault("deleted")
    deleted = [one for one in steps(recording, "delete-line") if status(one) in (200, 202, 204)]
    if deleted and not judgement.faults:
        judgement.note("deletion-answered", status=status(deleted[0]))
    return judgement.measurement()


def _line(listing: Mapping[str, Any], order: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The line of a download: by its id, else by its end and its user."""
    lines = list(mappings(listing.get("lines")))
    for one in lines:
        if one.get("id") and one.get("id") == order.get("id"):
            return one
    for one in lines:
        ends = posix_time(one.get("end"))
        if ends is not None and abs(ends - float(order.get("end", 0.0))) < 1.0:
            return one
    return None


def measure_fields(recording: Recording) -> Measurement:
    """Judge user, device and period in the history; quantity ``download-fields``."""
    judgement = Judgement(recording, FIELDS, INSTRUMENT)
    order = mapping(step(recording, "order", of="saved"))
    listed = mapping(step(recording, "history"))
    line = _line(listed, order) if order else None
    if line is None:
        judgement.doubt("no-line")
        return judgement.measurement()
    judgement.details["line"] = {name: line.get(name) for name in ("user", "channel", "device")}
    _field(judgement, "user", line.get("user"), order.get("user"))
    known = (order.get("device"), order.get("channel"))
    devices = [line.get("device"), line.get("channel")]
    if not any(devices):
        judgement.fault("without-device")
    elif not any(one in known for one in devices):
        judgement.fault("wrong-device", found=str(devices[0]))
    for edge in ("start", "end"):
        found = posix_time(line.get(edge))
        if found is None:
            judgement.fault("without-period")
            return judgement.measurement()
        if abs(found - float(order.get(edge, 0.0))) > 1.0:
            judgement.fault("wrong-period", found=str(line.get(edge)))
            return judgement.measurement()
    return judgement.measurement()


def _field(judgement: Judgement, name: str, found: Any, wanted: Any) -> None:
    if not found:
        judgement.fault(f"without-{name}")
    elif found != wanted:
        judgement.fault(f"wrong-{name}", found=str(found))
