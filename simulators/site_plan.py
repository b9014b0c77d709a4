"""What a simulated site holds, as plain data that crosses a process border as JSON."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from simulators.camera.state import EncoderSettings, Identity

_STANDARD_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True)
class CameraPlan:
    """One simulated camera: address, identity, settings, behaviours.

    ``uplink`` lets it talk to the platform stand-in all the time, so that there is a wire to
    watch. The password is a setting of a simulated device, made for the run, never a real one's.
    ``scenes`` are those whose pictures are made before the site says that it is ready.

    ``ntp_interval_s`` is how often it asks the site's time server and follows it; 0: never.

    ``gb28181`` are its GB/T 28181 settings (``simulators.camera.gb28181.settings``); None: it
    does not speak GB/T 28181. ``captioned``: the clock and the channel's name are in its live
    pictures there.
    """

    point: str
    address: str
    name: str = "camera"
    model: str = "SIM-2M"
    scopes: tuple[str, ...] = ("onvif://www.onvif.org/IP/IP66",)
    interface: str = "ethernet"
    user: str = "admin"
    password: str = "Tantou-2026-sim"
    audio_encoding: str = "PCMA"
    main: Mapping[str, Any] = field(default_factory=dict)
    behaviours: tuple[str, ...] = ()
    uplink: bool = False
    scenes: tuple[str, ...] = ("day", "night", "lamp-off", "third", "zoomed")
    ntp_interval_s: float = 0.0
    ports: Mapping[str, int] = field(default_factory=lambda: dict(_STANDARD_PORTS))
    gb28181: Mapping[str, Any] | None = None
    captioned: bool = False

    def identity(self) -> Identity:
        """What the device says of itself."""
        return Identity(
            name=self.name,
            model=self.model,
            serial=self.point[-8:],
            scopes=tuple(self.scopes),
            interface=self.interface,
        )

    def main_encoder(self) -> EncoderSettings:
        """The main stream's settings: 1080p25 H.264 unless the plan says otherwise."""
        settings: dict[str, Any] = {
            "token": "main",
            "encoding": "H264",
            "width": 1920,
            "height": 1080,
            "frame_rate": 25,
            "bitrate_kbps": 4096,
            "gop": 50,
        }
        return EncoderSettings(**(settings | dict(self.main)))


@dataclass(frozen=True)
class PlatformPlan:
    """A simulated operator's platform that registers with an upper one, and a camera on it.

    ``gb28181`` are its settings towards the upper platform, as of a camera; ``camera`` and
    ``camera_address`` are of the camera that registers on it.
    """

    point: str
    address: str
    gb28181: Mapping[str, Any]
    camera: str
    camera_address: str
    password: str = "Tantou-2026-sim"
    behaviours: tuple[str, ...] = ()


@dataclass(frozen=True)
class SitePlan:
    """A simulated site: its cameras, its light box and behaviour switch, its clock source.

    ``control``, ``time_server`` are ``(address, port)``. ``platforms`` register with the harness.
    """

    cameras: tuple[CameraPlan, ...]
    control: tuple[str, int]
    time_server: tuple[str, int] | None = None
    platform: str = ""
    cache: str = ""
    platforms: tuple[PlatformPlan, ...] = ()

    def to_json(self) -> str:
        """The plan as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, content: str) -> SitePlan:
        """The plan that ``to_json`` wrote.

        Raises:
            ValueError: it is not one.
        """
        try:
            document = json.loads(content)
            cameras = tuple(
                CameraPlan(
                    **{
                        **camera,
                        "scopes": tuple(camera.get("scopes", ())),
                        "behaviours": tuple(camera.get("behaviours", ())),
                        "scenes": tuple(camera.get("scenes", ())),
                    }
                )
                for camera in document.pop("cameras")
            )
            control = document.pop("control")
            server = document.pop("time_server", None)
            platforms = tuple(
                PlatformPlan(**{**one, "behaviours": tuple(one.get("behaviours", ()))})
                for one in document.pop("platforms", ())
            )
            return cls(
                cameras=cameras,
                control=(control[0], control[1]),
                time_server=None if server is None else (server[0], server[1]),
                platforms=platforms,
                **document,
            )
        except (KeyError, TypeError, IndexError, json.JSONDecodeError) as error:
            raise ValueError(f"not a site plan: {error}") from error


@dataclass(frozen=True)
class Ground:
    """Which addresses and ports this machine lets simulated devices have.

    ``own_addresses`` is true where each camera may have a loopback address of its own (Linux),
    ``standard_ports`` where it may listen below 1024 there.
    """

    own_addresses: bool
    standard_ports: bool

    @classmethod
    def of_this_machine(cls, address: str = "127.20.0.250") -> Ground:
        """Try it out with a socket."""
        return cls(_may_bind(address, 0), _may_bind(address, 554))

    def place(self, number: int, network: str = "127.20") -> tuple[str, dict[str, int]]:
        """Address and ports of camera ``number`` (from 0)."""
        if not self.own_addresses:
            base = 20_000 + number * 10
            return "127.0.0.1", {name: base + offset for offset, name in enumerate(_STANDARD_PORTS)}
        address = f"{network}.{1 + number // 250}.{1 + number % 250}"
        if self.standard_ports:
            return address, dict(_STANDARD_PORTS)
        return address, {name: 10_000 + port for name, port in _STANDARD_PORTS.items()}


def may_listen(address: str, port: int) -> bool:
    """Whether nobody listens on ``port`` of ``address`` and this process may."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
            trial.listen(1)
        except OSError:
            return False
    return True


def _may_bind(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError:
            return False
    return True
