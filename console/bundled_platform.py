"""Reference platforms as points of a simulated site: where they stand and what is entered there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from console.bundled_site import ROOT
from console.platform_plan import (
    ADMINISTRATOR,
    HostedCamera,
    HostedPlatform,
    PlatformHostPlan,
)
from simulators.site_plan import CameraPlan, Ground, SitePlan
from targets.site import SERVICE_MODES, PlatformAccess, Point

_CONTROL_PORT = 8098
#: Places beyond those of cameras and of lower platforms.
_PLACES = 3_000
#: What users of a platform are given once to trust, below its data.
_AUTHORITY = "tls/authority.pem"
#: The two regions of every hosted platform, with their administrative codes.
EAST, WEST = "东区", "西区"
REGIONS = {EAST: "610102", WEST: "610104"}


#: Places of cameras that register on a platform, beyond those of platforms.
_CAMERA_PLACES = 3_500
_DAY_S = 86_400.0
#: What the bundled site's platform promises, and has recorded: with a break in the last minutes.
_DAYS = 7
RECORDED = ((7.2 * _DAY_S, 420.0), (390.0, 30.0))
_SMALL = {"width": 640, "height": 360, "frame_rate": 25, "bitrate_kbps": 1024}
#: Shorter than the platform asks for: a busy machine may be late with some.
_KEEPALIVE_S = 0.5
#: Devices of the bundled site's platform: name, region, number (no other camera of the site has
#: it), channels by name, transport, codec, behaviours.
_REGISTERED = (
    ("东门双目球机", EAST, 501, ("小区东门", "停车场全景"), "tls", "h264", ()),
    ("南巷枪机", EAST, 502, ("南巷中段",), "tcp", "h264", ("no-ptz",)),
    ("西街枪机", WEST, 503, ("西街路口",), "udp", "h265", ("no-ptz", "gb-h265")),
)


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
        ntp_port=base + 123,
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
        ntp_port=hosted.ntp_port,
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


def platform_with_devices(
    ground: Ground, *, name: str, network: str
) -> tuple[BundledPlatform, tuple[CameraPlan, ...]]:
    """The bundled site's platform, and the simulated cameras that register on it.

    They do so once they are ``trusting``.
    """
    cameras = tuple(
        HostedCamera(
            f"{REGIONS[region]}0000132{number:07d}", camera, region,
            channels=len(names), names=names,
            codec="h265" if codec == "h265" else "h264",
            width=640, height=360, fps=10.0, registers=True,
        )
        for camera, region, number, names, _, codec, _ in _REGISTERED
    )  # fmt: skip
    made = bundled_platform(0, ground, name=name, network=network, cameras=cameras)
    hosted = replace(made.hosted, recorded=RECORDED)
    access = made.point.platform
    assert access is not None
    point = replace(made.point, platform=replace(access, retention_days=_DAYS))
    devices = []
    for place, (entered, (_, _, _, _, transport, _, behaviours)) in enumerate(
        zip(cameras, _REGISTERED, strict=True)
    ):
        address, ports = ground.place(_CAMERA_PLACES + place, network)
        devices.append(
            CameraPlan(
                point=entered.device,
                address=address,
                name=entered.name,
                password=entered.password,
                main=_SMALL,
                behaviours=behaviours,
                scenes=(),
                ports=ports,
                captioned=True,
                gb28181={
                    "server_address": hosted.address,
                    "server_port": hosted.sip_tls_port if transport == "tls" else hosted.sip_port,
                    "server_id": hosted.server_id,
                    "transport": transport,
                    "channels": entered.channels,
                    "names": entered.names,
                    "keepalive_s": _KEEPALIVE_S,
                    "retry_s": 1.0,
                    "local_port": 5060 if ground.own_addresses else 0,
                },
            )
        )
    return BundledPlatform(point, hosted), tuple(devices)


def trusting(plan: SitePlan, hosts: PlatformHostPlan) -> SitePlan:
    """``plan`` with devices that trust the hosted platform with which they register.

    What they trust is made when the platform first starts, so it must be there before them.
    """
    folder = Path(hosts.folder)
    authorities = {one.server_id: str(one.data(folder) / _AUTHORITY) for one in hosts.platforms}

    def trusts(camera: CameraPlan) -> CameraPlan:
        settings = camera.gb28181
        if settings is None or settings["server_id"] not in authorities:
            return camera
        trusted = authorities[settings["server_id"]]
        return replace(camera, gb28181={**settings, "ca_file": trusted})

    return replace(plan, cameras=tuple(trusts(camera) for camera in plan.cameras))


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
