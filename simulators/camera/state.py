"""What a simulated camera is and how it is set at the moment; its services read and change it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from protocols.time_source import SystemTime, TimeSource


@dataclass
class EncoderSettings:
    """One video encoder configuration, as ONVIF can set it and RTSP streams it."""

    token: str
    encoding: str  # "H264" | "H265" | "JPEG"
    width: int
    height: int
    frame_rate: int
    bitrate_kbps: int
    gop: int


@dataclass
class Identity:
    """What the device says of itself."""

    manufacturer: str = "Tantou"
    model: str = "SIM-2M"
    firmware: str = "1.0.0"
    serial: str = "0001"
    hardware: str = "A1"
    name: str = "camera"
    scopes: tuple[str, ...] = ("onvif://www.onvif.org/IP/IP66",)
    interface: str = "ethernet"  # "ethernet" | "wifi" | "4g"


@dataclass
class CameraState:
    """The shared state of one simulated camera.

    ``strengths`` are those of the faults of its picture where they are not the usual ones,
    ``faults_from_s`` the seconds after PLAY when these begin.

    ``light`` is the scene around the camera (``day``, ``night``, ``high-contrast``), set by the
    simulated light box; ``white_light`` is the camera's own lamp; ``zoom_position`` says where the
    zoom drive stands, from 0 (wide) to 1. ``captioned``: its live pictures
    over GB/T 28181 show the clock and the name of the channel. ``time_server`` is the NTP server
    that somebody set, "" while it is the installer's.
    """

    address: str
    point: str
    identity: Identity = field(default_factory=Identity)
    strengths: dict[str, float] = field(default_factory=dict)
    faults_from_s: float = 0.0
    user: str = "admin"
    password: str = "Tantou-2026-sim"
    anonymous_rtsp: bool = False
    main: EncoderSettings = field(
        default_factory=lambda: EncoderSettings("main", "H264", 1920, 1080, 25, 4096, 50)
    )
    sub: EncoderSettings = field(
        default_factory=lambda: EncoderSettings("sub", "H264", 640, 360, 25, 512, 50)
    )
    third: EncoderSettings = field(
        default_factory=lambda: EncoderSettings("third", "JPEG", 1280, 720, 10, 4096, 1)
    )
    audio_encoding: str = "PCMA"  # "PCMA" | "PCMU" | "G726" | "G7221" | "AAC" | "" (none)
    light: str = "day"
    white_light: str = "auto"  # "auto" | "on" | "off"
    ir_cut: str = "AUTO"
    wide_dynamic_range: str = "OFF"
    tone_compensation: str = "OFF"
    zoom_position: Callable[[], float] = lambda: 0.0
    captioned: bool = False
    time_server: str = ""
    behaviours: set[str] = field(default_factory=set)
    clock: TimeSource = field(default_factory=SystemTime)
    ports: dict[str, int] = field(
        default_factory=lambda: {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
    )

    def __setattr__(self, name: str, value: object) -> None:
        if name == "light" and value != self.__dict__.get("light", value):
            self.__dict__["_light_changed"] = time.monotonic()
        super().__setattr__(name, value)

    @property
    def light_age(self) -> float:
        """Seconds since the light around the camera last changed, infinite before."""
        changed: float = self.__dict__.get("_light_changed", -math.inf)
        return time.monotonic() - changed

    def has(self, behaviour: str) -> bool:
        """Whether the named defect or variant is switched on."""
        return behaviour in self.behaviours

    def switch(self, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        """Switch behaviours on and off at run time."""
        self.behaviours |= set(on)
        self.behaviours -= set(off)
