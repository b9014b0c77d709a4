"""Organisations, devices and channels."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from reference_platform.api.dependencies import PlatformDep, PrincipalDep, VersionQuery
from reference_platform.fields import NationalIdField, OwnIdField
from reference_platform.inventory.models import (
    Channel,
    ChannelChange,
    Device,
    DeviceChange,
    DeviceEvent,
    NewChannel,
    NewDevice,
    NewOrganisation,
    Organisation,
    OrganisationChange,
    Region,
)
from reference_platform.times import Moment

router = APIRouter(tags=["inventory"])
OrganisationQuery = Annotated[
    OwnIdField | None, Query(description="this organisation and all below")
]


@router.get("/organisations", name="organisations.list")
async def organisations(principal: PrincipalDep, platform: PlatformDep) -> list[Organisation]:
    """The part of the tree that one may know."""
    return await platform.inventory.organisations.listed(principal)


@router.post("/organisations", name="organisations.add", status_code=201)
async def add_organisation(
    body: NewOrganisation, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Organisation:
    """Add a node to the tree."""
    made = await platform.inventory.organisations.add(principal, body)
    request.state.audit_target = made.id
    return made


@router.patch("/organisations/{organisation_id}", name="organisations.change")
async def change_organisation(
    organisation_id: OwnIdField,
    body: OrganisationChange,
    principal: PrincipalDep,
    platform: PlatformDep,
) -> Organisation:
    """Rename or move a node."""
    return await platform.inventory.organisations.change(principal, organisation_id, body)


@router.delete("/organisations/{organisation_id}", name="organisations.delete", status_code=204)
async def delete_organisation(
    organisation_id: OwnIdField,
    version: VersionQuery,
    principal: PrincipalDep,
    platform: PlatformDep,
) -> None:
    """Delete a node on which nothing hangs."""
    await platform.inventory.organisations.delete(principal, organisation_id, version)


@router.get("/regions", name="regions.list")
async def regions(principal: PrincipalDep, platform: PlatformDep) -> list[Region]:
    """Administrative regions in use."""
    return await platform.inventory.organisations.regions(principal)


@router.get("/devices", name="devices.list")
async def devices(
    principal: PrincipalDep, platform: PlatformDep, organisation: OrganisationQuery = None
) -> list[Device]:
    """Devices within one's organisation and below."""
    return await platform.inventory.devices.listed(principal, organisation)


@router.post("/devices", name="devices.add", status_code=201)
async def add_device(
    body: NewDevice, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Device:
    """Let a device be connected."""
    request.state.audit_target = body.id
    return await platform.inventory.devices.add(principal, body)


@router.get("/devices/{device_id}", name="devices.get")
async def device(
    device_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> Device:
    """One device."""
    return await platform.inventory.devices.get(principal, device_id)


@router.patch("/devices/{device_id}", name="devices.change")
async def change_device(
    device_id: NationalIdField, body: DeviceChange, principal: PrincipalDep, platform: PlatformDep
) -> Device:
    """Change a device."""
    return await platform.inventory.devices.change(principal, device_id, body)


@router.delete("/devices/{device_id}", name="devices.delete", status_code=204)
async def delete_device(
    device_id: NationalIdField,
    version: VersionQuery,
    principal: PrincipalDep,
    platform: PlatformDep,
) -> None:
    """Delete a device and its channels."""
    await platform.inventory.devices.delete(principal, device_id, version)


@router.get("/devices/{device_id}/events", name="devices.events")
async def device_events(
    device_id: NationalIdField,
    principal: PrincipalDep,
    platform: PlatformDep,
    since: Moment | None = None,
) -> list[DeviceEvent]:
    """When the device came and went, the newest first."""
    return await platform.events.log(principal, device_id, since.timestamp() if since else None)


@router.get("/channels", name="channels.list")
async def channels(principal: PrincipalDep, platform: PlatformDep) -> list[Channel]:
    """The channels that one may know of."""
    return await platform.inventory.channels.listed(principal)


@router.post("/channels", name="channels.add", status_code=201)
async def add_channel(
    body: NewChannel, request: Request, principal: PrincipalDep, platform: PlatformDep
) -> Channel:
    """Add a channel of a device that has no catalogue."""
    request.state.audit_target = body.id
    return await platform.inventory.channels.add(principal, body)


@router.get("/channels/{channel_id}", name="channels.get")
async def channel(
    channel_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> Channel:
    """One channel."""
    return await platform.inventory.channels.get(principal, channel_id)


@router.patch("/channels/{channel_id}", name="channels.change")
async def change_channel(
    channel_id: NationalIdField,
    body: ChannelChange,
    principal: PrincipalDep,
    platform: PlatformDep,
) -> Channel:
    """Change a channel."""
    return await platform.inventory.channels.change(principal, channel_id, body)
