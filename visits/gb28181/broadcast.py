"""The visit ``gb28181:broadcast``: the platform speaks, the device's microphone hears it."""

from __future__ import annotations

import asyncio

from targets.gb28181.broadcast import Broadcast
from targets.gb28181.media_session import MediaOrder, MediaSession
from visits.circumstances import Visit
from visits.gb28181.script import Script, Step, conversation

_SOUND_OUTPUT = "137"


async def record_broadcast(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes."""
    async with conversation(visit) as script:
        channel = await script.channel()
        spoken = False

        async def during(_: MediaSession, __: Step) -> None:
            nonlocal spoken
            spoken = True
            await asyncio.sleep(visit.lengths.gb_live / 2)
            await _speak(script)
            await asyncio.sleep(visit.lengths.gb_live / 2)

        await script.media("live", MediaOrder("Play", channel), during, audio=True)
        if not spoken:
            await _speak(script)


async def _speak(script: Script) -> None:
    """Broadcast to the device's sound output, or to the device itself when it lists none."""
    device, seconds = script.device, script.lengths.gb_answer
    output = next((one for one in device.channels if one[10:13] == _SOUND_OUTPUT), device.id)
    fields = [("SourceID", device.platform.settings.server_id), ("TargetID", output)]
    with (
        Broadcast(device) as broadcast,
        script.step("broadcast", result="", invited=False, sent_packets=0, target=output) as step,
    ):
        exchange = await device.notify("Broadcast", dict(fields), seconds=seconds)
        step |= {
            "sn": exchange.sn,
            "status": exchange.status,
            "answered": exchange.answered,
            "result": exchange.result,
        }
        invited = await device.wait_for(lambda: broadcast.offer or broadcast.problem, seconds)
        step["invited"] = bool(invited)
        step["invited_at"] = broadcast.invited_at
        step["speaking_at"] = script.now
        await broadcast.speak(script.lengths.gb_live)
        step["silent_at"] = script.now
        step["sent_packets"] = broadcast.sent_packets
        step["call_id"] = broadcast.call_id
        step["bye_status"] = await broadcast.end()
        step["problem"] = broadcast.problem or None
