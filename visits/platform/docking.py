"""The visit ``platform:docking``: the platform registers with the harness as its upper platform.

The link is entered on the platform for this visit, with one camera shared, and removed at its end.
"""

from __future__ import annotations

from targets.errors import VisitProblem
from targets.gb28181 import UpperPlatform
from visits.circumstances import Visit
from visits.gb28181.platform import record_platform
from visits.platform.script import PlatformScript, strong_password, working


async def record_docking(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; ``visit.no-gb28181`` when nothing is said of where the
            harness listens or of the platform's id.
    """
    upper = visit.circumstances.gb28181
    device = visit.platform.target.access.device_id
    if upper is None or not device:
        raise VisitProblem("visit.no-gb28181")
    async with working(visit) as script:
        work, adapter = script.steps, visit.facts["platform"]
        try:
            if await _entered(script, upper, device):
                await record_platform(visit)
        finally:
            visit.facts.update(work=work, worked=adapter)


async def _entered(script: PlatformScript, upper: UpperPlatform, device: str) -> bool:
    """Whether the link could be entered on the platform."""
    listed = await script.port.list(script.admin, "channels")
    wanted = script.visit.platform.target.access.cameras
    ids = [str(one.get("id")) for one in listed.items]
    shared = [one for one in ids if not wanted or one in wanted][:1]
    password = strong_password()
    upper.passing[device] = password
    settings = upper.settings
    secure = upper.tls_port is not None
    made = await script.create(
        "upper-platforms",
        "upper",
        {
            "name": script.name("upper"),
            "address": settings.address,
            "port": upper.tls_port if secure else upper.port,
            "transport": "tls" if secure else "udp",
            "server_id": settings.server_id,
            "domain": settings.own_domain,
            "device_id": device,
            "password": password.reveal(),
            "authority": upper.authority,
            "channels": shared,
        },
    )
    script.steps[-1]["offered"] = "tls" if secure else "udp"
    return made.done
