"""Every kind of visit to a platform by name, in the order in which a platform is best visited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from visits.circumstances import Visit
from visits.platform.absence import record_absence
from visits.platform.accounts import record_accounts
from visits.platform.artefacts import bring_download, bring_live, bring_playback, bring_viewers
from visits.platform.browser import record_browser, record_browser_playback
from visits.platform.clock import record_platform_clock
from visits.platform.control import record_control, record_patrol
from visits.platform.crossing import record_crossing
from visits.platform.docking import record_docking
from visits.platform.download import record_download
from visits.platform.live import record_live, record_ramp, record_viewers
from visits.platform.management import record_management
from visits.platform.pages import record_pages
from visits.platform.playback import record_playback
from visits.platform.regions import record_regions
from visits.platform.rights import record_rights
from visits.platform.storage import record_storage
from visits.platform.tokens import record_tokens
from visits.platform.wire import record_wire

Record = Callable[[Visit], Awaitable[None]]


def _or_brought(by_interface: Record, by_a_person: Record) -> Record:
    """Pictures are taken over the interface, or brought by whoever works the vendor's client."""

    async def record(visit: Visit) -> None:
        attended = visit.platform.target.access.adapter == "attended"
        await (by_a_person if attended else by_interface)(visit)

    return record


PLATFORM_RECORDERS: Mapping[str, Record] = {
    "platform:wire": record_wire,
    "platform:clock": record_platform_clock,
    "platform:pages": record_pages,
    "platform:management": record_management,
    "platform:accounts": record_accounts,
    "platform:rights": record_rights,
    "platform:regions": record_regions,
    "platform:crossing": record_crossing,
    "platform:tokens": record_tokens,
    "platform:absence": record_absence,
    "platform:live": _or_brought(record_live, bring_live),
    "platform:viewers": _or_brought(record_viewers, bring_viewers),
    "platform:playback": _or_brought(record_playback, bring_playback),
    "platform:download": _or_brought(record_download, bring_download),
    "platform:storage": record_storage,
    "platform:control": record_control,
    "platform:patrol": record_patrol,
    "platform:browser": record_browser,
    "platform:browser-playback": record_browser_playback,
    "platform:ramp": record_ramp,
    "platform:docking": record_docking,
}
#: Kinds that make things on the platform or change it.
PLATFORM_INTRUSIVE = frozenset(
    {
        "platform:management",
        "platform:accounts",
        "platform:rights",
        "platform:regions",
        "platform:crossing",
        "platform:tokens",
        "platform:live",
        "platform:viewers",
        "platform:playback",
        "platform:download",
        "platform:storage",
        "platform:control",
        "platform:patrol",
        "platform:browser",
        "platform:browser-playback",
        "platform:ramp",
        "platform:docking",
    }
)
#: Kinds in which the platform registers with the harness.
REGISTERING = frozenset({"platform:docking"})
