"""A site: its points, its platform, its rigs and its papers, as the site file declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assessment.declaration import Declaration, declaration_for
from assessment.region import Ring
from assessment.sampling import Plan

#: Scene types of clause 4.3.2, by which cameras are chosen.
SCENES = (
    "rural-square",
    "rural-path",
    "mixed-lane",
    "activity-place",
    "building-passage",
    "other",
)
ACCESS_TYPES = ("ethernet", "wifi", "4g", "5g", "fibre")
#: How the harness works the operator's platform, see ``targets.platform``.
PLATFORM_ADAPTERS = ("reference", "attended", "gb28181")
#: The ways of service of clause 4.1: docking of platforms, PC client, mobile client.
SERVICE_MODES = ("docking", "pc", "mobile")


@dataclass(frozen=True)
class Certificate:
    """A test certificate as transcribed from its paper.

    Attributes:
        code: the IP code it attests, as printed.
        model: model designation it covers.
        laboratory_mark: accreditation mark printed on it (CNAS, CMA, ...), "" if none.
        valid_until: ISO date, "" if none is printed.
        number: report number.
        file: the scanned paper, if there is one.
    """

    code: str
    model: str
    laboratory_mark: str = ""
    valid_until: str = ""
    number: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class PlatformAccess:
    """How the operator's platform is reached, and what the contract says of it.

    Attributes:
        uri: ``https://HOST[:PORT]`` of its service to users.
        adapter: one of ``PLATFORM_ADAPTERS``.
        user: an administrator's account; its password is looked up like a camera's.
        device_id: 20 digits by which it registers at an upper platform, "" when it has none.
        certificate_authority: PEM file, for a certificate that the system does not know.
        cameras: ids of channels that it serves; empty: those that it lists.
        device_ports: TCP ports that serve devices and not users.
        ntp_port: UDP port on which it serves time.
        concurrent_viewers: users who may view at the same time by contract; 0: not said.
        retention_days: days that pictures are kept by contract; 0: not said.
        modes: the ways of service by contract, of ``SERVICE_MODES``; empty: not said.
        rig: HTTP address of what restarts the platform, shifts its clock and searches its host;
            "" if nothing does.
    """

    uri: str
    adapter: str = "reference"
    user: str = "admin"
    device_id: str = ""
    certificate_authority: Path | None = None
    cameras: tuple[str, ...] = ()
    device_ports: tuple[int, ...] = ()
    ntp_port: int = 123
    concurrent_viewers: int = 0
    retention_days: int = 0
    modes: tuple[str, ...] = ()
    rig: str = ""


@dataclass(frozen=True)
class Marker:
    """A QR code held up before a camera, square to it: its side and its distance in metres."""

    width: float
    distance: float


@dataclass(frozen=True)
class Point:
    """One point of the inventory: a camera at a place, or the operator's platform.

    ``uri`` is how the harness reaches the device (``onvif://USER@HOST``, ``rtsp://...``,
    ``gb28181://DEVICE``); a password in it is refused by the site file reader. ``gb28181`` is the
    id by which the device registers, "" when it is not known to. ``declared`` holds properties
    that papers state (``ip_code``, ``model``, ``supply``...), compared with what is found.
    ``platform`` says how a platform is worked that is itself accepted. ``declaration`` is the file
    of ``Site.declarations`` that speaks of this device alone, "" for the one of its model.
    ``marker`` is in view by day, if anything of known size is.
    """

    id: str
    name: str
    uri: str
    location: str = ""
    scene: str = "other"
    indoor: bool = False
    access: str = ""
    longitude: float | None = None
    latitude: float | None = None
    declared: Mapping[str, str] = field(default_factory=dict)
    certificate: Certificate | None = None
    password_policy: Mapping[str, Any] | None = None
    gb28181: str = ""
    platform: PlatformAccess | None = None
    declaration: str = ""
    marker: Marker | None = None

    @property
    def registers_as_platform(self) -> bool:
        """Whether a platform registers here and not a camera (GB/T 28181-2016 annex D: 200)."""
        return self.gb28181[10:13] == "200"

    @property
    def is_platform(self) -> bool:
        """Whether there is a platform here and not a camera."""
        return self.platform is not None or self.registers_as_platform


@dataclass(frozen=True)
class Gb28181Listen:
    """Where the harness waits for GB/T 28181 devices, as registrar and upper platform.

    Attributes:
        address: IP address of this machine that the devices are pointed at.
        port: of SIP over UDP and TCP; 0 picks one.
        tls_port: of SIP over TLS; ``None``: not offered.
        server_id: 20 digits, type 200 (GB/T 28181-2016, annex D).
        domain, realm: usually the first ten digits of ``server_id``, which "" stands for.
        certificate: PEM file of the platform's certificate, its chain and its key, for TLS; "" if
            there is none.
        key: PEM file of the key where ``certificate`` does not hold it, else "".
        rig: HTTP address of what switches a device's registration and alarm input, "" if
            nothing does.
    """

    address: str
    port: int = 5060
    tls_port: int | None = None
    server_id: str = "61010200002000000001"
    domain: str = ""
    realm: str = ""
    rig: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def own_domain(self) -> str:
        """The SIP domain in force."""
        return self.domain or self.server_id[:10]

    @property
    def own_realm(self) -> str:
        """The digest realm in force."""
        return self.realm or self.own_domain


@dataclass(frozen=True)
class Wire:
    """Where camera traffic can be watched: a live interface or capture files.

    ``link`` is the address of a rig that can pull and plug a camera's cable, "" if there is none.
    """

    interface: str = ""
    link: str = ""
    files: tuple[Path, ...] = ()
    seconds: float = 10.0
    own_addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class PowerRig:
    """What feeds cameras over Ethernet: an HTTP rig or a managed switch.

    Attributes:
        http: address of the rig, "" for a switch.
        switch: ``ssh://USER@HOST[:PORT]``, "" for a rig; its password is looked for like a
            camera's, as that of the point ``SWITCH``.
        profile: the sort of switch, see ``hardware_rigs/switch_profiles.yaml``.
        host_key: ``SHA256:...`` by which the switch is recognised; "": this machine's known_hosts.
        ports: the switch's name of the port by point.
        return_seconds: within which a camera must be back after its supply was cut.
    """

    http: str = ""
    switch: str = ""
    profile: str = ""
    host_key: str = ""
    ports: Mapping[str, str] = field(default_factory=dict)
    return_seconds: float = 180.0


@dataclass(frozen=True)
class Exclusion:
    """A requirement declared as not applicable, with the reason for it."""

    requirement: str
    reason: str


@dataclass(frozen=True)
class Site:
    """Everything a run needs to know of the site before it visits anything.

    ``picture_profile`` and ``gb37300_profile`` are files with limits of picture quality, in the
    place of the bundled ones (``standard.quality_profile``).

    ``region`` are outer rings of (longitude, latitude) within which its points lie; empty: the
    province that their ids name. ``declarations`` are what vendors state of cameras.
    ``power`` is what feeds cameras over Ethernet and can be read.
    """

    name: str
    points: tuple[Point, ...]
    platform_addresses: tuple[str, ...] = ()
    platform_reports: Mapping[str, Any] = field(default_factory=dict)
    sampling: Plan = field(default_factory=Plan)
    light_box: str = ""
    scene_rig: str = ""
    wire: Wire | None = None
    time_servers: tuple[str, ...] = ()
    certificate_authority: Path | None = None
    evidence: Path | None = None
    picture_profile: Path | None = None
    gb37300_profile: Path | None = None
    exclusions: tuple[Exclusion, ...] = ()
    rulings: Mapping[str, str] = field(default_factory=dict)
    waivers: Path | None = None
    online_seconds: float = 6.0
    clock_seconds: float = 23.0
    simulated: bool = False
    gb28181: Gb28181Listen | None = None
    police_networks: tuple[str, ...] = ()
    region: tuple[Ring, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    power: PowerRig | None = None

    def declaration(self, point: Point, told_model: str = "") -> Declaration | None:
        """What is declared of the camera at ``point``, which calls itself ``told_model``."""
        inventory = point.declared.get("model")
        return declaration_for(self.declarations, point.declaration, inventory, told_model)

    @property
    def cameras(self) -> tuple[Point, ...]:
        """The points at which there is a camera."""
        return tuple(point for point in self.points if not point.is_platform)

    @property
    def platforms(self) -> tuple[Point, ...]:
        """The platforms that are accepted themselves."""
        return tuple(point for point in self.points if point.platform is not None)

    def point(self, identifier: str) -> Point:
        """The point with ``identifier``.

        Raises:
            KeyError: the inventory has none.
        """
        for point in self.points:
            if point.id == identifier:
                return point
        raise KeyError(identifier)
