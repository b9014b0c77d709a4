"""What is recorded, on the platform and on devices, and how the disk stands."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.fields import NationalIdField
from reference_platform.recording.models import RecordingList, StorageReport
from reference_platform.times import Moment

router = APIRouter(tags=["recordings"])
ChannelQuery = Annotated[NationalIdField, Query(description="20 digits")]
StartQuery = Annotated[Moment, Query(description="begin of the period")]
EndQuery = Annotated[Moment, Query(description="end of the period, excluded")]
_DEVICE: dict[int | str, dict[str, Any]] = {
    502: {"description": "the device refuses"},
    504: {"description": "it does not answer"},
}


@router.get("/recordings", name="recordings.list")
async def recordings(
    channel: ChannelQuery,
    start: StartQuery,
    end: EndQuery,
    principal: PrincipalDep,
    platform: PlatformDep,
) -> RecordingList:
    """The platform's own recordings of a channel, with their gaps and the reasons of these."""
    return await platform.recording.listed(principal, channel, start, end)


@router.get("/recordings/storage", name="recordings.storage")
async def storage(principal: PrincipalDep, platform: PlatformDep) -> StorageReport:
    """How the disk of the recordings stands, and how far back they reach."""
    return await platform.recording.storage(principal)


@router.get("/device-recordings", name="recordings.device", responses=_DEVICE)
async def device_recordings(
    channel: ChannelQuery,
    start: StartQuery,
    end: EndQuery,
    principal: PrincipalDep,
    platform: PlatformDep,
) -> RecordingList:
    """What the device itself has recorded of a channel."""
    return await platform.recording.on_device(principal, channel, start, end)
