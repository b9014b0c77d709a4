"""Patrol groups."""

from __future__ import annotations

from fastapi import APIRouter, Response

from reference_platform.api.dependencies import PlatformDep, PrincipalDep, VersionQuery
from reference_platform.control.models import NewPatrol, Patrol, PatrolChange, PatrolState
from reference_platform.fields import OwnIdField

router = APIRouter(prefix="/patrols", tags=["patrols"])


@router.get("", name="patrols.list")
async def listed(principal: PrincipalDep, platform: PlatformDep) -> list[Patrol]:
    """All patrol groups of one's cameras."""
    return await platform.patrols.listed(principal)


@router.post("", name="patrols.add", status_code=201)
async def add(body: NewPatrol, principal: PrincipalDep, platform: PlatformDep) -> Patrol:
    """Make a patrol group."""
    return await platform.patrols.add(principal, body)


@router.get("/{patrol_id}", name="patrols.get")
async def get(patrol_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep) -> Patrol:
    """One patrol group."""
    return await platform.patrols.get(principal, patrol_id)


@router.patch("/{patrol_id}", name="patrols.change")
async def change(
    patrol_id: OwnIdField, body: PatrolChange, principal: PrincipalDep, platform: PlatformDep
) -> Patrol:
    """Change a patrol group."""
    return await platform.patrols.change(principal, patrol_id, body)


@router.delete("/{patrol_id}", name="patrols.delete", status_code=204)
async def delete(
    patrol_id: OwnIdField, version: VersionQuery, principal: PrincipalDep, platform: PlatformDep
) -> Response:
    """Delete a patrol group; it stops."""
    await platform.patrols.delete(principal, patrol_id, version)
    return Response(status_code=204)


@router.post("/{patrol_id}/start", name="patrols.start")
async def start(
    patrol_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> PatrolState:
    """Send the camera on patrol."""
    return await platform.patrols.start(principal, patrol_id)


@router.post("/{patrol_id}/stop", name="patrols.stop")
async def stop(
    patrol_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> PatrolState:
    """End a patrol."""
    return await platform.patrols.stop(principal, patrol_id)


@router.get("/{patrol_id}/state", name="patrols.state")
async def state(
    patrol_id: OwnIdField, principal: PrincipalDep, platform: PlatformDep
) -> PatrolState:
    """Where the patrol is."""
    return await platform.patrols.state(principal, patrol_id)
