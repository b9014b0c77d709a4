"""How each cell is put on stage: a simulated camera, altered papers, a virtual day, a site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from assessment.recording import Recording
from console.bundled_site import (
    SimulatedPlatform,
    SimulatedPoint,
    simulated_platform,
    simulated_point,
)
from console.matrix.camera_choice import RESTS_ON, SCENES, chosen_point
from console.matrix.cells import Cell
from console.matrix.declared import DECLARED_ONLY, declaration_file
from console.virtual_watch import virtual_watch
from simulators.site_plan import CameraPlan, Ground
from standard.catalogue import Catalogue, catalogue
from targets.site import Point, Site

_NETWORK = "127.21"
_CLOCK_DAY = "4.3.3.5-d"
_PAPERS = "4.3.1-b"
_ONLINE = "5.3-a"
_PARTS = "4.1-1"
_SIDE = "4.1-2"
#: Requirements that are about a site as a whole: each of their cells gets one of its own.
OF_SITES = (_ONLINE, _PARTS, _SIDE)
_INDOOR = "4.4.2-b"
_PROTECTION = "4.4.2-a"
#: What an installer has typed into the GB/T 28181 page of a camera, by defect or variant.
_PAGES: dict[str, dict[str, Any]] = {
    "gb-tls": {"transport": "tls"},
    "gb-tcp": {"transport": "tcp"},
    "weak-registration-password": {"password": "12345678"},
    "events-by-gb28181": {},
}
_PASSWORDS = {
    "factory-password": "12345",
    "password-equals-user": "admin",
    "empty-password": "",
}
#: How a point is declared to be connected, by defect; its camera has a wired interface.
_ACCESS = {"access-type-missing": "", "access-type-contradicted": "4g"}
#: The interface that a camera has and is declared to have, by variant.
_INTERFACES = {"access-wifi": "wifi", "access-4g": "4g"}
#: What is no behaviour of a camera but a setting of a sound one.
_SETTINGS_ONLY = frozenset(
    {"weak-registration-password", "events-by-gb28181", *_ACCESS, *_INTERFACES, *DECLARED_ONLY}
)
#: Declared police networks that hold neither camera nor platform, by variant.
_ELSEWHERE = {
    "police-range-elsewhere": ("10.0.0.0/8", "fd00::/8"),
    "police-range-adjacent": (f"{_NETWORK}.255.0/24", "127.22.0.0/16"),
}
#: Certificate and claims by defect or variant of the ingress protection check.
_CODES = {
    "ip65-claimed": "IP65",
    "ip67-only-no-jet-proof": "IP67",
    "ip6x": "IP6X",
    "malformed-code": "IP-66-X",
    "ip66": "IP66",
    "ip66-ip67": "IP66/IP67",
    "ip66-ip68": "IP66/IP68",
    "ip69k-ip66": "IP66/IP69K",
}
_CENSUS = 25
_SCENES = (
    ("stream:day", "day"),
    ("stream:codec-h264", "day"),
    ("snapshot", "day"),
    ("stream:night", "night"),
    ("stream:night", "dusk"),
    ("white-light", "lamp-off"),
    ("white-light", "night"),
    ("stream:codec-mjpeg", "third"),
    ("lens", "zoomed"),
    ("wide-dynamic", "high-contrast"),
    ("highlight", "high-contrast"),
)


@dataclass(frozen=True)
class StagedPoint:
    """One point on the stage and the cells that it proves.

    ``virtual`` holds recordings of a watch in virtual time; such a point has no camera.
    """

    simulated: SimulatedPoint
    cells: tuple[Cell, ...]
    virtual: tuple[Recording, ...] = ()


def camera_plan(staged: StagedPoint, requirements: Catalogue) -> CameraPlan:
    """The point's camera, told which scenes its cells will need."""
    visits = {kind for cell in staged.cells for kind in requirements[cell.requirement].visits}
    scenes = [scene for kind, scene in _SCENES if kind in visits]
    return replace(staged.simulated.camera, scenes=tuple(dict.fromkeys(scenes)))


@dataclass(frozen=True)
class StagedSite:
    """A site of its own for a cell that is a property of the whole: points and its reports."""

    cell: Cell
    points: tuple[Point, ...]
    platform_reports: dict[str, float] = field(default_factory=dict)
    police_networks: tuple[str, ...] = ()


