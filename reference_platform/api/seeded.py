"""Routes that a compliant platform has not: defects with an address of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from reference_platform.api.dependencies import PlatformDep, PrincipalDep
from reference_platform.behaviours import defect
from reference_platform.inventory.models import Device

ANALYSIS_API_PRESENT = defect(
    "analysis-api-present", "The API offers tasks of video structuring (4.3.3.1-g forbids it)."
)
FACE_LIBRARY_PRESENT = defect(
    "face-library-present", "The API keeps libraries of faces and searches them."
)
OPEN_ENDPOINT = defect(
    "open-endpoint",
    "One address, made for an export, answers the list of devices without a log-in.",
    seen="648540858/wvp-GB28181-pro#2009",
)
MODEL_FILES_PRESENT = defect(
    "model-files-present", "Models of face detection lie among the platform's files."
)

analysis = APIRouter(tags=["analysis"])
faces = APIRouter(tags=["faces"])
unlocked = APIRouter(tags=["inventory"])


@analysis.get("/analysis/tasks", name="analysis.tasks")
async def tasks(_: PrincipalDep) -> list[dict[str, Any]]:
    """Tasks of video structuring: persons, vehicles, their attributes."""
    return []


@faces.get("/face-libraries", name="faces.libraries")
async def libraries(_: PrincipalDep) -> list[dict[str, Any]]:
    """Libraries of faces."""
    return [{"id": "default", "faces": 0}]


@unlocked.get("/export/devices", name="devices.export")
async def export(platform: PlatformDep) -> list[Device]:
    """The list of devices."""
    return await platform.inventory.devices.everything()


def place_files(data: Path, behaviours: frozenset[str]) -> None:
    """Files that a compliant platform has not."""
    if MODEL_FILES_PRESENT in behaviours:
        folder = data / "models"
        folder.mkdir(exist_ok=True)
        (folder / "face_detection.onnx").write_bytes(b"\x08\x08\x12\x07pytorch" + bytes(4096))


def routers(behaviours: frozenset[str]) -> list[APIRouter]:
    """Those that are switched on."""
    seeded = {ANALYSIS_API_PRESENT: analysis, FACE_LIBRARY_PRESENT: faces, OPEN_ENDPOINT: unlocked}
    return [router for name, router in seeded.items() if name in behaviours]
