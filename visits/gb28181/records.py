"""The visit ``gb28181:records``: records found, played in every way, and downloaded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from protocols.errors import ProtocolError
from protocols.gb28181 import mansrtsp
from protocols.gb28181.times import format_time, parse_time
from protocols.xml_reading import children, find, words
from targets.gb28181.exchange import Exchange
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation

_DAY = 86_400
_SPEED = 4
#: The record that is played is so many stretches long at most.
_STRETCHES = 8
#: The channel of a record is the one asked for; shorter records are no use.
_LEAST_SECONDS = 2.0


@dataclass(frozen=True)
class Span:
    """When a record begins and ends, POSIX seconds."""

    start: int
    stop: int


async def record_records(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes."""
    async with conversation(visit) as script:
        channel = await script.channel()
        found = await _search(script, channel)
        if found is None:
            visit.facts["records"] = 0
            return
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


def _ends(span: Span) -> dict[str, Any]:
    return {"from": span.start, "to": span.stop}


def _cut(span: Span, seconds: float) -> Span:
    """The beginning of a record."""
    return Span(span.start, min(span.stop, span.start + max(1, int(seconds))))


async def _search(script: Script, channel: str) -> Span | None:
    """The records of the last day; the longest of them."""
    stop = int(script.now)
    start = stop - _DAY
    fields: list[tuple[str, str | int]] = [
        ("StartTime", format_time(start)),
        ("EndTime", format_time(stop)),
        ("Secrecy", 0),
        ("Type", "all"),
    ]
    exchange = await script.ask(
        "record-query",
        lambda: script.device.query(
            "RecordInfo", dict(fields), target=channel, seconds=script.lengths.gb_answer
        ),
        **_ends(Span(start, stop)),
    )
    spans = _spans(exchange, stop)
    script.visit.facts["records"] = len(spans)
    usable = [one for one in spans if one.stop - one.start >= _LEAST_SECONDS]
    return max(usable, key=lambda one: one.stop - one.start, default=None)


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
