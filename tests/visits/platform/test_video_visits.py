"""The visits that look at pictures: what they bring home, and that they leave nothing behind.

What instruments make of such recordings is proven elsewhere; here nothing is read from pixels.
"""

from __future__ import annotations

import pytest

from assessment.recording import Recording
from probes.platform.reading import steps

SHORT = {"platform_stream": 0.8, "platform_move": 0.4, "platform_settle": 0.4}


def streams(recording: Recording, name: str) -> list[int]:
    """Bytes of each stream of a step's name; each is kept with the times of its arrival."""
    sizes = []
    for step in steps(recording, name):
        if "part" in step:
            size = recording.parts[step["part"]].size
            assert step["arrivals"][-1][1] == size
            assert step["status"] == 200
            sizes.append(size)
    return sizes


def sound(recording: Recording) -> None:
    assert recording.problem is None
    assert recording.facts["restored"]["left"] == []


async def test_live(visited) -> None:
    recording = await visited("platform:live", **SHORT)
    sound(recording)
    codecs = {one["id"]: one["codec"] for one in recording.facts["channels"]}
    watched = steps(recording, "live")
    assert {codecs[one["channel"]] for one in watched if one["status"] == 200} == {"h264", "h265"}
    assert min(streams(recording, "live")) > 10_000
    offline = next(one for one in recording.facts["channels"] if not one["online"])
    assert [one["status"] for one in watched if one["channel"] == offline["id"]] == [503]


async def test_viewers(visited) -> None:
    recording = await visited("platform:viewers", platform_stream=1.2)
    sound(recording)
    assert len(streams(recording, "viewer")) == 3
    (pulls,) = steps(recording, "pulls")
    assert (pulls["upstream_pulls"], pulls["viewers"]) == (1, 3)
    first, *others = steps(recording, "viewer")
    (left,) = steps(recording, "left")
    assert first["left"] <= left["at"] < min(one["left"] for one in others)


async def test_ramp(visited) -> None:
    recording = await visited("platform:ramp", **SHORT)
    sound(recording)
    assert recording.facts["agreed"] == 4
    assert [one["of"] for one in steps(recording, "held")] == ["1", "2", "4", "5"]
    assert len(streams(recording, "crowd")) == 5


async def test_playback(visited) -> None:
    recording = await visited("platform:playback", **SHORT)
    sound(recording)
    kinds = [one["kind"] for one in steps(recording, "steer")]
    assert kinds == [*["scale"] * 4, "pause", "resume", *["seek"] * 5]
    assert [one["scale"] for one in steps(recording, "steer", kind="scale")] == [1, 4, 0.5, 1]
    assert [one.get("gap") for one in steps(recording, "steer", kind="seek")][3:] == [
        "before", "behind",
    ]  # fmt: skip
    assert all(one["until"] >= one["ended"] for one in steps(recording, "steer"))
    assert len(streams(recording, "playback")) == 2


async def test_download(visited) -> None:
    recording = await visited("platform:download", **SHORT)
    sound(recording)
    (fetched,) = steps(recording, "fetch")
    assert fetched["statuses"] == [206, 206]
    assert recording.parts["saved.mp4"].size == fetched["size"] == fetched["received"]
    (history,) = steps(recording, "history")
    assert [one["result"] for one in history["lines"]].count("cancelled") == 1
    assert steps(recording, "history-after")[0]["lines"]


async def test_storage(visited) -> None:
    recording = await visited("platform:storage", **SHORT)
    sound(recording)
    assert recording.facts["days"] == 7
    drawn = steps(recording, "draw")
    assert len({one["day"] for one in drawn}) >= 7
    assert len(streams(recording, "draw")) == len(drawn)


@pytest.mark.parametrize("kind", ["control", "patrol"])
async def test_steering(visited, kind: str) -> None:
    recording = await visited(f"platform:{kind}", platform_dwell=0.8, **SHORT)
    sound(recording)
    assert len(streams(recording, "view")) == 1
    names = [one["name"] for one in steps(recording)]
    wanted = {
        "control": {"preset", "move", "zoom", "goto", "takeover", "low-while-high", "release"},
        "patrol": {"look", "create", "start", "stop"},
    }[kind]
    assert wanted <= set(names)
