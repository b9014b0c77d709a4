"""Kinds of places that cameras look at; the standard chooses cameras by them (4.3.2)."""

from __future__ import annotations

from messages import text
from reference_platform.inventory.models import SceneType

SCENES = (
    "rural-square",
    "rural-path",
    "mixed-lane",
    "activity-place",
    "building-passage",
    "other",
)


def scene_types(language: str) -> list[SceneType]:
    """All kinds, with their names in ``language``."""
    return [SceneType(code=code, name=text(f"platform.scene.{code}", language)) for code in SCENES]
