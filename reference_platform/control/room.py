"""The control room of a platform: steering and patrols."""

from __future__ import annotations

from protocols.time_source import TimeSource
from reference_platform.control.patrols import Patrols
from reference_platform.control.service import ControlService
from reference_platform.inventory.inventory import Inventory
from reference_platform.people.access import Access
from reference_platform.settings import PlatformSettings
from reference_platform.signalling.server import SignallingServer
from reference_platform.signalling.steering import Steering, Steers
from reference_platform.store.database import Database


class ControlRoom:
    """Steers cameras.

    Attributes:
        steering: sends orders to cameras.
        service: commands, locks, presets.
        patrols: patrol groups.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        server: SignallingServer,
        database: Database,
        access: Access,
        inventory: Inventory,
        time_source: TimeSource,
        steering: Steers | None = None,
    ) -> None:
        self.steering: Steers = steering or Steering(server)
        self.service = ControlService(
            self.steering,
            database,
            access,
            inventory.events,
            inventory.channels.ref,
            time_source,
            settings.behaviours,
            hold_s=settings.control_hold_s,
            home_below=settings.home_below_level,
        )
        self.patrols = Patrols(
            self.service,
            database,
            access,
            inventory.events,
            inventory.channels.ref,
            time_source,
            settings.behaviours,
        )

    async def start(self) -> None:
        """Go on with patrols."""
        await self.patrols.start_up()

    async def close(self) -> None:
        """End."""
        await self.patrols.close()
        await self.service.close()
