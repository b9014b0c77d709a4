"""Steering cameras, and their presets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.control.models import Command, ControlState, NewPreset, Preset
from reference_platform.fields import NationalIdField

router = APIRouter(tags=["control"])
Number = Annotated[int, Path(ge=1, le=255)]


@router.post("/channels/{channel_id}/control", name="control.command")
async def command(
    channel_id: NationalIdField, body: Command, principal: PrincipalDep, platform: PlatformDep
) -> ControlState:
    """Steer a camera; 409 ``control.held`` while somebody of at least the same level does."""
    return await platform.control.command(principal, channel_id, body)


@router.get("/channels/{channel_id}/control", name="control.state")
async def state(
    channel_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> ControlState:
    """Who holds a camera, and for how long."""
    return platform.control.state(principal, channel_id)


@router.post("/channels/{channel_id}/control/release", name="control.release")
async def release(
    channel_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> ControlState:
    """Let go of a camera."""
    return await platform.control.release(principal, channel_id)


@router.get("/channels/{channel_id}/presets", name="presets.list")
async def presets(
    channel_id: NationalIdField, principal: PrincipalDep, platform: PlatformDep
) -> list[Preset]:
    """The presets of a camera."""
    return await platform.control.presets(principal, channel_id)


@router.post("/channels/{channel_id}/presets", name="presets.set", status_code=201)
async def set_preset(
    channel_id: NationalIdField, body: NewPreset, principal: PrincipalDep, platform: PlatformDep
) -> Preset:
    """Keep where a camera stands now."""
    return await platform.control.set_preset(principal, channel_id, body)


@router.delete("/channels/{channel_id}/presets/{number}", name="presets.delete", status_code=204)
async def delete_preset(
    channel_id: NationalIdField, number: Number, principal: PrincipalDep, platform: PlatformDep
) -> Response:
    """Forget a preset."""
    await platform.control.delete_preset(principal, channel_id, number)
    return Response(status_code=204)
