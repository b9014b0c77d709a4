"""The visit ``gb28181:live``: live video by each transport of the media."""

from __future__ import annotations

import asyncio
from typing import get_args

from targets.gb28181.media_receiver import MediaTransport
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Step, conversation


async def record_live(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; a session that fails is a result."""
    async with conversation(visit) as script:
        channel = await script.channel()

        async def watch(_: MediaSession, __: Step) -> None:
            await asyncio.sleep(visit.lengths.gb_live)

        for transport in get_args(MediaTransport):
            await script.media("live", MediaOrder("Play", channel, transport), watch)
