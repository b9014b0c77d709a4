"""What every visit is given besides the camera: clocks, light, permissions and lengths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from protocols.time_source import SystemTime, TimeSource
from targets.camera import CameraTarget
from targets.errors import VisitProblem
from targets.gb28181 import RegisteredDevice, UpperPlatform
from targets.gb28181.rig import Gb28181Rig
from targets.light import Level, NoRig, SceneLight
from targets.onvif_media import CameraMedia
from targets.platform import PlatformPort
from targets.platform.rig import PlatformRig
from targets.platform.target import PlatformTarget
from targets.power_port import PowerPorts
from targets.scene_rig import SceneRig
from targets.transcript import Transcript
from visits.draft import Draft

PCAP, SDP, XML, JPEG = (
    "application/vnd.tcpdump.pcap",
    "application/sdp",
    "application/xml",
    "image/jpeg",
)


@dataclass(frozen=True)
class Lengths:
    """How long and how often, in seconds and counts.

    Attributes:
        main, other: of the main stream; of a sub-stream or a stream in a named codec.
        lamp: of each of the three white light captures.
        lamp_settles: wait after a lamp command for lamp and exposure.
        imaging_settles: wait after a function of the sensor was switched.
        lens_move: how long a zoom without positions is driven.
        lens_stands: bound of waiting for a zoom to stand.
        lens_settles: for the focus to follow a zoom.
        power_off: until a camera whose supply is cut is silent.
        power_return: within which it must be back.
        power_poll: between two looks.
        clock, clock_polls: of a clock visit.
        online_polls, online_interval: planned polls and the time between their starts.
        candidates: passwords tried for each account and service at most.
        candidate_interval: between two tries.
        visit: bound of any visit; a visit with a longer plan adds its own.
        gb_come: how long a device that registers is waited for.
        gb_react: for what a device does at its next keepalive or retry.
        gb_refuse: how long registrations are refused: two retries of a real device.
        gb_granted: seconds of registration granted, to see a refresh.
        gb_watch: of keepalives.
        gb_live, gb_after_bye: of a GB/T 28181 stream; of the look at what comes after BYE.
        gb_move: of one movement of the lens.
        gb_patrol: how long a patrol is watched.
        gb_return: how long a device that was restarted is waited for.
        gb_subscribed: seconds of a subscription that is to run out.
        gb_play: of each stretch of a playback.
        gb_answer: bound of one answer.
        event_quiet: looking on while nothing is played before the camera.
        event_wait: for what is told of an event.
        platform_react: for what a platform does at once: it ends a session, a stream.
        platform_ports: TCP ports that are scanned.
        platform_stream: of one live stream, and of each stretch of a playback.
        platform_move: of one movement that a platform orders.
        platform_settle: until a camera stands still and the picture shows it.
        platform_dwell: at each stop of a patrol.
        page_paces: of a playback that is watched in a browser.
    """

    main: float = 10.0
    other: float = 3.0
    lamp: float = 2.0
    lamp_settles: float = 0.5
    imaging_settles: float = 8.0
    lens_move: float = 1.0
    lens_stands: float = 15.0
    lens_settles: float = 6.0
    power_off: float = 20.0
    power_return: float = 180.0
    power_poll: float = 1.0
    clock: float = 15.0
    clock_polls: int = 12
    online_polls: int = 3
    online_interval: float = 5.0
    candidates: int = 6
    candidate_interval: float = 1.0
    visit: float = 60.0
    gb_come: float = 120.0
    gb_react: float = 100.0
    gb_refuse: float = 150.0
    gb_granted: int = 120
    gb_watch: float = 200.0
    gb_live: float = 10.0
    gb_after_bye: float = 8.0
    gb_move: float = 2.0
    gb_patrol: float = 40.0
    gb_return: float = 300.0
    gb_subscribed: int = 30
    gb_play: float = 10.0
    gb_answer: float = 10.0
    event_quiet: float = 20.0
    event_wait: float = 20.0
    platform_react: float = 5.0
    platform_ports: Sequence[int] = range(1, 65_536)
    platform_stream: float = 10.0
    platform_move: float = 2.0
    platform_settle: float = 4.0
    platform_dwell: float = 10.0
    page_paces: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 16.0, 0.5, 0.25, 0.125)

    def with_quick_devices(self) -> Lengths:
        """For devices that keep alive every second and retry as fast: those of a simulator."""
        return replace(
            self, gb_come=30.0, gb_react=8.0, gb_refuse=5.0, gb_granted=4, gb_watch=5.0,
            gb_live=3.0, gb_after_bye=1.5, gb_move=1.2, gb_patrol=4.5,
            gb_return=6.0, gb_subscribed=2, gb_play=4.0, gb_answer=6.0,
            event_quiet=1.5, event_wait=8.0, imaging_settles=0.5, lens_settles=0.5,
            power_off=4.0, power_return=5.0, power_poll=0.1,
            # A simulated platform shares its machine with services that are not its own.
            platform_ports=(80, 443, 554, 1935, 5060, 5061, 8080, 8443), platform_stream=4.0,
            platform_move=0.8, platform_settle=1.0, platform_dwell=2.0,
            page_paces=(1.0, 4.0, 0.5),
        )  # fmt: skip


def never_late(_since: float, _until: float) -> float:
    """Real devices have machines of their own."""
    return 0.0


async def unknown_reference() -> Mapping[str, Any]:
    """The machine's clock when nobody has compared it: its error is unknown."""
    return {"error_s": None, "source": "unknown"}


