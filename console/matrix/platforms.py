"""How the cells of platforms are put on stage: a reference platform for every behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.bundled_platform import BundledPlatform, bundled_platform, host_plan
from console.bundled_site import registrar
from console.matrix.cells import Cell
from console.platform_plan import PASSWORD, PlatformHostPlan
from simulators.site_plan import Ground
from targets.site import Site


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
        StagedPlatform(
            bundled_platform(number, ground, name=name, network=network, behaviours=(name,)),
            tuple(group),
        )
        for number, ((_, name), group) in enumerate(groups.items())
    ]


def platform_site(
    staged: Sequence[StagedPlatform], ground: Ground, network: str
) -> tuple[Site, PlatformHostPlan]:
    """The site of all staged platforms and the plan of the process that hosts them."""
    site = Site(
        name="matrix of platforms",
        points=tuple(one.bundled.point for one in staged),
        gb28181=registrar(ground, network),
        simulated=True,
    )
    return site, host_plan(tuple(one.bundled for one in staged), ground, network)


def platform_passwords(site: Site) -> dict[str, str]:
    """The administrators' passwords of hosted platforms, by point."""
    return {point.id: PASSWORD for point in site.platforms}


def log_of(folder: Path) -> Path:
    """Where the host of platforms writes its own messages."""
    return folder / "platforms.log"
