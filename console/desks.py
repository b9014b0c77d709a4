"""Wires a site to the visits: each point becomes a camera target, each need a circumstance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from assessment.recording import Recording
from assessment.store import RunStore
from console.attendant import ConsoleAttendant
from console.simulated_site import Simulators
from console.wire_visit import wire_recorder
from hardware_rigs.http_rig import (
    HttpGb28181Rig,
    HttpLightBox,
    HttpPlatformRig,
    HttpPowerPorts,
    HttpSceneRig,
)
from hardware_rigs.ssh_switch import SshSwitch, SwitchAddress
from protocols.time_source import SystemTime
from simulators import certificates
from standard.catalogue import Requirement
from targets.camera import CameraOptions, CameraTarget, parse_camera
from targets.credentials import PasswordSource, Secret
from targets.gb28181 import UpperPlatform
from targets.gb28181.record import DeviceRecord
from targets.light import SceneLight, ScheduleLight
from targets.platform.adapters import open_port
from targets.platform.target import PlatformTarget
from targets.power_port import PowerPorts
from targets.site import Point, Site
from visits.circumstances import Circumstances, Lengths, PlatformAtHand
from visits.desk import Recorder, VisitDesk
from visits.events import EVENT_KINDS
from visits.imaging import IMAGING_KINDS
from visits.platform.kinds import PLATFORM_RECORDERS
from visits.reference import HostReference

#: Called as each recording is there: kind, point name, whether it went well.
Progress = Callable[[str, str, Recording], None]


#: The order in which one camera is visited: daylight first, what may lock it out last.
_ORDER = (
    "description",
    "snapshot",
    "stream:day",
    "stream:sub",
    "clock",
    "wire",
    "online",
    *EVENT_KINDS,
    "alarm-output",
    "gb28181:queries",
    "gb28181:live",
    "gb28181:control",
    "gb28181:records",
    "gb28181:alarm",
    "gb28181:broadcast",
    "gb28181:clock",
    "lens",
    *IMAGING_KINDS,
    "stream:night",
    # From here to the passwords, pictures are taken while the device's signalling is waited for.
    "stream:codec-h264",
    "stream:codec-mjpeg",
    "stream:codec-h265",
    "white-light",
    "gb28181:keepalive",
    "gb28181:registration",
    "gb28181:protection",
    "passwords",
    # Last: a camera that does not come back after a cut answers nobody any more.
    "power",
    *PLATFORM_RECORDERS,
)


def kinds_in_order(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """The kinds of visit that ``requirements`` need, each once."""
    needed = {kind for requirement in requirements for kind in requirement.visits}
    return tuple(kind for kind in _ORDER if kind in needed)


class PointDesk:
    """The desk as steps see it: asked with points of the inventory."""

    def __init__(
        self,
        desk: VisitDesk,
        store: RunStore,
        targets: Mapping[str, CameraTarget],
        progress: Progress,
    ) -> None:
        self._desk = desk
        self._store = store
        self._targets = targets
        self._progress = progress

    def begin(self, kinds: Mapping[str, Sequence[str]]) -> None:
        """Start all visits that will be asked for; ``kinds`` by point id."""

        def told(what: str, camera: CameraTarget, recording: Recording) -> None:
            self._progress(what, camera.name, recording)

        self._desk.begin(kinds, self._targets.values(), told)

    def visit_all(self, kind: str, points: Sequence[Point]) -> Mapping[str, Recording]:
        """One recording of ``kind`` per point, by point id."""

        def told(what: str, camera: CameraTarget, recording: Recording) -> None:
            self._progress(what, camera.name, recording)

        targets = [self._targets[point.id] for point in points]
        return self._desk.visit_all(kind, targets, told)

    def history(self, kind: str, point: Point) -> Sequence[Recording]:
        """All kept recordings of ``kind`` of ``point``, oldest first."""
        return list(self._store.recordings(kind, point.id))


def camera_targets(site: Site, passwords: PasswordSource) -> dict[str, CameraTarget]:
    """Every point as a camera target; passwords are looked up when first needed."""
    options = CameraOptions(ca_file=site.certificate_authority)
    targets = {}
    for point in site.points:
        if point.platform is not None:
            targets[point.id] = _platform_as_camera(point, passwords)
            continue
        bare = parse_camera(point.uri, point=point.id, name=point.name, options=options)
        targets[point.id] = parse_camera(
            point.uri,
            point=point.id,
            name=point.name,
            options=options,
            secret=partial(passwords.find, point.id, bare.host, bare.user),
            device_id=point.gb28181,
        )
    return targets


def _platform_as_camera(point: Point, passwords: PasswordSource) -> CameraTarget:
    """The operator's platform as the desk knows it."""
    target = platform_target(point, passwords)
    return CameraTarget(
        point=point.id,
        name=point.name,
        scheme="platform",
        host=target.host,
        port=target.port,
        user=target.access.user,
        secret=target.secret,
        device_id=target.access.device_id,
    )


def platform_target(point: Point, passwords: PasswordSource) -> PlatformTarget:
    """The operator's platform at ``point``; its password is looked up when first needed."""
    bare = PlatformTarget.of(point, lambda: None)
    if bare.access.adapter != "reference":
        return bare
    return PlatformTarget.of(point, partial(passwords.find, point.id, bare.host, bare.access.user))