@dataclass(frozen=True)
class PlatformAtHand:
    """A platform that is accepted itself.

    Attributes:
        target: what the site says of it.
        open: begins to work it; whoever calls closes.
        rig: what works its machine, ``None`` when nothing does.
        interface: where this machine's own traffic with it can be watched, "" for nowhere.
    """

    target: PlatformTarget
    open: Callable[[], PlatformPort]
    rig: PlatformRig | None = None
    interface: str = ""


@dataclass(frozen=True)
class Circumstances:
    """See the module.

    Attributes:
        time_source: reference time.
        reference: error bound of the machine's clock, as facts have it.
        light: who rules the light.
        intrusive: whether settings of the device may be changed (and restored).
        lengths: how long everything takes.
        telnet_port: where an open Telnet service would be.
        seed: of whatever is scattered.
        gb28181: where devices register, ``None`` when the site does not say.
        gb28181_rig: what takes their registration off and on and switches their alarm input.
        scene_rig: what plays events before cameras and reads their outputs.
        power: what feeds cameras over Ethernet.
        platforms: the operator's platforms, by point.
        late_elsewhere: by how many seconds simulated devices on this machine were late with
            something between two moments, POSIX seconds.
    """

    time_source: TimeSource = field(default_factory=SystemTime)
    reference: Callable[[], Awaitable[Mapping[str, Any]]] = unknown_reference
    light: SceneLight = field(default_factory=NoRig)
    intrusive: bool = False
    lengths: Lengths = Lengths()
    telnet_port: int = 23
    seed: int = 1
    gb28181: UpperPlatform | None = None
    gb28181_rig: Gb28181Rig | None = None
    scene_rig: SceneRig | None = None
    power: PowerPorts | None = None
    platforms: Mapping[str, PlatformAtHand] = field(default_factory=dict)
    late_elsewhere: Callable[[float, float], float] = never_late


class Visit:
    """One camera being visited: its target, its connections, the circumstances, the draft."""

    def __init__(
        self, camera: CameraTarget, media: CameraMedia, circumstances: Circumstances, draft: Draft
    ) -> None:
        self.camera = camera
        self.media = media
        self.client = media.client
        self.circumstances = circumstances
        self.draft = draft

    @property
    def time(self) -> TimeSource:
        """Reference time."""
        return self.circumstances.time_source

    @property
    def lengths(self) -> Lengths:
        """How long everything takes."""
        return self.circumstances.lengths

    @property
    def facts(self) -> dict[str, Any]:
        """The draft's facts."""
        return self.draft.facts

    @property
    def registers(self) -> bool:
        """Whether the camera is known to register with us (GB/T 28181)."""
        return self.circumstances.gb28181 is not None and bool(self.camera.device_id)

    @property
    def gb28181(self) -> RegisteredDevice:
        """The camera as a device that registers.

        Raises:
            VisitProblem: it is not known to, or we do not listen.
        """
        platform = self.circumstances.gb28181
        if platform is None or not self.camera.device_id:
            raise VisitProblem("visit.no-gb28181")
        return platform.device(self.camera.device_id)

    @property
    def platform(self) -> PlatformAtHand:
        """The platform at this point.

        Raises:
            VisitProblem: there is none.
        """
        try:
            return self.circumstances.platforms[self.camera.point]
        except KeyError:
            raise VisitProblem("visit.no-platform") from None

    def needs_onvif(self) -> None:
        """Raise ``visit.needs-onvif`` for a camera of which only a stream's address is known."""
        if not self.camera.speaks_onvif:
            raise VisitProblem("visit.needs-onvif")

    @contextmanager
    def transcribed(self) -> Iterator[Transcript]:
        """Note what is said over ONVIF from here on, and keep it however that ends."""
        self.client.transcript = transcript = Transcript(self.client.secrets)
        try:
            yield transcript
        finally:
            self.draft.keep("transcript.xml", transcript.to_bytes(), XML)

    async def note_reference(self) -> None:
        """Note how wrong the machine's own clock may be."""
        self.facts["reference"] = dict(await self.circumstances.reference())

    async def need_light(self, level: Level) -> None:
        """Have the scene in ``level`` and note by what it is known."""
        source = await self.circumstances.light.set(self.camera.point, level)
        self.facts["light"] = {"level": level, "source": source}