def stage_points(cells: Iterable[Cell], ground: Ground) -> list[StagedPoint]:
    """A point for every defect, and one for every variant whatever it is a variant of."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        of_papers = cell.stage == "evidence" and cell.requirement != _PAPERS
        if cell.requirement in OF_SITES or of_papers or cell.stage == "platform":
            continue
        if cell.requirement == _CLOCK_DAY:
            where = "virtual"
        elif cell.requirement == _PAPERS:
            where = "papers"
        elif cell.requirement in SCENES:
            where = cell.requirement
        elif cell.kind == "variant":
            where = "indoor" if cell.requirement == _INDOOR else "variant"
        else:
            where = cell.requirement
        groups.setdefault((where, cell.kind, cell.name), []).append(cell)
    return [
        _staged(number, ground, where, name, tuple(group))
        for number, ((where, _, name), group) in enumerate(groups.items())
    ]


def _staged(
    number: int, ground: Ground, where: str, name: str, cells: tuple[Cell, ...]
) -> StagedPoint:
    if where == "papers":
        return StagedPoint(_with_papers(number, ground, name), cells)
    if where == "virtual":
        point = simulated_point(number, ground, name=name, network=_NETWORK, uplink=False)
        recordings = virtual_watch((name,), subject=point.point.id)
        return StagedPoint(point, cells, tuple(recordings))
    if where in SCENES:
        return StagedPoint(chosen_point(number, ground, where, name, _NETWORK), cells)
    registering = _registering(name, cells)
    if name in _PASSWORDS:
        password = _PASSWORDS[name]
        return StagedPoint(
            simulated_point(
                number,
                ground,
                name=name,
                network=_NETWORK,
                password=password,
                uplink=False,
            ),
            cells,
        )
    wired = any(cell.requirement in ("4.1-5", _INDOOR, _PROTECTION) for cell in cells)
    point = simulated_point(
        number,
        ground,
        behaviours=() if name in _SETTINGS_ONLY else (name,),
        indoor=any(cell.requirement == _INDOOR for cell in cells),
        interface=_INTERFACES.get(name, "ethernet"),
        uplink=wired,
        name=name,
        network=_NETWORK,
        gb28181=registering,
    )
    if named := declaration_file(name):
        point = replace(point, point=replace(point.point, declaration=named))
    if name in _ACCESS:
        point = replace(point, point=replace(point.point, access=_ACCESS[name]))
    if name == "events-by-gb28181":  # all that the site knows of the camera is that it registers
        known = replace(point.point, uri=f"gb28181://{point.point.gb28181}")
        point = replace(point, point=known)
    if name == "id-not-20-digits":  # the site file has what the device's own page shows
        known = replace(point.point, gb28181=point.point.gb28181[:18])
        point = replace(point, point=known)
    return StagedPoint(point, cells)


def _registering(name: str, cells: tuple[Cell, ...]) -> dict[str, Any] | None:
    """The GB/T 28181 page of a camera whose cells are about its registration; else ``None``."""
    requirements = {cell.requirement for cell in cells}
    visits = {kind for one in requirements for kind in catalogue()[one].visits}
    if name not in _PAGES and not any(kind.startswith("gb28181:") for kind in visits):
        return None
    settings = dict(_PAGES.get(name, {}))
    if _PROTECTION in requirements:
        settings = {"transport": "tls"} | settings
    return settings


def _with_papers(number: int, ground: Ground, name: str) -> SimulatedPoint:
    """A compliant camera whose papers or claims are not, or are compliant in another way."""
    code = _CODES.get(name, "IP66")
    staged = simulated_point(
        number, ground, name=name, network=_NETWORK, ip_code=code, uplink=False
    )
    certificate = staged.point.certificate
    assert certificate is not None
    altered = {
        "certificate-other-model": replace(certificate, model="OTHER-9"),
        "certificate-expired": replace(certificate, valid_until="2020-12-31"),
        "certificate-without-laboratory-mark": replace(certificate, laboratory_mark=""),
    }
    point = replace(staged.point, certificate=altered.get(name, certificate))
    camera = staged.camera
    if name == "claim-missing":
        point = replace(point, certificate=None, declared={"model": camera.model})
        camera = replace(camera, scopes=())
    if name == "claims-disagree":
        camera = replace(camera, scopes=("onvif://www.onvif.org/IP/IP65",))
    return SimulatedPoint(point, camera)


@dataclass(frozen=True)
class OnlinePool:
    """Cameras from which the sites of the online rate are put together.

    ``absent`` points have an address at which nothing answers.
    """

    good: tuple[SimulatedPoint, ...]
    blind: tuple[SimulatedPoint, ...]
    flapping: tuple[SimulatedPoint, ...]
    absent: tuple[Point, ...]

    def simulated(self) -> tuple[SimulatedPoint, ...]:
        """Those that have a camera."""
        return (*self.good, *self.blind, *self.flapping)


def online_pool(first: int, ground: Ground) -> OnlinePool:
    """Twenty-five good cameras and those that are not, numbered from ``first``."""
    numbers = iter(range(first, first + 100))

    def cameras(count: int, *behaviours: str) -> tuple[SimulatedPoint, ...]:
        return tuple(
            simulated_point(
                number,
                ground,
                name=f"{'-'.join(behaviours) or 'good'}-{number}",
                network=_NETWORK,
                behaviours=behaviours,
                uplink=False,
                scenes=("day",),
            )
            for number in (next(numbers) for _ in range(count))
        )

    good = cameras(_CENSUS)
    blind = cameras(5, "no-key-picture")
    flapping = cameras(6, "flapping")
    absent = tuple(one.point for one in cameras(4))
    return OnlinePool(good, blind, flapping, absent)


def staged_platforms(cells: Iterable[Cell], ground: Ground) -> dict[str, SimulatedPlatform]:
    """A platform for each behaviour that the cells put on one, by its name."""
    names = dict.fromkeys(cell.name for cell in cells if cell.requirement == _PARTS)
    return {
        name: simulated_platform(number, ground, name=name, network=_NETWORK, behaviours=(name,))
        for number, name in enumerate(names)
    }


def wired_point(number: int, ground: Ground) -> SimulatedPoint:
    """A camera whose traffic with the platform can be watched."""
    return simulated_point(number, ground, name=f"wired-{number}", network=_NETWORK, uplink=True)


def stage_parts(
    cells: Iterable[Cell],
    platforms: Mapping[str, Point],
    wired: Point | None,
    platform_address: str,
) -> list[StagedSite]:
    """A site for every cell that is about what the system is made of and where it stands."""
    staged = []
    for cell in cells:
        if cell.requirement == _PARTS and cell.name in platforms:
            staged.append(StagedSite(cell, (platforms[cell.name],)))
        elif cell.requirement == _SIDE and wired is not None:
            host = urlsplit(wired.uri).hostname or ""
            inside = platform_address if cell.name == "platform-in-police-range" else host
            networks = _ELSEWHERE.get(cell.name, (f"{inside}/32",))
            staged.append(StagedSite(cell, (wired,), police_networks=networks))
    return staged


def stage_sites(cells: Iterable[Cell], pool: OnlinePool) -> list[StagedSite]:
    """A site for every cell of the online rate, twenty-five points each."""
    good = tuple(one.point for one in pool.good)
    blind = tuple(one.point for one in pool.blind)
    flapping = tuple(one.point for one in pool.flapping)
    casts: dict[str, tuple[tuple[Point, ...], dict[str, float]]] = {
        "84-percent": ((*good[:21], *pool.absent), {}),
        "platform-inflates-rate": ((*good[:23], *pool.absent[:2]), {"online_rate": 0.99}),
        "registered-but-no-picture": ((*good[:20], *blind), {}),
        "denominator-shrunk": (good, {"total": 20.0, "online_rate": 1.0}),
        "flapping": ((*good[:19], *flapping), {}),
        "honest-report": ((*good[:24], pool.absent[0]), {"total": 25.0, "online_rate": 0.96}),
    }
    return [
        StagedSite(cell, *casts[cell.name])
        for cell in cells
        if cell.requirement == _ONLINE and cell.name in casts
    ]


def scope_of(points: Iterable[StagedPoint]) -> dict[str, tuple[str, ...]]:
    """Which requirements each point is in scope for."""
    return {
        staged.simulated.point.id: tuple(
            dict.fromkeys(
                name
                for one in staged.cells
                for name in (one.requirement, *RESTS_ON.get(one.requirement, ()))
            )
        )
        for staged in points
    }


def with_points(site: Site, staged: StagedSite) -> Site:
    """The same site with the points, reports and networks of ``staged``."""
    return replace(
        site,
        points=staged.points,
        platform_reports=staged.platform_reports,
        police_networks=staged.police_networks or site.police_networks,
    )
