"""Clocks, names, marks and views read from pictures that Pillow drew and FFmpeg coded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from assessment.recording import Part, Recording
from probes.gb28181.judging import Judgement
from probes.platform import capacity, pictures
from probes.platform.marks import likeness, named_channel, read_mark
from probes.platform.pictures import SeenStream, open_stream
from probes.platform.playback import measure_pause, measure_seek
from probes.platform.sharing import measure_playback_mark
from probes.platform.steering import likeness_of, mean_of
from probes.text_reading import TextLine

NOON = 1_795_744_800.0  # 2026-11-27 10:00:00 in Beijing
FPS = 5
WIDTH, HEIGHT = 640, 360


def picture(at: float, mark: str, *, covered: str = "") -> np.ndarray:
    """A grey scene with a clock above, a name below, and a small mark in two places.

    ``covered``: what is hidden, the "seconds" of the clock or the whole "clock".
    """
    rows = np.linspace(60, 150, HEIGHT, dtype=np.uint8)[:, None, None]
    canvas = Image.fromarray(np.broadcast_to(rows, (HEIGHT, WIDTH, 3)).copy())
    drawing = ImageDraw.Draw(canvas)
    shown = datetime.fromtimestamp(int(at + 1e-6), UTC) + timedelta(hours=8)

    def write(words: str, left: int, top: int, size: int) -> None:
        font = ImageFont.load_default(size)
        drawing.text(
            (left, top), words, (255, 255, 255), font, stroke_width=2, stroke_fill=(0, 0, 0)
        )

    write(shown.strftime("%Y-%m-%d %H:%M:%S"), 16, 12, 32)
    if covered:
        shows = f"{shown:%Y-%m-%d %H:%M:}" if covered == "seconds" else ""
        begins = drawing.textlength(shows, ImageFont.load_default(32))
        drawing.rectangle((8 + begins, 0, WIDTH, 56), (60, 60, 60))
    write("CAM-EAST-7", 16, 310, 32)
    if mark:
        for left, top in ((40, 120), (360, 200)):
            write(mark, left, top, 15)
    return np.asarray(canvas)


def clip(times: list[float], mark: str, covered: Sequence[str] = ()) -> bytes:
    """An H.264 MP4 that shows these moments one after another, as FFmpeg makes it.

    ``covered``: what is hidden in the first of them.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        for number, at in enumerate(times):
            hidden = covered[number] if number < len(covered) else ""
            shown = picture(at, mark, covered=hidden)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def recording(
    times: list[float], mark: str, steps: list[dict[str, object]], covered: Sequence[str] = ()
) -> Recording:
    """A playback by ``player`` in which each picture arrives a fifth of a second after the last."""
    content = clip(times, mark, covered)
    sizes = _ends(content)
    played = {
        "name": "playback",
        "of": "player",
        "user": "wang.fang",
        "channel": "1",
        "part": "p.mp4",
        "status": 200,
        "arrivals": [[NOON + number / FPS, end] for number, end in enumerate(sizes)],
    }
    moment = datetime.fromtimestamp(NOON, UTC)
    return Recording(
        kind="platform:playback",
        subject="platform",
        started=moment,
        ended=moment,
        facts={"channels": [{"id": "1", "name": "CAM-EAST-7"}], "steps": [played, *steps]},
        parts={"p.mp4": Part.of(content, "video/mp4")},
    )


def _ends(content: bytes) -> list[int]:
    with av.open(io.BytesIO(content), "r") as container:
        return [one.pos + one.size for one in container.demux(video=0) if one.size]


@cache
def normal() -> Recording:
    return recording([NOON + number / FPS for number in range(20)], "wang.fang X7K9", [])


def seen(found: Recording) -> SeenStream:
    return open_stream(found, found.facts["steps"][0], search=(0.1,))


def test_the_clock_is_found_and_followed_to_a_part_of_a_second() -> None:
    stream = seen(normal())
    assert len(stream) == 20
    assert stream.codec == "h264"
    assert stream.time_at(0) == NOON
    assert stream.time_at(19) == NOON + 3
    assert stream.first_showing(NOON + 2, 0, 19) == 10
    assert stream.place_at(7, 19) == pytest.approx(NOON + 1.4, abs=0.01)


def test_a_clock_whose_end_was_covered_at_first_is_read_whole_later() -> None:
    times = [NOON + number / FPS for number in range(20)]
    found = recording(times, "wang.fang X7K9", [], covered=6 * ["seconds"])
    stream = open_stream(found, found.facts["steps"][0], search=(0.1, 0.5, 0.9))
    assert stream.box is not None
    assert stream.time_at(2) is None
    assert [stream.time_at(index) for index in (6, 19)] == [NOON + 1, NOON + 3]


