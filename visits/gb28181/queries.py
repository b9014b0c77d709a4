"""The visit ``gb28181:queries``: what the device says of itself when asked."""

from __future__ import annotations

from visits.circumstances import Visit
from visits.gb28181.script import conversation

_TYPES = ("BasicParam", "VideoParamOpt")


async def record_queries(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; an answer that is missing is a result."""
    seconds = visit.lengths.gb_answer
    async with conversation(visit) as script:
        device = script.device
        if not (await script.catalog()).complete:
            await script.catalog()  # the same shortage twice is the device's, not the path's
        channel = await script.channel()
        await script.ask("device-info", lambda: device.query("DeviceInfo", seconds=seconds))
        await script.status()
        await script.ask(
            "config-download",
            lambda: device.query(
                "ConfigDownload", [("ConfigType", "/".join(_TYPES))], seconds=seconds
            ),
            types=list(_TYPES),
        )
        await script.ask(
            "preset-query",
            lambda: device.query("PresetQuery", target=channel, seconds=seconds),
            channel=channel,
        )
