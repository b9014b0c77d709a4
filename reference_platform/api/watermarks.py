"""From the short code in a picture to the person who watched it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.media.codes import WatermarkOwner

router = APIRouter(tags=["watermarks"])


@router.get("/watermarks/{code}", name="watermarks.find")
async def find(
    code: Annotated[str, Path(pattern=r"^[A-Za-z0-9]{4,16}$")],
    principal: PrincipalDep,
    platform: PlatformDep,
) -> WatermarkOwner:
    """Whom a watermark belongs to."""
    owner = await platform.media.codes.owner(principal, code)
    platform.audit.record(principal, "watermarks.find", owner.code)
    return owner