def test_each_picture_keeps_its_own_clock_however_late_the_first_is_found() -> None:
    """Of the pictures that are searched only the last shows one."""
    times = [NOON + number / FPS for number in range(100)]
    found = recording(times, "", [], covered=85 * ["clock"])
    stream = open_stream(found, found.facts["steps"][0], search=(0.1, 0.5, 0.9))
    assert stream.box is not None
    assert {one.shape for one in stream.clocks} == {stream.clocks[-1].shape}
    assert [stream.time_at(index) for index in (0, 41, 80, 85, 99)] == [
        None,
        None,
        None,
        NOON + 17,
        NOON + 19,
    ]


@pytest.mark.parametrize(
    ("read", "twice", "shown"),
    [
        (["2026-11-27 10:00:00"], False, NOON),
        (["2026-11-2 10:00:00", "2026-11-27 10:00:00"], False, NOON),
        (["2026-11-2 10:00:00", "2026-11-2 10:00:00"], False, NOON - 25 * 86_400),
        (["2026-11-2 10:00:00", "2026-1-27 10:00:00", "?"], False, None),
        (["2026-11-21 10:00:00", "2026-11-27 10:00:00", "2026-11-27 10:00:00"], True, NOON),
        (["2026-11-21 10:00:00", "2026-11-27 10:00:00", "?"], True, None),
    ],
)
def test_a_dropped_figure_is_no_other_day(
    monkeypatch: pytest.MonkeyPatch, read: list[str], twice: bool, shown: float | None
) -> None:
    lines = iter([(words, 0.96) for words in read])
    monkeypatch.setattr(pictures, "read_line", lambda _crop: next(lines))
    assert pictures.read_clock(np.zeros((40, 300, 3), np.uint8), NOON, twice=twice) == shown


def test_a_date_found_apart_from_its_time_is_one_clock() -> None:
    day = TextLine("2026-11-27", 1.0, 10, 16, 180, 55)
    hour = TextLine("10:00:00", 0.9, 190, 15, 322, 54)
    mark = TextLine("2026-128062222", 0.9, 190, 60, 316, 83)
    found = pictures.find_clock([day, hour, mark], NOON)
    assert found is not None
    assert (found.text, found.left, found.right) == ("2026-11-27 10:00:00", 10, 322)
    beside = TextLine("CAM-EAST-7", 0.9, 340, 16, 500, 55)
    whole = TextLine("2026-11-27 10:00:00", 1.0, 10, 16, 322, 55)
    assert pictures.find_clock([whole, beside], NOON) == whole
    below = replace(hour, top=90, bottom=129)
    assert pictures.find_clock([day, below], NOON) is None


def test_what_no_picture_beside_shows_is_held_against_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = dict(enumerate([NOON + 30 * 86_400, NOON, NOON, NOON + 1, NOON + 90]))
    stream = SeenStream(
        arrivals=[NOON + number / FPS for number in shown],
        clocks=[np.zeros((4, 4, 3), np.uint8)] * len(shown),
    )
    stream._read.update(shown)
    by_arrival = dict(zip(stream.arrivals, shown.values(), strict=True))
    monkeypatch.setattr(pictures, "read_clock", lambda _crop, near, twice: by_arrival[near])
    assert [stream.sure(index) for index in shown] == [False, True, True, True, False]


def test_a_drawn_moment_is_looked_for_anew_where_a_mark_was_taken_for_the_clock() -> None:
    made = normal()
    draw = {**made.facts["steps"][0], "wanted": NOON + 1.0, "channel": "1"}
    clocks = {"1": TextLine("2026-128062222", 0.9, 300, 200, 420, 216)}
    judgement = Judgement(made, "platform-storage", "test")
    assert capacity._drawn(judgement, clocks, draw) is True
    assert clocks["1"].text.startswith("2026-11-27")
    assert judgement.doubts == []
    assert capacity._drawn(judgement, clocks, {**draw, "wanted": NOON + 60.0}) is False


def test_a_standstill_does_not_set_the_place_back_before_the_second_that_is_shown() -> None:
    stream = seen(normal())
    stream.arrivals = [
        at + (3.0 if number >= 8 else 0.0) for number, at in enumerate(stream.arrivals)
    ]
    assert stream.place_at(7, 19) == NOON + 1


def test_name_and_mark_are_read() -> None:
    lines = next(seen(normal()).written())
    assert named_channel(lines, ["CAM-EAST-7", "CAM-WEST-2"]) == "CAM-EAST-7"
    assert read_mark(lines, "wang.fang", ["li.qiang"], written=["CAM-EAST-7"]).whose == "own"
    assert read_mark(lines, "li.qiang", ["wang.fang"], written=["CAM-EAST-7"]).whose == "other"


