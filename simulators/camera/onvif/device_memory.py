"""What the ONVIF services of one camera remember beyond the state shared with its streams."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.behaviours import defect, variant
from simulators.camera.lamp import Command, command, offers_infrared, offers_white_light
from simulators.camera.onvif.axis import Axis
from simulators.camera.onvif.event_queue import Events, lacks_input
from simulators.camera.onvif.security import Guard
from simulators.camera.onvif.soap import SoapError
from simulators.camera.state import CameraState, EncoderSettings

MEDIA1_ONLY = variant("media1-only", "Only the Media service version 1 is offered.")
MEDIA2_ONLY = variant("media2-only", "Only the Media service version 2 is offered.")
NO_PTZ = variant("no-ptz", "A fixed camera: no PTZ service.")
RELAY_INVERTED = defect(
    "relay-inverted", "The relay output does the opposite of what it is commanded."
)
OUTPUT_INVERTED = defect(
    "output-inverted", "The alarm output does the opposite of what it is commanded."
)
NO_ALARM_OUTPUT = defect(
    "no-alarm-output", "The camera has no alarm output, by ONVIF or by GB/T 28181."
)
HOSTNAME_URIS = variant("hostname-uris", "Addresses in answers hold the host name, not the number.")
URI_WITHOUT_PORT = variant(
    "uri-without-port", "URIs leave the port out where it is the protocol's own."
)
MANY_PROFILES = variant("many-profiles", "48 media profiles instead of three.")

_DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
_EXTRA_PROFILES = 45
_LAMP_WORDS: dict[str, Command] = {"On": "on", "Off": "off", "Auto": "auto"}

REBOOT_S = 2.0
"""How long the device is away when it restarts."""


@dataclass
class User:
    """A user of the device; ``level`` as in ``tt:UserLevel``."""

    level: str
    password: str


@dataclass
class Relay:
    """A relay output."""

    active: bool = False
    mode: str = "Bistable"
    delay: str = "PT0S"
    idle: str = "open"

    @property
    def closed(self) -> bool:
        """Whether the contact is closed: in the idle state or not (ONVIF Device I/O 5.7)."""
        return self.active == (self.idle == "open")


@dataclass
class Mount:
    """Pan, tilt and zoom in the generic normalised spaces."""

    pan: Axis = field(default_factory=lambda: Axis(-1, 1, 0))
    tilt: Axis = field(default_factory=lambda: Axis(-1, 1, 0))
    zoom: Axis = field(default_factory=lambda: Axis(0, 1, 0))
    home: tuple[float, float, float] = (0.0, 0.0, 0.0)
    presets: dict[str, tuple[str, tuple[float, float, float]]] = field(default_factory=dict)

    def position(self, now: float) -> tuple[float, float, float]:
        """Pan, tilt and zoom."""
        return self.pan.position(now), self.tilt.position(now), self.zoom.position(now)


@dataclass(frozen=True)
class Profile:
    """A media profile: its token, name, and the stream (``main``, ``sub``, ``third``) behind it."""

    token: str
    name: str
    stream: str


_PROFILES = (
    Profile("profile_main", "mainStream", "main"),
    Profile("profile_sub", "subStream", "sub"),
    Profile("profile_third", "thirdStream", "third"),
)
_MORE_PROFILES = tuple(
    Profile(f"profile_{index}", f"extra {index}", "sub") for index in range(_EXTRA_PROFILES)
)


class DeviceMemory:
    """One camera as its ONVIF services see it."""

    def __init__(self, state: CameraState) -> None:
        self.state = state
        self.guard = Guard(state)
        self.events = Events(state)
        self.host_name = state.identity.name
        self.scopes = list(state.identity.scopes)
        self.more_users: dict[str, User] = {}
        self.time_zone = ""
        self.time_type = "NTP"
        self.ntp_from_dhcp = False
        self.ntp_servers = ["127.0.0.1"]
        self._relays = {"relay_0": Relay()}
        self.mount = Mount()
        state.zoom_position = lambda: self.mount.zoom.position(self.now)
        self.focus = Axis(0, 1, 0.5)
        self.imaging = {
            "backlight": "OFF",
            "exposure": "AUTO",
            "exposure_time": "20000",
            "gain": "10",
            "focus": "AUTO",
            "brightness": "50",
            "saturation": "50",
            "contrast": "50",
            "sharpness": "50",
        }
        self.away_until = 0.0

    @property
    def relays(self) -> dict[str, Relay]:
        """The relay outputs by token."""
        return {} if self.state.has(NO_ALARM_OUTPUT) else self._relays

    @property
    def now(self) -> float:
        """Monotonic seconds, for what moves."""
        return self.state.clock.monotonic()

    def services(self) -> frozenset[str]:
        """The prefixes of the services that are offered."""
        offered = {"tds", "trt", "tr2", "timg", "tptz", "tmd", "tev"}
        for behaviour, prefix in ((MEDIA1_ONLY, "tr2"), (MEDIA2_ONLY, "trt"), (NO_PTZ, "tptz")):
            if self.state.has(behaviour):
                offered.discard(prefix)
        return frozenset(offered)

    def uri(self, scheme: str, path: str) -> str:
        """An address of this device; ``scheme`` is http, https, rtsp or rtsps."""
        host = f"{self.host_name}.local" if self.state.has(HOSTNAME_URIS) else self.state.address
        port = self.state.ports[scheme]
        plain = self.state.has(URI_WITHOUT_PORT) and port == _DEFAULT_PORTS[scheme]
        return f"{scheme}://{host}{'' if plain else f':{port}'}{path}"

    def profiles(self) -> tuple[Profile, ...]:
        """The media profiles, the main stream's first."""
        return _PROFILES + (_MORE_PROFILES if self.state.has(MANY_PROFILES) else ())

    def encoder(self, stream: str) -> EncoderSettings:
        """The encoder settings of a stream."""
        settings = {"main": self.state.main, "sub": self.state.sub, "third": self.state.third}
        return settings[stream]

    def digital_inputs(self) -> tuple[str, ...]:
        """Tokens of the alarm inputs."""
        return () if lacks_input(self.state) else ("input_0",)

    def auxiliary_commands(self) -> tuple[str, ...]:
        """The auxiliary commands that are offered (ONVIF Core 8.6.1)."""
        offers = {"tt:WhiteLight": offers_white_light, "tt:IRLamp": offers_infrared}
        lamps = [lamp for lamp, offered in offers.items() if offered(self.state)]
        return tuple(f"{lamp}|{word}" for lamp in lamps for word in _LAMP_WORDS)

    def auxiliary_command(self, text: str) -> str:
        """Obey an auxiliary command and give the answer to it.

        Raises:
            SoapError: it is not offered.
        """
        if text not in self.auxiliary_commands():
            raise SoapError(
                "no such auxiliary command", "ter:InvalidArgVal", "ter:AuxiliaryDataNotSupported"
            )
        command(self.state, _LAMP_WORDS[text.partition("|")[2]])
        return "OK"

    def reboot(self) -> None:
        """Go away for ``REBOOT_S``; subscriptions end and what moves stands still."""
        self.away_until = self.now + REBOOT_S
        self.events.close()
        for axis in (self.mount.pan, self.mount.tilt, self.mount.zoom, self.focus):
            axis.stop(self.now)

    def level_of(self, user: str) -> str | None:
        """The ``tt:UserLevel`` of a user, None when there is none."""
        if user == self.state.user:
            return "Administrator"
        return self.more_users[user].level if user in self.more_users else None

    def password_of(self, user: str) -> str | None:
        """The password of a user, None when there is none."""
        if user == self.state.user:
            return self.state.password
        return self.more_users[user].password if user in self.more_users else None

    def command_relay(self, token: str, active: bool) -> None:
        """Switch a relay and tell of it."""
        relay = self.relays[token]
        inverted = self.state.has(RELAY_INVERTED) or self.state.has(OUTPUT_INVERTED)
        relay.active = active != inverted
        self.events.emit(
            "tns1:Device/Trigger/Relay",
            {"RelayToken": token},
            {"LogicalState": "active" if relay.active else "inactive"},
        )
