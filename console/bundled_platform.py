"""Reference platforms as points of a simulated site: where they stand and what is entered there."""

from __future__ import annotations

from dataclasses import dataclass

from console.bundled_site import ROOT
from console.platform_plan import (
    ADMINISTRATOR,
    HostedCamera,
    HostedPlatform,
    PlatformHostPlan,
)
from simulators.site_plan import Ground
from targets.site import SERVICE_MODES, PlatformAccess, Point

_CONTROL_PORT = 8098
#: Places beyond those of cameras and of lower platforms.
_PLACES = 3_000
#: What users of a platform are given once to trust, below its data.
_AUTHORITY = "tls/authority.pem"
#: The two regions of every hosted platform, with their administrative codes.
EAST, WEST = "东区", "西区"
REGIONS = {EAST: "610102", WEST: "610104"}


@dataclass(frozen=True)
class BundledPlatform:
    """One reference platform, as the harness and as its host see it."""

    point: Point
    hosted: HostedPlatform


def bundled_platform(
    number: int,
    ground: Ground,
    *,
    name: str,
    network: str,
    behaviours: tuple[str, ...] = (),
    cameras: tuple[HostedCamera, ...] = (),
) -> BundledPlatform:
    """Platform ``number`` (from 0), with ``cameras`` entered, or two that nobody connects."""
    identifier = f"6101020000200{number + 100:07d}"
    address, _ = ground.place(_PLACES + number, network)
    base = 0 if ground.standard_ports else 10_000
    if not ground.own_addresses:
        base = 24_000 + number * 10_000
    hosted = HostedPlatform(
        point=identifier,
        address=address,
        server_id=identifier,
        https_port=base + 443,
        http_port=base + 80,
        sip_port=base + 5060 if base != 10_000 else 15_060,
        sip_tls_port=base + 5061 if base != 10_000 else 15_061,
        behaviours=behaviours,
        cameras=cameras or unconnected_cameras(number),
        regions=REGIONS,
    )
    data = hosted.data(ROOT / host_folder(network))
    port = "" if hosted.https_port == 443 else f":{hosted.https_port}"
    access = PlatformAccess(
        uri=f"https://{address}{port}",
        user=ADMINISTRATOR,
        device_id=identifier,
        certificate_authority=data / _AUTHORITY,
        device_ports=(hosted.sip_port, hosted.sip_tls_port),
        concurrent_viewers=4,
        retention_days=30,
        modes=SERVICE_MODES,
        rig=f"http://{_control(ground, network)[0]}:{_CONTROL_PORT}",
    )
    return BundledPlatform(Point(identifier, name, access.uri, platform=access), hosted)


def unconnected_cameras(number: int) -> tuple[HostedCamera, ...]:
    """A recorder of two channels in the east and a camera in the west that nobody connects."""
    return (
        HostedCamera(f"6101020000118{number * 10 + 1:07d}", "东区录像机", EAST, channels=2),
        HostedCamera(f"6101040000132{number * 10 + 2:07d}", "西区摄像机", WEST),
    )


def host_folder(network: str) -> str:
    """Where the platforms of ``network`` keep their data, below the project."""
    return f".cache/platforms/{network}"


def host_plan(
    platforms: tuple[BundledPlatform, ...], ground: Ground, network: str
) -> PlatformHostPlan:
    """The plan of the process that hosts ``platforms``."""
    return PlatformHostPlan(
        folder=str(ROOT / host_folder(network)),
        control=_control(ground, network),
        platforms=tuple(one.hosted for one in platforms),
    )


def _control(ground: Ground, network: str) -> tuple[str, int]:
    return (f"{network}.0.1" if ground.own_addresses else "127.0.0.1", _CONTROL_PORT)
