"""Points on the stage of 4.3.2: a scene, and a camera that suits it or does not."""

from __future__ import annotations

from dataclasses import replace

from console.bundled_site import SimulatedPoint, simulated_point
from simulators.site_plan import Ground

#: The scene that each requirement speaks of.
SCENES = {
    "4.3.2-a1": "rural-square",
    "4.3.2-a2": "rural-path",
    "4.3.2-b2": "activity-place",
    "4.3.2-b3": "building-passage",
}
#: Requirements whose findings are part of what the cell's own requirement judges.
RESTS_ON = {"4.3.2-a2": ("4.3.1-c2",), "4.3.2-b3": ("4.3.1-c2",)}
#: What is wrong with the camera, by defect; other names stand for a compliant one.
_BEHAVIOURS = {
    "square-without-ptz": "no-ptz",
    "activity-place-without-ptz": "no-ptz",
    "path-with-failing-camera": "20fps",
    "passage-with-failing-camera": "20fps",
}


def chosen_point(
    number: int, ground: Ground, requirement: str, name: str, network: str
) -> SimulatedPoint:
    """A point of the requirement's scene with the camera that the cell ``name`` needs."""
    behaviour = _BEHAVIOURS.get(name, name if name in _COMPLIANT else "")
    staged = simulated_point(
        number,
        ground,
        name=f"{requirement}-{name}",
        network=network,
        behaviours=(behaviour,) if behaviour else (),
        uplink=False,
    )
    return replace(staged, point=replace(staged.point, scene=SCENES[requirement]))


#: Compliant cameras that tell of their head in another way.
_COMPLIANT = frozenset({"media1-only", "media2-only", "other-xml-prefixes"})
