"""What signalling asks of the inventory, and what it tells: the seam to the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from protocols.gb28181.alarms import Alarm
from protocols.gb28181.catalog import CatalogItem
from reference_platform.inventory.events import PresenceChange
from reference_platform.signalling.media_ports import MediaTransport

DeviceProtocol = Literal["gb28181", "onvif", "rtsp"]


@dataclass(frozen=True)
class KnownDevice:
    """A device that an operator entered.

    Attributes:
        id: 20 digits.
        protocol: how it is reached.
        address: host and port, or an rtsp:// URL, of a camera that does not register.
        user: log-in name of such a camera; of the digest where it is not the id.
        password: of the digest or the log-in; never shown.
        media: how its pictures travel; GB/T 28181 only.
    """

    id: str
    protocol: DeviceProtocol = "gb28181"
    address: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    media: MediaTransport = "udp"


class Directory(Protocol):
    """The inventory as signalling sees it."""

    async def device(self, identifier: str) -> KnownDevice | None:
        """The device of that id if an operator entered it."""

    async def presence(self, changes: Sequence[PresenceChange]) -> None:
        """Devices came (``registered``) or went (``unregistered``, ``expired``, ``silent``)."""

    async def refused(self, identifier: str, host: str, at: float, why: str) -> None:
        """A registration was refused: ``unknown``, ``wrong-password``, ``second-device``."""

    async def catalogue(self, identifier: str, items: Sequence[CatalogItem]) -> None:
        """The whole catalogue of a device."""

    async def channel_states(self, identifier: str, items: Sequence[CatalogItem]) -> None:
        """What a device notified of its channels: ``event`` is ON, OFF, ADD, DEL, UPDATE …"""

    async def alarm(self, identifier: str, alarm: Alarm, at: float) -> None:
        """An alarm of a device."""