def test_no_mark_is_told_from_one_that_is_not_read() -> None:
    bare = next(seen(recording([NOON] * 6, "", [])).written())
    assert read_mark(bare, "wang.fang", written=["CAM-EAST-7"]).whose == "none"
    clock = TextLine("2026-11-27 10:00:00", 1.0, 16, 12, 330, 50)
    blurred = TextLine("vvnnq.f", 0.75, 40, 120, 120, 136)
    assert read_mark([clock, blurred], "wang.fang", written=["CAM-EAST-7"]).whose == "unreadable"


def test_likeness_forgives_a_letter_and_not_another_name() -> None:
    assert likeness("tantou-ab12cd-first", "tantou-ab1zcd-first") > 0.9
    assert likeness("tantou-ab12cd-first", "tantou-ab12cd-second") < 0.84
    assert likeness("a", "") == 0.0


def test_a_pause_that_skips_and_a_seek_that_misses_are_found() -> None:
    """Two seconds play, one stands still, then it goes on three seconds further."""
    times = [NOON + number / FPS for number in range(10)]
    times += [NOON + 5 + number / FPS for number in range(10)]
    steps: list[dict[str, object]] = [
        _command("pause", NOON + 1.9, NOON + 2.9),
        _command("resume", NOON + 1.95, NOON + 4),
        _command("seek", NOON + 1.95, NOON + 4, position=NOON + 5),
    ]
    good = recording(times, "", steps)
    assert measure_seek(good).value == "conforms"
    paused = measure_pause(good)
    assert paused.value == "deviates"
    assert paused.details["reason"]["code"] == "playback-pause.skipped"
    off = recording(times, "", [_command("seek", NOON + 1.95, NOON + 4, position=NOON + 8.2)])
    assert measure_seek(off).details["reason"]["code"] == "playback-seek.off"


@pytest.mark.parametrize(("late", "verdict"), [(0.2, "conforms"), (0.7, None)])
def test_a_pause_is_no_proof_where_the_harness_was_late(late: float, verdict: str | None) -> None:
    times = [NOON + number / FPS for number in range(10)]
    times += [NOON + 1.8] * 5 + [NOON + 2 + number / FPS for number in range(10)]
    steps: list[dict[str, object]] = [
        _command("pause", NOON + 1.9, NOON + 2.9),
        _command("resume", NOON + 2.95, NOON + 4),
    ]
    made = recording(times, "", steps)
    measured = measure_pause(replace(made, facts={**made.facts, "harness_late_s": late}))
    assert measured.value == verdict
    codes = [one["code"] for one in measured.details["doubts"]]
    assert codes == ([] if verdict else ["playback-pause.busy-machine"])


def _command(kind: str, ended: float, until: float, **more: object) -> dict[str, object]:
    return {
        "name": "steer", "kind": kind, "of": "player", "state": "done", "status": 200,
        "at": ended - 0.02, "ended": ended, "until": until, **more,
    }  # fmt: skip


def test_marks_are_judged_and_nothing_to_read_is_no_verdict() -> None:
    assert measure_playback_mark(normal()).value == "conforms"
    unmarked = recording([NOON] * 6, "", [])
    assert measure_playback_mark(unmarked).details["reason"]["code"] == "playback-mark.missing"
    nothing = recording([NOON] * 6, "", [])
    empty = measure_playback_mark(
        Recording(
            kind=nothing.kind,
            subject="platform",
            started=nothing.started,
            ended=nothing.ended,
            facts={"steps": [{"name": "playback", "of": "player", "part": "gone"}]},
        )
    )
    assert empty.value is None
    assert empty.spoilt is not None


def test_views_are_told_apart_whatever_is_written_over_them() -> None:
    random = np.random.default_rng(7)
    view = np.kron(random.integers(30, 220, (6, 8)), np.ones((6, 8))).astype(np.uint8)
    other = np.roll(view, 20, axis=1)
    marked = view.copy()
    marked[10:12, 5:40] = 255
    assert likeness_of(mean_of([view]), mean_of([marked])) > 0.85
    assert likeness_of(mean_of([view]), mean_of([other])) < 0.7


def test_rubbish_gives_nothing_and_raises_nothing() -> None:
    for content in (b"", b"rubbish" * 50, clip([NOON] * 6, "")[:600]):
        found = Recording(
            kind="platform:playback",
            subject="platform",
            started=datetime.fromtimestamp(NOON, UTC),
            ended=datetime.fromtimestamp(NOON, UTC),
            facts={"steps": []},
            parts={"p": Part.of(content, "video/mp4")},
        )
        assert len(open_stream(found, {"part": "p", "arrivals": [[1, "x"], 3]})) == 0
