"""Streams of a platform watched for a while and kept as parts of the recording."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from targets.errors import VisitProblem
from targets.platform import Session
from targets.platform.port import MediaStream
from visits.platform.script import PlatformScript, Step

#: Bytes of one stream that a recording keeps.
_MOST_KEPT = 48 << 20
_MP4 = "video/mp4"
#: How far back the codec of a channel's recordings is looked for.
_CODEC_LOOK_S = 900.0


@asynccontextmanager
async def watching(
    script: PlatformScript,
    name: str,
    of: str,
    open_stream: Callable[[], AbstractAsyncContextManager[MediaStream]],
    **more: Any,
) -> AsyncIterator[MediaStream | None]:
    """One stream as a step; its bytes become a part when the block ends.

    Gives ``None`` where the platform did not answer; a refusal is a stream with its status.
    """
    step: Step = {"name": name, "of": of, "at": script.now, "status": 0, **more}
    script.steps.append(step)
    try:
        opened = open_stream()
        stream = await opened.__aenter__()
    except VisitProblem as problem:
        step |= {"problem": problem.reason.code, "left": script.now}
        yield None
        return
    step |= {"status": stream.status, "type": stream.headers.get("content-type", "")}
    try:
        yield stream
    finally:
        step |= {"left": script.now, "ended": stream.ended_at}
        await opened.__aexit__(None, None, None)
        if stream.status == 200 and stream.data:
            part = f"{len(script.steps):03d}-{name}-{of}.mp4"
            content = bytes(stream.data[:_MOST_KEPT])
            script.visit.draft.keep(part, content, _MP4)
            step |= {"part": part, "arrivals": [[at, count] for at, count in stream.arrivals]}


async def watched(
    script: PlatformScript,
    name: str,
    of: str,
    open_stream: Callable[[], AbstractAsyncContextManager[MediaStream]],
    seconds: float,
    **more: Any,
) -> None:
    """Watch one stream for ``seconds`` from its first bytes, or until the platform ends it."""
    async with watching(script, name, of, open_stream, **more) as stream:
        if stream is not None and stream.status == 200:
            await stream.wait_for_bytes(1, seconds + script.visit.lengths.platform_react)
            await stream.wait_for_end(seconds)


async def first_picture(script: PlatformScript, stream: MediaStream, seconds: float) -> None:
    """Wait for the first whole media data of a stream, not only for the header before it."""
    last = script.now + seconds
    while not _holds_media(stream.data):
        if not await stream.wait_for_bytes(len(stream.data) + 1, last - script.now):
            return


def _holds_media(content: bytes | bytearray) -> bool:
    """Whether an ``mdat`` box (ISO/IEC 14496-12, 8.1.1) is there to its end."""
    at = 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8:
            # Up to the end of the file, or longer than 4 GiB: anything that is there counts.
            return len(content) > at + 16
        if content[at + 4 : at + 8] == b"mdat":
            return at + size <= len(content)
        at += size
    return False


async def served_channels(script: PlatformScript, session: Session) -> list[dict[str, Any]]:
    """The channels that are looked at, noted under ``channels``: those the site file names, or all.

    Each with its id, device, name, whether the platform calls it online, and the codec of what is
    recorded of it.
    """
    declared = script.visit.platform.target.access.cameras
    listed = await script.port.list(session, "channels")
    channels = []
    for one in listed.items:
        identifier = str(one.get("id", ""))
        if declared and identifier not in declared:
            continue
        channels.append(
            {
                "id": identifier,
                "device": str(one.get("device", "")),
                "name": str(one.get("name", "")),
                "online": one.get("online") is not False,
                "ptz_type": one.get("ptz_type"),
                "codec": await _codec(script, session, identifier),
            }
        )
    script.visit.facts["channels"] = channels
    return channels


async def _codec(script: PlatformScript, session: Session, channel: str) -> str:
    try:
        now = script.now
        found = await script.port.spans(session, channel, now - _CODEC_LOOK_S, now)
    except VisitProblem:
        return ""
    spans = found.fields.get("spans")
    codecs = (
        [str(one.get("codec", "")).lower() for one in spans if isinstance(one, dict)]
        if isinstance(spans, list)
        else []
    )
    return codecs[-1] if codecs else ""
