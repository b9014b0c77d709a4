"""Several users at one channel (4.3.3.1-a2), and each one's own mark in it (4.3.3.1-e1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.live import channels_of, shown_name
from probes.platform.marks import read_mark
from probes.platform.pictures import open_stream
from probes.platform.reading import mapping, status, step, steps

INSTRUMENT = "platform-sharing/1"
SHARING, LIVE_MARK, PLAYED_MARK = "platform-sharing", "live-mark", "playback-mark"
_FEWEST = 5
#: Where in a stream whole pictures are searched for writing: soon after its begin, and late.
SEARCHED = (0.05, 0.9)
#: A picture that comes later than this after another has left is one that did not stop.
_GOES_ON_S = 1.0


def measure_sharing(recording: Recording) -> Measurement:
    """Judge a ``platform:viewers`` recording.

    Quantity ``platform-sharing``; ``details``: ``viewers``, ``upstream_pulls`` and by whose word.
    """
    judgement = Judgement(recording, SHARING, INSTRUMENT)
    watched = steps(recording, "viewer")
    channels = channels_of(recording)
    names = [str(one.get("name")) for one in channels.values()]
    judgement.details["viewers"] = len(watched)
    if len(watched) < 2:
        judgement.doubt("not-tried")
        return judgement.measurement()
    if any("began" in one for one in watched):  # films of two screens: nobody left
        judgement.doubt("not-tried")
        return judgement.measurement()
    left = step(recording, "left")
    left_at = float(mapping(left).get("at", float("inf")))
    for one in watched:
        who = str(one.get("of"))
        seen = open_stream(recording, one, search=SEARCHED)
        if len(seen) < _FEWEST:
            judgement.fault("refused", who=who, status=status(one))
            continue
        stays = who != mapping(left).get("of")
        if stays and (one.get("ended") is not None or seen.arrivals[-1] < left_at + _GOES_ON_S):
            judgement.fault("stopped-with-first", who=who)
        name = str(mapping(channels.get(str(one.get("channel")))).get("name"))
        shown = shown_name(seen, names)
        if shown is None:
            judgement.doubt("name-unread", who=who)
        elif shown != name:
            judgement.fault("wrong-picture", who=who, shown=shown)
    _pulls(judgement)
    return judgement.measurement()


def _pulls(judgement: Judgement) -> None:
    """How many streams the camera sends; by the platform's own word where no rig counts them."""
    said = mapping(step(judgement.recording, "pulls"))
    pulls = said.get("upstream_pulls")
    judgement.details |= {"upstream_pulls": pulls, "pulls_by": said.get("by")}
    if not isinstance(pulls, int):
        judgement.doubt("pulls-unknown")
    elif pulls > 1:
        judgement.fault("several-pulls", pulls=pulls)


def measure_live_mark(recording: Recording) -> Measurement:
    """Judge the marks in a ``platform:viewers`` recording; quantity ``live-mark``."""
    return _marks(recording, LIVE_MARK, steps(recording, "viewer"))


def measure_playback_mark(recording: Recording) -> Measurement:
    """Judge the marks in a ``platform:playback`` recording; quantity ``playback-mark``."""
    return _marks(recording, PLAYED_MARK, steps(recording, "playback"))


def _marks(
    recording: Recording, quantity: str, watched: Sequence[Mapping[str, Any]]
) -> Measurement:
    judgement = Judgement(recording, quantity, INSTRUMENT)
    users = [str(one.get("user")) for one in watched]
    names = [str(one.get("name")) for one in channels_of(recording).values()]
    looked = 0
    read: dict[str, list[str]] = {}
    judgement.details["read"] = read
    for one in watched:
        own = str(one.get("user"))
        seen = open_stream(recording, one, search=SEARCHED)
        if not seen.searched:
            continue
        looked += 1
        found = [
            read_mark(lines, own, [user for user in users if user != own], written=names)
            for lines in seen.written()
        ]
        read[str(one.get("of"))] = [words for mark in found for words in mark.words]
        first, last = found[0], found[-1]
        if any(mark.whose == "other" for mark in found):
            judgement.fault("other-user", who=str(one.get("of")))
        elif last.whose == "none":
            gone = first.whose == "own"
            judgement.fault("gone" if gone else "missing", who=str(one.get("of")))
        elif not any(mark.whose == "own" for mark in found):
            judgement.doubt("unreadable", who=str(one.get("of")))
    if not looked:
        judgement.doubt("not-seen")
    return judgement.measurement()
