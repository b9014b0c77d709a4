"""A poll of the visit ``online`` for a device that only registers."""

from __future__ import annotations

import asyncio
from typing import Any

from protocols.errors import ProtocolError
from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.rtp_stream import payload_of_packets, read_packets
from targets.errors import VisitProblem
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.key_picture import picture_of

_SECONDS = 3.0


async def gb28181_picture(visit: Visit, poll: dict[str, Any]) -> bytes | None:
    """A key picture out of the program stream; ``poll`` is marked as far as it came.

    Raises:
        VisitProblem: it is not registered, not online, or does not send.
    """
    device = visit.gb28181
    await device.registered(visit.lengths.gb_come)
    # Registered is who proved the password; fresh keepalives say that it is still there.
    poll["answers"] = device.is_online
    poll["authenticates"] = device.is_registered
    if not device.is_online:
        raise VisitProblem("visit.not-registered", seconds=round(device.platform.offline_after, 1))
    if not device.channels:
        await device.query("Catalog", seconds=visit.lengths.gb_answer)
    order = MediaOrder("Play", device.main_channel, "tcp-device-active")
    async with MediaSession(device, order) as session:
        if session.outcome.problem is not None:
            problem = session.outcome.problem
            raise VisitProblem(problem["code"], **problem["parameters"])
        await asyncio.sleep(_SECONDS)
    return await asyncio.to_thread(_key_picture, session)


def _key_picture(session: MediaSession) -> bytes | None:
    packets = read_packets(data for _, flow, data in session.clear().packets if flow == 0)
    try:
        streams = demultiplex(payload_of_packets(packets).data)
    except ProtocolError:
        return None
    key = next((unit.data for unit in streams.access_units if unit.key), None)
    return None if key is None else picture_of(key, streams.video)
