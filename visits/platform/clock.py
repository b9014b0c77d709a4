"""The visit ``platform:clock``: the platform is asked for the time by NTP, and for its own."""

from __future__ import annotations

import asyncio
from typing import Any

from protocols.errors import ProtocolError
from protocols.ntp_endpoints import query_ntp
from targets.errors import VisitProblem
from visits.circumstances import Visit
from visits.platform.script import administrator

#: How often the platform's own word is asked for, and the time between.
_POLLS, _BETWEEN_S = 5, 0.2


async def record_platform_clock(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: there is no platform, no address of it, or it cannot be reached.
    """
    target = visit.platform.target
    if not target.host:
        raise VisitProblem("visit.not-offered", what="uri")
    await visit.note_reference()
    port = visit.platform.open()
    visit.facts["platform"] = {"adapter": port.adapter, "host": target.host}
    try:
        # What cannot be reached at all says nothing of its time service.
        session = await administrator(visit, port) if port.has_interface else None
        visit.facts["ntp"] = await _asked(visit, target.host, target.access.ntp_port)
        polls: list[dict[str, Any]] = []
        visit.facts["polls"] = polls
        for _ in range(_POLLS if session is not None else 0):
            left = visit.time.now()
            found = await port.clock(session)
            polls.append(
                {"left": left, "returned": visit.time.now(), "told": found.fields.get("time")}
            )
            await asyncio.sleep(_BETWEEN_S)
    finally:
        await port.close()


async def _asked(visit: Visit, host: str, port: int) -> dict[str, Any]:
    """One NTP client's look at the platform."""
    asked: dict[str, Any] = {"port": port, "at": visit.time.now(), "problem": ""}
    try:
        sample = await query_ntp(host, port, time_source=visit.time)
    except ProtocolError as refusal:
        return asked | {"problem": "unusable", "detail": str(refusal)}
    except ConnectionRefusedError:
        return asked | {"problem": "refused"}
    except OSError:
        return asked | {"problem": "no-answer"}
    return asked | {
        "offset_s": sample.offset_s,
        "error_s": sample.error_s,
        "stratum": sample.stratum,
    }
