"""Live pictures of a platform (4.3.3.1-a1, a3, a4): the channel asked for, in time, alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.marks import named_channel
from probes.platform.pictures import SeenStream, open_stream
from probes.platform.reading import mapping, mappings, status, steps

INSTRUMENT = "platform-live/1"
LIVE, H264, H265 = "platform-live", "platform-h264", "platform-h265"
#: The first picture comes within this time of the request, in seconds (R-043).
FIRST_PICTURE_S = 4.0
#: Fewer pictures than this in the whole stream are none.
_FEWEST = 5
#: What comes before the first picture is no longer.
_HEADERS_BYTES = 2_000
#: The burnt-in clock may lag behind the passing time by this share and that many seconds.
_LAG, _LAG_S = 0.3, 1.5
_NAMES = {"h264": ("avc1", "avc3"), "hevc": ("hvc1", "hev1")}


def channels_of(recording: Recording) -> dict[str, Mapping[str, Any]]:
    """The channels that the visit looked at, by id."""
    return {str(one.get("id")): one for one in mappings(recording.facts.get("channels"))}


def measure_live(recording: Recording) -> Measurement:
    """Judge every channel of a ``platform:live`` recording.

    Quantity ``platform-live``; ``details``: ``delays`` of the first pictures in seconds.
    """
    judgement = Judgement(recording, LIVE, INSTRUMENT)
    channels = channels_of(recording)
    names = [str(one.get("name")) for one in channels.values()]
    delays: dict[str, float] = {}
    judgement.details["delays"] = delays
    watched = steps(recording, "live")
    if not any(mapping(channels.get(str(one.get("channel")))).get("online") for one in watched):
        judgement.doubt("not-tried")
    for step in watched:
        channel = mapping(channels.get(str(step.get("channel"))))
        name = str(channel.get("name", step.get("channel")))
        seen = open_stream(recording, step)
        if not channel.get("online"):
            if len(seen) >= _FEWEST and advance(seen) is False:
                judgement.fault("dead-shown-live", channel=name)
            continue
        if len(seen) < _FEWEST:
            judgement.fault("no-picture", channel=name, status=status(step))
            continue
        if "began" in step:  # a film begins when somebody begins it
            judgement.doubt("delay-unknown", channel=name)
        else:
            delays[name] = round(seen.arrivals[0] - float(step.get("at", 0.0)), 2)
            if delays[name] > FIRST_PICTURE_S:
                judgement.fault("late", channel=name, seconds=delays[name])
        shown = shown_name(seen, names)
        if shown is None:
            judgement.doubt("name-unread", channel=name)
        elif shown != name:
            judgement.fault("wrong-channel", channel=name, shown=shown)
        moving = advance(seen)
        if moving is None:
            judgement.doubt("clock-unread", channel=name)
        elif not moving:
            judgement.fault("stands-still", channel=name)
    return judgement.measurement()


def shown_name(seen: SeenStream, names: Sequence[str]) -> str | None:
    """Which of ``names`` is written in the pictures: the first that can be told."""
    for lines in seen.written():
        shown = named_channel(lines, names)
        if shown is not None:
            return shown
    return None


def advance(seen: SeenStream) -> bool | None:
    """Whether the clock in the pictures goes on as time does; ``None`` when it is not read.

    A picture in which nothing at all changes does not advance, whatever is written in it.
    """
    if len(seen) >= 2 and all((one == seen.small[0]).all() for one in seen.small):
        return False
    first, last = seen.time_near(0), seen.time_near(len(seen) - 1, step=-1)
    if first is None or last is None or last[0] <= first[0]:
        if _barely_changes(seen):
            return False
        return None
    passed = seen.arrivals[last[0]] - seen.arrivals[first[0]]
    return last[1] - first[1] >= passed * (1 - _LAG) - _LAG_S and (
        last[1] > first[1] or passed < _LAG_S
    )


def _barely_changes(seen: SeenStream) -> bool:
    """No clock, and nothing but a mark moves: a still picture."""
    spread = [float(one.std()) for one in (seen.small[0], seen.small[-1])]
    return not seen.clocks[0].size and max(spread) < 12.0


def measure_h264(recording: Recording) -> Measurement:
    """Judge the streams of channels that record H.264; quantity ``platform-h264``."""
    return _decoded(recording, H264, "h264", ("h264", "avc"))


def measure_h265(recording: Recording) -> Measurement:
    """Judge the streams of channels that record H.265; quantity ``platform-h265``."""
    return _decoded(recording, H265, "h265", ("h265", "hevc"))


def _decoded(
    recording: Recording, quantity: str, codec: str, known_as: tuple[str, ...]
) -> Measurement:
    judgement = Judgement(recording, quantity, INSTRUMENT)
    channels = channels_of(recording)
    found = [
        step
        for step in (*steps(recording, "live"), *steps(recording, "live-codec"))
        if mapping(channels.get(str(step.get("channel")))).get("online")
        and mapping(channels.get(str(step.get("channel")))).get("codec") in known_as
    ]
    judgement.details["streams"] = len(found)
    if not found:
        judgement.doubt("no-source", codec=codec.upper())
    for step in found:
        name = str(mapping(channels.get(str(step.get("channel")))).get("name"))
        seen = open_stream(recording, step)
        if len(seen) < _FEWEST:
            received = part_size(recording, step)
            if received > _HEADERS_BYTES:
                judgement.fault("not-decodable", channel=name, bytes=received)
            else:
                judgement.fault("no-picture", channel=name, status=status(step))
            continue
        announced = str(step.get("type", "")).partition("codecs=")[2].strip('" ')
        if announced and not announced.startswith(_NAMES.get(seen.codec, ())):
            judgement.fault("announced-otherwise", channel=name, said=announced, is_=seen.codec)
        if seen.damaged > 1:
            judgement.fault("damaged", channel=name, pictures=seen.damaged)
        if advance(seen) is False:
            judgement.fault("stands-still", channel=name)
    return judgement.measurement()


def part_size(recording: Recording, step: Mapping[str, Any]) -> int:
    """Bytes that a stream brought."""
    part = recording.parts.get(str(step.get("part", "")))
    return 0 if part is None else part.size
