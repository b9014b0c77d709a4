"""Every kind of visit to a platform by name, in the order in which a platform is best visited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from visits.circumstances import Visit
from visits.platform.management import record_management

PLATFORM_RECORDERS: Mapping[str, Callable[[Visit], Awaitable[None]]] = {
    "platform:management": record_management,
}
#: Kinds that make things on the platform or change it.
PLATFORM_INTRUSIVE = frozenset({"platform:management"})
