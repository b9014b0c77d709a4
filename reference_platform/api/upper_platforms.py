"""Upper platforms."""

from __future__ import annotations

from fastapi import APIRouter, Response

from reference_platform.api.dependencies import PlatformDep, PrincipalDep, VersionQuery
from reference_platform.fields import OwnIdField
from reference_platform.signalling.cascade.models import (
    NewUpperPlatform,
    UpperPlatform,
    UpperPlatformChange,
)

router = APIRouter(prefix="/upper-platforms", tags=["upper platforms"])


@router.get("", name="upper-platforms.list")
async def listed(principal: PrincipalDep, platform: PlatformDep) -> list[UpperPlatform]:
    """All upper platforms and how the links to them are."""
    return await platform.cascade.listed(principal)


@router.post("", name="upper-platforms.add", status_code=201)
async def add(
    body: NewUpperPlatform, principal: PrincipalDep, platform: PlatformDep
) -> UpperPlatform:
    """Enter an upper platform; registration begins at once."""
    return await platform.cascade.add(principal, body)


@router.get("/{upper_id}", name="upper-platforms.get")
async def get(
    upper_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> UpperPlatform:
    """One upper platform."""
    return await platform.cascade.get(principal, upper_id)


@router.patch("/{upper_id}", name="upper-platforms.change")
async def change(
    upper_id: OwnIdField, body: UpperPlatformChange, principal: PrincipalDep, platform: PlatformDep
) -> UpperPlatform:
    """Change an upper platform."""
    return await platform.cascade.change(principal, upper_id, body)


@router.delete("/{upper_id}", name="upper-platforms.delete", status_code=204)
async def delete(
    upper_id: OwnIdField, version: VersionQuery, principal: PrincipalDep, platform: PlatformDep
) -> Response:
    """Leave an upper platform and forget it."""
    await platform.cascade.delete(principal, upper_id, version)
    return Response(status_code=204)
