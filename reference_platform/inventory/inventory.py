"""The room of what is managed, put together."""

from __future__ import annotations

from protocols.time_source import TimeSource
from reference_platform.inventory.alarms import Alarms
from reference_platform.inventory.channels import Channels
from reference_platform.inventory.common_settings import CommonSettings
from reference_platform.inventory.contracts import Contracts
from reference_platform.inventory.customers import Customers, Services
from reference_platform.inventory.devices import Devices
from reference_platform.inventory.events import Events
from reference_platform.inventory.organisations import Organisations
from reference_platform.people.people import People
from reference_platform.settings import PlatformSettings
from reference_platform.store.database import Database
from reference_platform.store.vault import Vault


class Inventory:
    """Organisations, devices, channels, and what is told of them.

    Attributes:
        events: the bus of the platform, and the on/offline log.
        organisations, devices, channels, alarms: see their classes.
        customers, services, contracts, settings: see their classes.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        database: Database,
        people: People,
        vault: Vault,
        time_source: TimeSource,
    ) -> None:
        behaviours = settings.behaviours
        access, changed = people.access, people.refresh
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

        self.alarms = Alarms(database, access, self.events, time_source)
        self.customers = Customers(database, access)
        self.services = Services(database, access)
        self.contracts = Contracts(database, access, time_source)
        self.settings = CommonSettings(settings, database, access, people)

    async def start(self) -> None:
        """Begin with nobody there: devices report anew."""
        await self.settings.start()
        await self.organisations.start()
        await self.events.all_offline("platform-started")

    async def close(self) -> None:
        """End."""
        await self.organisations.close()
