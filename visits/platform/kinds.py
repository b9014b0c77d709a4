"""Every kind of visit to a platform by name, in the order in which a platform is best visited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from visits.circumstances import Visit
from visits.platform.absence import record_absence
from visits.platform.accounts import record_accounts
from visits.platform.crossing import record_crossing
from visits.platform.management import record_management
from visits.platform.regions import record_regions
from visits.platform.rights import record_rights
from visits.platform.tokens import record_tokens
from visits.platform.wire import record_wire

PLATFORM_RECORDERS: Mapping[str, Callable[[Visit], Awaitable[None]]] = {
    "platform:wire": record_wire,
    "platform:management": record_management,
    "platform:accounts": record_accounts,
    "platform:rights": record_rights,
    "platform:regions": record_regions,
    "platform:crossing": record_crossing,
    "platform:tokens": record_tokens,
    "platform:absence": record_absence,
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
    }
)
