"""The inventory as signalling sees it: the port ``Directory`` over the platform's database."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.gb28181.alarms import Alarm
from protocols.gb28181.catalog import CatalogItem
from protocols.gb28181.identifiers import is_twenty_digits, parse_identifier
from protocols.time_source import TimeSource
from reference_platform.errors import PlatformError
from reference_platform.inventory.channels import ReportedChannel
from reference_platform.inventory.devices import DeviceAccess
from reference_platform.inventory.events import PresenceChange
from reference_platform.inventory.inventory import Inventory
from reference_platform.signalling.directory import KnownDevice

#: Types of identifiers that stand for a source of pictures (annex D: camera, network camera).
CAMERA_TYPES = (131, 132)
_STRANGERS_AN_HOUR = 60
_HOUR_S = 3_600.0
_LONGEST_TEXT = 200


class InventoryDirectory:
    """See ``Directory``."""

    def __init__(self, inventory: Inventory, time_source: TimeSource) -> None:
        self._inventory = inventory
        self._time = time_source
        self._strangers: list[float] = []
        self._known: dict[str, KnownDevice] = {}
        self._forgotten = 0
        inventory.devices.on_removed(self._forget)

    async def start(self) -> None:
        """Know all devices: after a restart they come at once, and must not wait for a disk."""
        for one in await self._inventory.devices.of_protocol("gb28181"):
            self._known[one.id] = _known(one)

    async def _forget(self, identifier: str) -> None:
        """It was deleted, or its password or address changed."""
        self._known.pop(identifier, None)
        self._forgotten += 1

    async def device(self, identifier: str) -> KnownDevice | None:
        """See ``Directory``."""
        known = self._known.get(identifier)
        if known is None:
            before = self._forgotten
            found = await self._inventory.devices.lookup(identifier)
            if found is None:
                return None
            known = _known(found)
            if before == self._forgotten:  # else it may have been read before it changed
                self._known[identifier] = known
        return known

    async def presence(self, changes: Sequence[PresenceChange]) -> None:
        """See ``Directory``."""
        await self._inventory.events.devices(changes)

    async def refused(self, identifier: str, host: str, at: float, why: str) -> None:
        """See ``Directory``: an alarm each, of strangers a bounded number an hour."""
        if not is_twenty_digits(identifier):
            return
        if why == "unknown":
            now = self._time.monotonic()
            self._strangers = [one for one in self._strangers if now - one < _HOUR_S]
            if len(self._strangers) >= _STRANGERS_AN_HOUR:
                return
            self._strangers.append(now)
        await self._inventory.alarms.raise_alarm(
            f"registration.{why}", device=identifier, at=at, once=True, host=host, id=identifier
        )

    async def catalogue(self, identifier: str, items: Sequence[CatalogItem]) -> None:
        """See ``Directory``: cameras become channels, the rest of the catalogue is left."""
        reported = [
            ReportedChannel(
                one.device_id,
                one.name or one.device_id,
                one.status != "OFF",
                one.ptz_type or 0,
                one.longitude,
                one.latitude,
            )
            for one in cameras_of(identifier, items)
        ]
        await self._inventory.channels.report(identifier, reported)

    async def channel_states(self, identifier: str, items: Sequence[CatalogItem]) -> None:
        """See ``Directory``; a device tells of its own channels only."""
        for one in items:
            word = one.event or one.status
            try:
                channel = await self._inventory.channels.ref(one.device_id)
            except PlatformError:
                continue
            if channel.device == identifier and word:
                await self._inventory.events.channel_status(channel.id, word == "ON")

    async def alarm(self, identifier: str, alarm: Alarm, at: float) -> None:
        """See ``Directory``."""
        channel = ""
        try:
            if (await self._inventory.channels.ref(alarm.device)).device == identifier:
                channel = alarm.device
        except PlatformError:
            pass  # an alarm input is no channel
        await self._inventory.alarms.raise_alarm(
            "camera",
            device=identifier,
            channel=channel,
            at=at,
            source=alarm.device,
            method=alarm.method or 0,
            type=alarm.alarm_type or 0,
            priority=alarm.priority or 0,
            told_at=alarm.time_text[:64],
            description=alarm.description[:_LONGEST_TEXT],
        )


def _known(found: DeviceAccess) -> KnownDevice:
    return KnownDevice(found.id, found.protocol, found.address, found.user, found.password)


def cameras_of(identifier: str, items: Sequence[CatalogItem]) -> list[CatalogItem]:
    """The items that are sources of pictures; a camera that lists no other part is its own."""
    found = [
        one
        for one in items
        if is_twenty_digits(one.device_id)
        and parse_identifier(one.device_id).type_code in CAMERA_TYPES
    ]
    parts = [one for one in found if one.device_id != identifier]
    return parts or found
