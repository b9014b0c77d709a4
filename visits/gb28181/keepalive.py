"""The visit ``gb28181:keepalive``: how regularly the device says that it is alive."""

from __future__ import annotations

from protocols.gb28181.configuration import read_config_download
from visits.circumstances import Visit
from visits.gb28181.script import Script, conversation

#: So many keepalives are watched at least. Three without an answer are to be enough (9.6.1); so
#: many go without one at most.
_WATCHED, _WITHHELD = 3, 6
#: An interval outside these bounds is not believed.
_CREDIBLE = range(1, 3601)


async def record_keepalive(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes."""
    async with conversation(visit) as script:
        interval, source = await _interval(script)
        visit.facts["keepalive_s"], visit.facts["keepalive_source"] = interval, source
        seconds = max(visit.lengths.gb_watch, (_WATCHED + 0.5) * interval)
        with script.step("watch", seconds=seconds, interval_s=interval, source=source):
            await script.device.wait_for(lambda: False, seconds)
        await script.status()  # what answers now was there, and the path was open
        await _silence(script, interval)


async def _interval(script: Script) -> tuple[float, str]:
    """The interval that the device says it keeps, else the one agreed."""
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
        if told is not None and told in _CREDIBLE:
            return float(told), "device"
    return device.platform.keepalive_seconds, "agreed"


async def _silence(script: Script, interval: float) -> None:
    """No keepalive gets an answer: the device takes the platform for lost, and comes back."""
    device, since = script.device, script.now
    with script.step("silence", withheld=0, registered_again=False) as step:
        device.policy.withhold_keepalives = _WITHHELD
        bound = (_WITHHELD + 1) * interval + script.lengths.gb_react
        step["registered_again"] = await script.happened("registered", since, bound)
        step["withheld"] = len(device.since(since, "withheld"))
        device.policy.withhold_keepalives = 0
        if not step["registered_again"]:
            await device.wait_for(lambda: device.since(script.now - 1.0, "keepalive"), interval)
