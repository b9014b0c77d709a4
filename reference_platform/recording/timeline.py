"""Stretches of time: joined, cut, taken from each other; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reference_platform.ports import Span
from reference_platform.recording.segments import SegmentFacts

JOIN_S = 0.5
"""Segments that are not further apart belong to one stretch."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a segment that holds on the time line."""

    segment: SegmentFacts
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Interruption:
    """Why nothing was recorded; ``end`` None: it still lasts."""

    start: float
    end: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without pictures and its reason (``recording.gap.<reason>`` words it)."""

    start: float
    end: float
    reason: str


def resolve(segments: Iterable[SegmentFacts]) -> list[Piece]:
    """The time line that segments make, in order and without overlaps.

    Where the wall clock was set back and a time was lived through twice, the later recording (the
    higher generation) holds: the clock was set because it had been wrong.
    """
    generations: dict[int, list[SegmentFacts]] = {}
    for segment in segments:
        generations.setdefault(segment.generation, []).append(segment)
    pieces: list[Piece] = []
    for generation in sorted(generations, reverse=True):
        taken = joined([Span(piece.start, piece.end) for piece in pieces], 0.0)
        for segment in generations[generation]:
            for rest in minus([Span(segment.start, segment.end)], taken):
                pieces.append(Piece(segment, rest.start, rest.end))
    return sorted(pieces, key=lambda piece: piece.start)


def joined(spans: Iterable[Span], tolerance: float = JOIN_S) -> list[Span]:
    """Spans in order; those that touch, overlap or nearly touch made one."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if result and span.start - result[-1].end <= tolerance:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def within(spans: Iterable[Span], start: float, end: float) -> list[Span]:
    """What of the spans lies in the period."""
    cut = (Span(max(span.start, start), min(span.end, end)) for span in spans)
    return [span for span in cut if span.end > span.start]


def minus(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What of ``spans`` no span of ``taken`` covers; both in order, without overlaps."""
    rest: list[Span] = []
    index = 0
    for span in spans:
        begin = span.start
        while index < len(taken) and taken[index].end <= begin:
            index += 1
        ahead = index
        while ahead < len(taken) and taken[ahead].start < span.end:
            if taken[ahead].start > begin:
                rest.append(Span(begin, taken[ahead].start))
            begin = max(begin, taken[ahead].end)
            ahead += 1
        if begin < span.end:
            rest.append(Span(begin, span.end))
    return rest


def explain(
    missing: Iterable[Span], interruptions: Sequence[Interruption], otherwise: str
) -> list[Gap]:
    """Gaps with reasons: each missing stretch cut where one reason gives way to another."""
    gaps: list[Gap] = []
    for span in missing:
        known = [
            (max(one.start, span.start), min(one.end or span.end, span.end), one.reason)
            for one in interruptions
        ]
        known = [(start, end, reason) for start, end, reason in known if end > start]
        edges = {span.start, span.end}
        edges.update(edge for start, end, _ in known for edge in (start, end))
        for start, end in pairwise(sorted(edges)):
            # Of reasons that overlap, the one that began last knew best.
            reasons = [item for item in known if item[0] <= start and item[1] >= end]
            reason = max(reasons)[2] if reasons else otherwise
            if gaps and gaps[-1].end == start and gaps[-1].reason == reason:
                gaps[-1] = Gap(gaps[-1].start, end, reason)
            else:
                gaps.append(Gap(start, end, reason))
    return [gap for gap in gaps if gap.end - gap.start > 0.001]
