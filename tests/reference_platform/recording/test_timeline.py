"""Stretches of time: laws that hold for any, and examples of reasons."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from reference_platform.ports import Span
from reference_platform.recording.segments import SegmentFacts
from reference_platform.recording.timeline import (
    Gap,
    Interruption,
    explain,
    joined,
    minus,
    resolve,
)
from tests.reference_platform.recording.bench import CHANNEL

_SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda p: Span(p[0], p[0] + p[1])),
    max_size=8,
)


def _seconds(spans: list[Span]) -> set[int]:
    return {second for span in spans for second in range(int(span.start), int(span.end))}


@given(_SPANS)
def test_joined_covers_the_same_and_does_not_touch(spans: list[Span]) -> None:
    result = joined(spans, 0.0)
    assert _seconds(result) == _seconds(spans)
    assert all(a.end < b.start for a, b in itertools.pairwise(result))


@given(_SPANS, _SPANS)
def test_minus_takes_exactly_what_is_taken(spans: list[Span], taken: list[Span]) -> None:
    rest = minus(joined(spans, 0.0), joined(taken, 0.0))
    assert _seconds(rest) == _seconds(spans) - _seconds(taken)


def _segment(start: float, end: float, generation: int = 0) -> SegmentFacts:
    return SegmentFacts(CHANNEL, generation, start, end, 1, 1, "h264", f"{start}-{generation}")


@given(st.lists(_SPANS, max_size=3))
def test_a_time_line_never_overlaps_and_the_later_generation_holds(
    generations: list[list[Span]],
) -> None:
    segments = [
        _segment(span.start, span.end, number)
        for number, spans in enumerate(generations)
        for span in joined(spans, 0.0)
    ]
    pieces = resolve(segments)
    assert all(a.end <= b.start for a, b in itertools.pairwise(pieces))
    for second in range(81):
        claims = [s.generation for s in segments if s.start <= second < s.end]
        holds = [p.segment.generation for p in pieces if p.start <= second < p.end]
        assert holds == ([max(claims)] if claims else [])


def test_a_gap_is_cut_where_its_reason_changes() -> None:
    known = [Interruption(10, 20, "offline"), Interruption(20, None, "platform-down")]
    assert explain([Span(5, 30)], known, "unknown") == [
        Gap(5, 10, "unknown"),
        Gap(10, 20, "offline"),
        Gap(20, 30, "platform-down"),
    ]


def test_of_two_reasons_the_later_holds() -> None:
    known = [Interruption(0, 100, "recording-off"), Interruption(40, 60, "disk-full")]
    assert [gap.reason for gap in explain([Span(30, 70)], known, "unknown")] == [
        "recording-off",
        "disk-full",
        "recording-off",
    ]