def platforms_of(
    site: Site, passwords: PasswordSource, registrar: UpperPlatform | None
) -> dict[str, PlatformAtHand]:
    """The operator's platforms of ``site`` by point, and how each is worked."""
    time_source, attendant = SystemTime(), ConsoleAttendant.of_this_process()
    at_hand = {}
    for point in site.platforms:
        target = platform_target(point, passwords)
        rig = target.access.rig
        at_hand[point.id] = PlatformAtHand(
            target,
            partial(open_port, target, time_source, attendant=attendant, registrar=registrar),
            HttpPlatformRig(rig, time_source=time_source) if rig else None,
            site.wire.interface if site.wire is not None else "",
        )
    return at_hand


def registrar_of(
    site: Site, passwords: PasswordSource, known: Mapping[str, DeviceRecord]
) -> UpperPlatform | None:
    """Where the devices of ``site`` register, ``None`` when it does not say.

    ``known`` are devices that have just registered at the same address.
    """
    if site.gb28181 is None:
        return None
    points = {point.gb28181: point for point in site.points if point.gb28181}

    def password_of(device: str) -> Secret | None:
        point = points.get(device)
        return None if point is None else passwords.find(point.id, "", device)

    server_tls = None
    if site.simulated:
        server_tls = certificates.server_context(site.gb28181.address)
    platform = UpperPlatform(
        site.gb28181,
        password_of,
        server_tls=server_tls,
        keepalive_seconds=1.0 if site.simulated else 60.0,
    )
    platform.adopt(known)
    if site.simulated:
        platform.authority = certificates.authority_file().read_text(encoding="ascii")
    return platform


def power_of(site: Site, passwords: PasswordSource) -> PowerPorts | None:
    """What feeds the cameras of ``site`` over Ethernet, ``None`` where nothing can be read."""
    rig = site.power
    if rig is None:
        return None
    if rig.http:
        return HttpPowerPorts(rig.http, time_source=SystemTime())
    parts = urlsplit(rig.switch)
    host, user = parts.hostname or "", parts.username or ""
    address = SwitchAddress(host, parts.port or 22, user, rig.host_key)
    # Looked for now: nobody is asked for a password in the middle of a run.
    secret = passwords.find("SWITCH", host, user)
    return SshSwitch(address, lambda: secret, rig.profile, rig.ports)


def circumstances_of(
    site: Site,
    intrusive: bool,
    registrar: UpperPlatform | None = None,
    platforms: Mapping[str, PlatformAtHand] | None = None,
    power: PowerPorts | None = None,
    simulators: Sequence[Simulators] = (),
) -> Circumstances:
    """What the site and the options give to every visit."""
    time_source = SystemTime()
    places = {
        point.id: (point.latitude, point.longitude)
        for point in site.points
        if point.latitude is not None and point.longitude is not None
    }
    light: SceneLight = ScheduleLight(places, time_source=time_source)
    if site.light_box:
        light = HttpLightBox(
            site.light_box, time_source=time_source, settle_seconds=1.0 if site.simulated else 10.0
        )
    quick = Lengths(
        clock=site.clock_seconds,
        # Twenty polls keep the interval within 60 ms of a camera on a mobile network.
        clock_polls=12 if site.simulated else 20,
        online_polls=3,
        online_interval=max(0.5, site.online_seconds / 3),
        candidate_interval=0.1 if site.simulated else 1.0,
    )
    rig = None
    if site.gb28181 is not None and site.gb28181.rig:
        rig = HttpGb28181Rig(site.gb28181.rig, time_source=time_source)
    scene_rig = None
    if site.scene_rig:
        scene_rig = HttpSceneRig(site.scene_rig, time_source=time_source)
    if site.power is not None:
        quick = replace(quick, power_return=site.power.return_seconds)
    return Circumstances(
        time_source=time_source,
        reference=HostReference(site.time_servers, time_source=time_source),
        light=light,
        intrusive=intrusive,
        lengths=quick.with_quick_devices() if site.simulated else quick,
        gb28181=registrar,
        gb28181_rig=rig,
        scene_rig=scene_rig,
        power=power,
        platforms=platforms or {},
        late_elsewhere=partial(_late, simulators),
    )


def _late(simulators: Sequence[Simulators], since: float, until: float) -> float:
    return max((one.late_between(since, until) for one in simulators), default=0.0)


def recorders_of(site: Site) -> dict[str, Recorder]:
    """The kinds of visit that need the site itself."""
    return {"wire": wire_recorder(site)}


def open_desk(
    site: Site,
    store: RunStore,
    passwords: PasswordSource,
    *,
    intrusive: bool = False,
    allow_visits: bool = True,
    at_once: int = 16,
    known: Mapping[str, DeviceRecord] | None = None,
    simulators: Sequence[Simulators] = (),
) -> tuple[VisitDesk, dict[str, CameraTarget]]:
    """The desk of a run and its targets; close the desk when done.

    ``known`` are devices that have just registered where the desk will listen; ``simulators`` run
    on this machine.
    """
    registrar = registrar_of(site, passwords, known or {})
    platforms = platforms_of(site, passwords, registrar)
    desk = VisitDesk(
        store,
        circumstances_of(
            site, intrusive, registrar, platforms, power_of(site, passwords), simulators
        ),
        at_once=at_once,
        allow_visits=allow_visits,
        recorders=recorders_of(site),
    )
    return desk, camera_targets(site, passwords)


def simulated_passwords(passwords: Mapping[str, str]) -> PasswordSource:
    """A source that knows the passwords of simulated devices and asks nobody."""
    names = {f"TANTOU_PASSWORD_{point}": password for point, password in passwords.items()}
    return PasswordSource(environment=names)


def log_file(folder: Path) -> Path:
    """Where the simulators of a run write their own messages."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "simulators.log"
