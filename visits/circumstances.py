"""What every visit is given besides the camera: clocks, light, permissions and lengths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.time_source import SystemTime, TimeSource
from targets.camera import CameraTarget
from targets.errors import VisitProblem
from targets.light import Level, NoRig, SceneLight
from targets.onvif_media import CameraMedia
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
        clock, clock_polls: of a clock visit.
        online_polls, online_interval: planned polls and the time between their starts.
        candidates: passwords tried for each account and service at most.
        candidate_interval: between two tries.
        visit: bound of any visit; a visit with a longer plan adds its own.
    """

    main: float = 10.0
    other: float = 3.0
    lamp: float = 2.0
    lamp_settles: float = 0.5
    clock: float = 15.0
    clock_polls: int = 12
    online_polls: int = 3
    online_interval: float = 5.0
    candidates: int = 6
    candidate_interval: float = 1.0
    visit: float = 60.0


async def unknown_reference() -> Mapping[str, Any]:
    """The machine's clock when nobody has compared it: its error is unknown."""
    return {"error_s": None, "source": "unknown"}


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
    """

    time_source: TimeSource = field(default_factory=SystemTime)
    reference: Callable[[], Awaitable[Mapping[str, Any]]] = unknown_reference
    light: SceneLight = field(default_factory=NoRig)
    intrusive: bool = False
    lengths: Lengths = Lengths()
    telnet_port: int = 23
    seed: int = 1


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

    def needs_onvif(self) -> None:
        """Raise ``visit.needs-onvif`` for a camera of which only a stream's address is known."""
        if not self.camera.speaks_onvif:
            raise VisitProblem("visit.needs-onvif")

    def transcribe(self) -> Transcript:
        """Begin the transcript of this visit."""
        self.client.transcript = Transcript(self.client.secrets)
        return self.client.transcript

    async def note_reference(self) -> None:
        """Note how wrong the machine's own clock may be."""
        self.facts["reference"] = dict(await self.circumstances.reference())

    async def need_light(self, level: Level) -> None:
        """Have the scene in ``level`` and note by what it is known."""
        source = await self.circumstances.light.set(self.camera.point, level)
        self.facts["light"] = {"level": level, "source": source}
