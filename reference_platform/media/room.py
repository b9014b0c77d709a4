"""The media room of a platform: its parts, made in order and ended in reverse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from protocols.time_source import TimeSource
from reference_platform.inventory.contracts import Contracts
from reference_platform.media.codes import WatermarkCodes
from reference_platform.media.hub import LiveHub
from reference_platform.media.limits import MediaLimits
from reference_platform.media.tickets import Tickets
from reference_platform.media.viewers import Viewers
from reference_platform.people.access import Access
from reference_platform.people.audit import Audit
from reference_platform.ports import ChannelRef, Sources
from reference_platform.store.database import Database


class MediaRoom:
    """Live pictures and who watches them.

    Attributes:
        hub: one pull for each channel and stream, for viewers, recorder and cascade.
        codes: the short codes of watermarks.
        viewers: live views.
        tickets: one-use addresses for players.
    """

    def __init__(
        self,
        sources: Sources,
        database: Database,
        access: Access,
        audit: Audit,
        channel: Callable[[str], Awaitable[ChannelRef]],
        contracts: Contracts,
        time_source: TimeSource,
        limits: MediaLimits,
        behaviours: frozenset[str],
    ) -> None:
        self.limits = limits
        self.hub = LiveHub(sources, time_source, limits, behaviours)
        self.codes = WatermarkCodes(database, access, time_source)
        self.tickets = Tickets(access, time_source, limits, behaviours)
        self.viewers = Viewers(
            self.hub,
            access,
            audit,
            self.codes,
            channel,
            contracts,
            time_source,
            limits,
            behaviours,
        )

    async def close(self) -> None:
        """End all views, then all pulls."""
        await self.viewers.close()
        await self.hub.close()
