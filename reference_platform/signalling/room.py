"""The signalling room of a platform: its parts, made in order and ended in reverse."""

from __future__ import annotations

import ssl

from protocols.time_source import TimeSource
from reference_platform.errors import StartFailure
from reference_platform.inventory.inventory import Inventory
from reference_platform.settings import PlatformSettings
from reference_platform.signalling.inventory_directory import InventoryDirectory
from reference_platform.signalling.presence import Presence
from reference_platform.signalling.server import SignallingServer
from reference_platform.signalling.sources import PlatformSources


class SignallingRoom:
    """Devices and what they are asked.

    Attributes:
        server: the GB/T 28181 side.
        sources: where pictures come from.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        inventory: Inventory,
        time_source: TimeSource,
        tls: ssl.SSLContext,
    ) -> None:
        self._directory = InventoryDirectory(inventory, time_source)
        self.server = SignallingServer(settings, self._directory, time_source=time_source, tls=tls)
        self.sources = PlatformSources(self.server)
        self._presence = Presence(inventory, time_source, settings.keepalive_s)
        self._settings = settings
        inventory.devices.on_removed(self.server.drop)

    async def start(self) -> None:
        """Listen.

        Raises:
            StartFailure: a port is not free.
        """
        await self._directory.start()
        try:
            await self.server.start()
        except OSError as error:
            address, port = self._settings.address, self._settings.sip_port
            raise StartFailure("port.taken", address=address, port=port) from error
        self._presence.start()

    async def close(self) -> None:
        """End."""
        await self._presence.close()
        await self.server.stop()
