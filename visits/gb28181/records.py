"""The visit ``gb28181:records``: records found, played in every way, and downloaded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from protocols.errors import ProtocolError
from protocols.gb28181 import mansrtsp
from protocols.gb28181.times import format_time, parse_time
from protocols.xml_reading import children, find, words
from targets.gb28181.exchange import Exchange
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation

_DAY, _HOUR = 86_400, 3_600
_SPEED = 4
#: The record that is played is so many stretches long at most.
_STRETCHES = 8
#: The channel of a record is the one asked for; shorter records are no use.
_LEAST_SECONDS = 2.0
#: So much of two files that adjoin is played across their seam.
_SEAM_SECONDS = 3


@dataclass(frozen=True)
class Span:
    """When a record begins and ends, POSIX seconds."""

    start: int
    stop: int


async def record_records(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes."""
    async with conversation(visit) as script:
        channel = await script.channel()
        spans = await _search(script, channel)
        await _search_otherwise(script, channel)
        usable = [one for one in spans if one.stop - one.start >= _LEAST_SECONDS]
        if not usable:
            return
        found = max(usable, key=lambda one: one.stop - one.start)
        work = _Playing(script)
        span = _cut(found, _STRETCHES * visit.lengths.gb_play)
        order = MediaOrder("Playback", channel, start=span.start, stop=span.stop)
        work.span = span
        await script.media("playback", order, work.play, **_ends(span))
        span = _cut(found, _SPEED * visit.lengths.gb_play)
        order = MediaOrder("Download", channel, start=span.start, stop=span.stop, speed=_SPEED)
        await script.media(
            "download", order, work.download, speed=_SPEED, filesize=None, **_ends(span)
        )
        seam = _across(usable)
        if seam is not None:
            order = MediaOrder("Playback", channel, start=seam.start, stop=seam.stop)
            await script.media("across", order, work.across, **_ends(seam))


def _ends(span: Span) -> dict[str, Any]:
    return {"from": span.start, "to": span.stop}


def _cut(span: Span, seconds: float) -> Span:
    """The beginning of a record."""
    return Span(span.start, min(span.stop, span.start + max(1, int(seconds))))


def _across(spans: Sequence[Span]) -> Span | None:
    """A little before and after the seam of two files, ``None`` where none adjoin."""
    least = _SEAM_SECONDS
    ordered = sorted(
        (one for one in spans if one.stop - one.start >= least), key=lambda one: one.start
    )
    for before, after in pairwise(ordered):
        if 0 <= after.start - before.stop <= 1:
            return Span(before.stop - least, after.start + least)
    return None


def _query(start: int, stop: int) -> dict[str, str | int]:
    """The conditions of a record query; some recorders find nothing without the optional Type."""
    return {
        "StartTime": format_time(start),
        "EndTime": format_time(stop),
        "Secrecy": 0,
        "Type": "all",
    }


async def _search(script: Script, channel: str) -> list[Span]:
    """The records of the last day."""
    stop = int(script.now)
    start, seconds = stop - _DAY, script.lengths.gb_answer
    exchange = await script.ask(
        "record-query",
        lambda: script.device.query(
            "RecordInfo", _query(start, stop), target=channel, seconds=seconds
        ),
        **_ends(Span(start, stop)),
    )
    spans = _spans(exchange, stop)
    script.visit.facts["records"] = len(spans)
    return spans


async def _search_otherwise(script: Script, channel: str) -> None:
    """Two queries at once, of the last hour and of the one before; then one without Type."""
    stop, seconds = int(script.now), script.lengths.gb_answer
    with script.step("record-queries", answered=0) as step:
        found = await asyncio.gather(
            *(
                script.device.query(
                    "RecordInfo", _query(end - _HOUR, end), target=channel, seconds=seconds
                )
                for end in (stop, stop - _HOUR)
            )
        )
        step["answered"] = sum(one.answered for one in found)
    plain = {name: value for name, value in _query(stop - _HOUR, stop).items() if name != "Type"}
    await script.ask(
        "record-query-plain",
        lambda: script.device.query("RecordInfo", plain, target=channel, seconds=seconds),
    )


def _spans(exchange: Exchange, now: int) -> list[Span]:
    found = []
    for page in exchange.pages:
        listed = find(page.root, "RecordList")
        for item in children(listed, "Item") if listed is not None else ():
            try:
                start, _ = parse_time(words(item, "StartTime") or "")
                stop, _ = parse_time(words(item, "EndTime") or "")
            except ProtocolError:
                continue
            found.append(Span(int(start), min(int(stop), now)))
    return found


class _Playing:
    """What is done while a record plays."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.span = Span(0, 0)
        self._sequence = 0
        self._play = script.lengths.gb_play

    async def play(self, session: MediaSession, _: Step) -> None:
        """Straight on, fast, slow, a pause, a jump towards the end, and the end itself."""
        await asyncio.sleep(self._play)
        for value in (2.0, 0.5, 1.0):
            await self._tell(session, "scale", mansrtsp.speed(self._next(), value), value=value)
            if value != 1.0:
                await asyncio.sleep(self._play / 2)
        await self._tell(session, "pause", mansrtsp.pause(self._next()))
        await asyncio.sleep(self._play / 2)
        await self._tell(session, "resume", mansrtsp.resume(self._next()))
        await asyncio.sleep(self._play / 2)
        length = self.span.stop - self.span.start
        npt = float(max(0, int(length - self._play)))
        await self._tell(session, "seek", mansrtsp.seek(self._next(), npt), npt=npt)
        await self._to_the_end(session, min(length, 2 * self._play) + self._play)

    async def download(self, session: MediaSession, step: Step) -> None:
        """To its end: at the agreed speed it takes as many times less."""
        step["filesize"] = session.outcome.file_size
        await self._to_the_end(session, 2 * self._play + self.script.lengths.gb_answer)

    async def across(self, session: MediaSession, _: Step) -> None:
        """From one file into the next one, untouched."""
        await self._to_the_end(session, 3 * _SEAM_SECONDS)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    async def _tell(
        self, session: MediaSession, name: str, command: mansrtsp.PlaybackCommand, **fields: Any
    ) -> None:
        with self.script.step(name, status=None, **fields) as step:
            if session.running:
                step["status"] = await session.info(command.to_bytes())

    async def _to_the_end(self, session: MediaSession, seconds: float) -> None:
        """Wait for the device to say that the file has ended (9.8: MediaStatus 121)."""
        outcome, device = session.outcome, self.script.device

        def ended() -> bool:
            told = device.notified_since(outcome.invited_at, "MediaStatus")
            mine = [one for one in told if one.call_id == outcome.call_id] or told
            outcome.media_status_at = mine[0].at if mine else None
            return bool(mine) or session.ended_by_device

        with self.script.step("file-end", media_status_at=None) as step:
            await device.wait_for(ended, seconds)
            step["media_status_at"] = outcome.media_status_at
            step["ended_by_device"] = session.ended_by_device
