"""The visit ``gb28181:clock``: whether the device follows the Date of its registration (9.10)."""

from __future__ import annotations

from protocols.errors import ProtocolError
from protocols.gb28181.times import parse_time
from protocols.sip.dates import format_gb_date
from targets.errors import VisitProblem
from visits.circumstances import Visit
from visits.gb28181.script import Script, conversation

SHIFT_SECONDS = 30.0


async def record_gb28181_clock(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes; the true time is told last.

    Raises:
        VisitProblem: shifting a device's clock was not asked for.
    """
    if not visit.circumstances.intrusive:
        raise VisitProblem("visit.needs-intrusive", what="gb28181:clock")
    async with conversation(visit) as script:
        try:
            await _told(script, SHIFT_SECONDS)
        finally:
            await _told(script, 0.0)


async def _told(script: Script, shift: float) -> None:
    """Tell the device a time by a registration, and ask it for the time."""
    device, since = script.device, script.now
    with script.step("register", date_sent=None, shift_s=shift, registered=False) as step:
        device.policy.date_shift_s = shift
        device.policy.forgotten = True
        step["registered"] = await script.happened("registered", since, script.lengths.gb_react)
        device.policy.forgotten = False
        if step["registered"]:
            at = device.since(since, "registered")[0].at
            step["date_sent"] = format_gb_date(at + shift)
    exchange = await script.status()
    step = script.steps[-1]
    text = exchange.pages[0].text("DeviceTime") if exchange.pages else ""
    try:
        told: float | None = parse_time(text)[0]
    except ProtocolError:
        told = None
    step |= {
        "sent": exchange.sent_at,
        "received": exchange.arrived[0] if exchange.arrived else None,
        "told": told,
        "told_text": text[:40],
    }
