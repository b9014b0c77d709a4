"""The visit ``gb28181:keepalive``: how regularly the device says that it is alive."""

from __future__ import annotations

from protocols.gb28181.configuration import read_config_download
from targets.gb28181.upper_platform import KEEPALIVES_MISSED
from visits.circumstances import Visit
from visits.gb28181.script import Script, conversation

#: So many keepalives are watched at least.
_WATCHED = 3
#: Without an answer three are to be enough where the device does not say another count (9.6.1);
#: so many more go without one, and never more than the second number in all.
_MORE, _MOST = 3, 20
#: An interval outside these bounds is not believed.
_CREDIBLE = range(1, 3601)


async def record_keepalive(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes."""
    async with conversation(visit) as script:
        interval, source, count = await _agreed(script)
        visit.facts["keepalive_s"], visit.facts["keepalive_source"] = interval, source
        seconds = max(visit.lengths.gb_watch, (_WATCHED + 0.5) * interval)
        with script.step("watch", seconds=seconds, interval_s=interval, source=source):
            await script.device.wait_for(lambda: False, seconds)
        await script.status()  # what answers now was there, and the path was open
        await _silence(script, interval, count)


async def _agreed(script: Script) -> tuple[float, str, int]:
    """Interval and count that the device says it keeps, else those agreed; who said so."""
    lengths, device = script.lengths, script.device
    exchange = await script.ask(
        "config-download",
        lambda: device.query(
            "ConfigDownload", [("ConfigType", "BasicParam")], seconds=lengths.gb_answer
        ),
        types=["BasicParam"],
    )
    for page in exchange.pages:
        basic = read_config_download(page).basic
        told = basic.heartbeat_interval_s if basic is not None else None
        if basic is not None and told is not None and told in _CREDIBLE:
            return float(told), "device", basic.heartbeat_count or KEEPALIVES_MISSED
    return device.platform.keepalive_seconds, "agreed", KEEPALIVES_MISSED


async def _silence(script: Script, interval: float, count: int) -> None:
    """No keepalive gets an answer: the device takes the platform for lost, and comes back."""
    device, since = script.device, script.now
    most = min(count + _MORE, _MOST)
    with script.step("silence", count=count, withheld=0, registered_again=False) as step:
        device.policy.withhold_keepalives = most
        bound = (most + 1) * interval + script.lengths.gb_react
        await device.wait_for(
            lambda: (
                device.since(since, "registered") or len(device.since(since, "withheld")) >= most
            ),
            bound,
        )
        # The last one has to be missed before it can be acted upon.
        step["registered_again"] = await script.happened("registered", since, 1.5 * interval)
        step["withheld"] = len(device.since(since, "withheld"))
        device.policy.withhold_keepalives, heard_from = 0, script.now
        if not step["registered_again"]:
            # It may just be on its way back: the next visit has to find it.
            await device.wait_for(
                lambda: (
                    device.since(heard_from, "keepalive") or device.since(heard_from, "registered")
                ),
                interval + script.lengths.gb_react,
            )
