"""The simulated site that a run without real equipment meets: all compliant, no two alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulators import certificates
from simulators.site_plan import CameraPlan, Ground, PlatformPlan, SitePlan, may_listen
from targets.site import Certificate, Gb28181Listen, Point, PowerRig, Site, Wire

ROOT = Path(__file__).resolve().parent.parent
#: What the vendor of the simulated cameras declares.
BUNDLED_DECLARATION = ROOT / "docs" / "example-declaration.yaml"
CACHE = ROOT / ".cache" / "clips"
_CONTROL_PORT = 8099
_TIME_PORT, _TIME_PORT_ABOVE_1024 = 123, 1123
#: Not a whole multiple of the steps in which the cameras set their clocks: each is seen.
_NTP_INTERVAL_S = 4.1
_HARNESS = "127.0.0.1"
_SERVER_ID = "61010200002000999999"
#: Places beyond those of cameras, two for each platform.
_PLATFORM_PLACES = 2_000
#: A simulated device is quick in everything that takes a real one a minute.
_REGISTERING = {"server_id": _SERVER_ID, "keepalive_s": 1.0, "retry_s": 1.5}
_NETWORK = "127.20"
#: Nothing of a simulated site is in it; a real one's is declared in the site file.
_POLICE_NETWORK = "10.0.0.0/8"
_NETWORKS = (_NETWORK, "127.40", "127.41", "127.42", "127.43")


@dataclass(frozen=True)
class SimulatedPoint:
    """One point of a simulated site, as the harness and as the simulator see it."""

    point: Point
    camera: CameraPlan


@dataclass(frozen=True)
class _Sort:
    name: str
    location: str
    scene: str = "other"
    indoor: bool = False
    interface: str = "ethernet"
    ip_code: str = "IP66"
    audio: str = "PCMA"
    behaviours: tuple[str, ...] = ()
    main: dict[str, Any] | None = None
    gb28181: Mapping[str, Any] = field(default_factory=dict)


_SORTS = (
    _Sort("东门枪机", "示范小区东门", "rural-path"),
    _Sort(
        "广场球机",
        "文化广场",
        "rural-square",
        audio="PCMU",
        interface="wifi",
        gb28181={"edition": "2022", "charset": "GB18030"},
    ),
    _Sort(
        "背街半球",
        "北街12号",
        "mixed-lane",
        ip_code="IP66/IP67",
        audio="G726",
        main={"width": 2560, "height": 1440, "frame_rate": 25},
    ),
    _Sort(
        "楼道",
        "3号楼一层",
        "building-passage",
        indoor=True,
        behaviours=("tcp-only",),
        gb28181={"charset": "UTF-8"},
    ),
    _Sort("活动室", "社区活动室", "activity-place", indoor=True, main={"frame_rate": 30}),
    _Sort("路口", "村口路口", "rural-path", interface="4g", behaviours=("other-xml-prefixes",)),
)


def simulated_point(
    number: int,
    ground: Ground,
    *,
    name: str,
    network: str = _NETWORK,
    location: str = "",
    scene: str = "other",
    indoor: bool = False,
    interface: str = "ethernet",
    ip_code: str = "IP66",
    audio: str = "PCMA",
    behaviours: tuple[str, ...] = (),
    main: dict[str, Any] | None = None,
    user: str = "admin",
    password: str = "Tantou-2026-sim",
    scopes: tuple[str, ...] | None = None,
    certificate: Certificate | None = None,
    uplink: bool = True,
    ntp_interval_s: float = 0.0,
    scenes: tuple[str, ...] = ("day", "night", "lamp-off", "third", "zoomed"),
    gb28181: Mapping[str, Any] | None = None,
) -> SimulatedPoint:
    """Point ``number`` (from 0) with a compliant camera unless ``behaviours`` says otherwise.

    ``gb28181`` are settings of its GB/T 28181 side beyond the usual ones; ``None``: it has none.
    """
    address, ports = ground.place(number, network)
    identifier = f"6101020000132{number + 1:07d}"
    model = "SIM-2M"
    camera = CameraPlan(
        point=identifier,
        address=address,
        name=f"camera-{number + 1}",
        model=model,
        scopes=(f"onvif://www.onvif.org/IP/{quote(ip_code, safe='')}",)
        if scopes is None
        else scopes,
        interface=interface,
        user=user,
        password=password,
        audio_encoding=audio,
        main=main or {},
        behaviours=behaviours,
        uplink=uplink,
        ntp_interval_s=ntp_interval_s,
        scenes=scenes,
        ports=ports,
        gb28181=None if gb28181 is None else _registering(ground, network, gb28181),
    )
    port = "" if ports["http"] == 80 else f":{ports['http']}"
    point = Point(
        id=identifier,
        name=name,
        uri=f"onvif://{user}@{address}{port}",
        location=location,
        scene=scene,
        indoor=indoor,
        access=interface,
        longitude=108.94 + number / 1000,
        latitude=34.26 + number / 1000,
        declared={"ip_code": ip_code, "model": model},
        gb28181="" if gb28181 is None else str(gb28181.get("device_id", identifier)),
        certificate=certificate
        or Certificate(ip_code, model, "CNAS", "2031-12-31", f"SIM-{number + 1:04d}"),
    )
    return SimulatedPoint(point, camera)


def registrar(ground: Ground, network: str = _NETWORK) -> Gb28181Listen:
    """Where simulated devices find the harness."""
    address = f"{network}.0.5" if ground.own_addresses else "127.0.0.1"
    port = 5060 if ground.own_addresses else 15_060
    host = f"{network}.0.1" if ground.own_addresses else "127.0.0.1"
    rig = f"http://{host}:{_CONTROL_PORT}"
    return Gb28181Listen(address, port, port + 1, server_id=_SERVER_ID, rig=rig)


def _registering(ground: Ground, network: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """The GB/T 28181 page of a simulated device."""
    server = registrar(ground, network)
    secure = more.get("transport") == "tls"
    own = {
        "local_port": 5060 if ground.own_addresses else 0,
        "ca_file": str(certificates.authority_file()),
    }
    port = server.tls_port if secure else server.port
    return {**_REGISTERING, **own, "server_address": server.address, "server_port": port, **more}


def free_network(ground: Ground) -> str:
    """A loopback network on which no other simulated site runs now."""
    if not ground.own_addresses:
        return _NETWORK
    return next((one for one in _NETWORKS if may_listen(f"{one}.0.1", _CONTROL_PORT)), _NETWORK)


def bundled_points(ground: Ground, network: str = _NETWORK) -> tuple[SimulatedPoint, ...]:
    """The points of the bundled site."""
    return tuple(
        simulated_point(
            number,
            ground,
            name=sort.name,
            network=network,
            location=sort.location,
            scene=sort.scene,
            indoor=sort.indoor,
            interface=sort.interface,
            ip_code=sort.ip_code,
            audio=sort.audio,
            behaviours=sort.behaviours,
            main=sort.main,
            ntp_interval_s=_NTP_INTERVAL_S,
            gb28181={"transport": "tls", **sort.gb28181},
        )
        for number, sort in enumerate(_SORTS)
    )


@dataclass(frozen=True)
class SimulatedPlatform:
    """A platform that registers with the harness, as the harness and as the simulator see it."""

    point: Point
    platform: PlatformPlan


def simulated_platform(
    number: int,
    ground: Ground,
    *,
    name: str = "运营平台",
    network: str = _NETWORK,
    behaviours: tuple[str, ...] = (),
) -> SimulatedPlatform:
    """Lower platform ``number`` (from 0), with one camera on it."""
    identifier = f"6101020000200{number + 1:07d}"
    address, _ = ground.place(_PLATFORM_PLACES + 2 * number, network)
    camera_address, _ = ground.place(_PLATFORM_PLACES + 2 * number + 1, network)
    plan = PlatformPlan(
        point=identifier,
        address=address,
        gb28181=_registering(ground, network, {}),
        camera=f"6101020000131{number + 1:07d}",
        camera_address=camera_address,
        behaviours=behaviours,
    )
    uri = f"gb28181://{identifier}"
    return SimulatedPlatform(Point(identifier, name, uri, gb28181=identifier), plan)


def simulated_site(
    name: str,
    points: tuple[SimulatedPoint, ...],
    ground: Ground,
    network: str = _NETWORK,
    platforms: tuple[SimulatedPlatform, ...] = (),
) -> tuple[Site, SitePlan]:
    """The site file and the simulator's plan for ``points`` and ``platforms``."""
    host = f"{network}.0.1" if ground.own_addresses else "127.0.0.1"
    time_port = _TIME_PORT if ground.standard_ports else _TIME_PORT_ABOVE_1024
    platform = f"{network}.0.9" if ground.own_addresses else "127.0.0.1"
    plan = SitePlan(
        cameras=tuple(one.camera for one in points),
        control=(host, _CONTROL_PORT),
        time_server=(host, time_port),
        platform=platform,
        cache=str(CACHE),
        platforms=tuple(one.platform for one in platforms),
    )
    site = Site(
        name=name,
        points=(*(one.point for one in points), *(one.point for one in platforms)),
        platform_addresses=(platform,),
        light_box=f"http://{host}:{_CONTROL_PORT}",
        scene_rig=f"http://{host}:{_CONTROL_PORT}",
        power=PowerRig(http=f"http://{host}:{_CONTROL_PORT}"),
        wire=Wire(
            interface="lo",
            link=f"http://{host}:{_CONTROL_PORT}",
            # Two requests for the time are seen, whenever the watch begins.
            seconds=2.2 * _NTP_INTERVAL_S,
            own_addresses=(_HARNESS,),
        ),
        time_servers=(f"{host}:{time_port}",),
        rulings={"R-011": "predicted"},
        online_seconds=3.0,
        clock_seconds=10.0,
        gb28181=registrar(ground, network),
        police_networks=(_POLICE_NETWORK,),
        simulated=True,
    )
    return site, plan
