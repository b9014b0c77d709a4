"""How the cells of platforms are put on stage: a reference platform for every behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.bundled_platform import (
    WEST,
    BundledPlatform,
    bundled_platform,
    host_plan,
    unconnected_cameras,
)
from console.bundled_site import registrar
from console.matrix.cells import Cell
from console.matrix.platform_cast import looks_at_pictures, video_platform
from console.platform_plan import PASSWORD, HostedCamera, PlatformHostPlan
from simulators.site_plan import Ground
from standard.catalogue import catalogue
from targets.site import Site

#: How a sound platform is set up in an unusual way, by variant.
_SETTINGS: dict[str, dict[str, Any]] = {
    "platform-english": {"language": "en"},
    "platform-foreign-certificate": {"foreign_certificate": True},
    "platform-deep-tree": {"levels": 9},
    "platform-without-http": {"http_port": 0},
    "platform-many-cameras": {
        "cameras": (
            *unconnected_cameras(900),
            *(
                HostedCamera(f"6101040000118{number:07d}", f"录像机{number}", WEST, channels=4)
                for number in range(500, 512)
            ),
        )
    },
}


@dataclass(frozen=True)
class StagedPlatform:
    """One platform on the stage and the cells that it proves."""

    bundled: BundledPlatform
    cells: tuple[Cell, ...]


def stage_platforms(cells: Iterable[Cell], ground: Ground, network: str) -> list[StagedPlatform]:
    """A platform for every defect and for every variant, whatever it is one of."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.stage == "platform":
            groups.setdefault((cell.kind, cell.name), []).append(cell)
    return [
        StagedPlatform(_put_up(number, ground, name, network, _visits(group)), tuple(group))
        for number, ((_, name), group) in enumerate(groups.items())
    ]


def _visits(cells: Iterable[Cell]) -> frozenset[str]:
    """The kinds of visit that cells ask for."""
    return frozenset(kind for cell in cells for kind in catalogue()[cell.requirement].visits)


def _put_up(
    number: int, ground: Ground, name: str, network: str, kinds: frozenset[str]
) -> BundledPlatform:
    if looks_at_pictures(kinds):
        return video_platform(number, ground, name=name, network=network, kinds=kinds)
    settings = _SETTINGS.get(name)
    behaviours = (name,) if settings is None else ()
    made = bundled_platform(number, ground, name=name, network=network, behaviours=behaviours)
    return replace(made, hosted=replace(made.hosted, **(settings or {})))


def platform_site(
    staged: Sequence[StagedPlatform], ground: Ground, network: str
) -> tuple[Site, PlatformHostPlan]:
    """The site of all staged platforms and the plan of the process that hosts them."""
    plan = host_plan(tuple(one.bundled for one in staged), ground, network)
    address, port = plan.control
    site = Site(
        name="matrix of platforms",
        points=tuple(one.bundled.point for one in staged),
        gb28181=registrar(ground, network),
        time_servers=(f"{address}:{port}",),
        simulated=True,
    )
    return site, plan


def platform_passwords(site: Site) -> dict[str, str]:
    """The administrators' passwords of hosted platforms, by point."""
    return {point.id: PASSWORD for point in site.platforms}


def log_of(folder: Path) -> Path:
    """Where the host of platforms writes its own messages."""
    return folder / "platforms.log"
