"""How a device stands with the platform now: where it registered from, and what it says it is."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.fields import NationalIdField
from reference_platform.times import Moment, moment

router = APIRouter(tags=["devices"])


class DeviceStanding(BaseModel):
    """What signalling knows of a device; nothing but ``online`` of one that does not register."""

    online: bool
    transport: Literal["udp", "tcp", "tls", ""] = ""
    encrypted: bool = False
    address: str = ""
    edition: Literal["2016", "2022", ""] = ""
    maker: str = ""
    model: str = ""
    firmware: str = ""
    last_heard: Moment | None = None
    registered_until: Moment | None = None


@router.get("/devices/{device_id}/standing", name="devices.standing")
async def standing(
    device_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> DeviceStanding:
    """How a device stands; for those who manage it."""
    known = await platform.inventory.devices.get(principal, device_id)
    device = platform.signalling.server.devices.get(device_id)
    if device is None:
        return DeviceStanding(online=known.online)
    now, monotonic = platform.time_source.now(), platform.time_source.monotonic()
    found = device.information
    return DeviceStanding(
        online=device.online,
        transport=device.peer.transport,
        encrypted=device.secure,
        address=f"{device.peer.host}:{device.peer.port}",
        edition="2022" if device.edition_2022 else "2016",
        maker=found.manufacturer[:128] if found else "",
        model=found.model[:128] if found else "",
        firmware=found.firmware[:128] if found else "",
        last_heard=moment(now - monotonic + device.last_seen),
        registered_until=moment(now - monotonic + device.expires_at),
    )
