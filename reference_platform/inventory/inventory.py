"""The room of what is managed, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from protocols.time_source import TimeSource
from reference_platform.inventory.channels import Channels
from reference_platform.inventory.devices import Devices
from reference_platform.inventory.events import Events
from reference_platform.inventory.organisations import Organisations
from reference_platform.people.access import Access
from reference_platform.settings import PlatformSettings
from reference_platform.store.database import Database
from reference_platform.store.vault import Vault


class Inventory:
    """Organisations, devices, channels, and what is told of them.

    Attributes:
        events: the bus of the platform, and the on/offline log.
        organisations, devices, channels: see their classes.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        database: Database,
        access: Access,
        vault: Vault,
        time_source: TimeSource,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        behaviours = settings.behaviours
        self.events = Events(database, access, time_source, behaviours)
        self.organisations = Organisations(database, access, changed, behaviours)
        self.devices = Devices(database, access, vault, self.events, changed, behaviours)
        self.channels = Channels(
            database,
            access,
            self.events,
            time_source,
            changed,
            behaviours,
            default_record=settings.default_record,
            retention_days=settings.retention_days,
        )

    async def start(self) -> None:
        """Begin with nobody there: devices report anew."""
        await self.organisations.start()
        await self.events.all_offline("platform-started")

    async def close(self) -> None:
        """End."""
        await self.organisations.close()
