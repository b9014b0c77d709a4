"""What the host of reference platforms runs, as plain data that crosses a process border."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

#: The administrator of a hosted platform; a setting of a platform that is made for the run.
ADMINISTRATOR, PASSWORD = "acceptance", "Tantou-hosted-2026-Qz"


@dataclass(frozen=True)
class HostedCamera:
    """A channel that an installer has entered at a hosted platform.

    Attributes:
        device: 20 digits.
        name: of the device.
        organisation: name of the organisation below the root to which it belongs.
        password: by which it registers.
        channels: how many it has, for a device that nobody connects; 0: it tells them itself.
        codec, width, height, fps: of its pictures.
        alive: whether it gives pictures and counts as online.
        registers: whether it is a device of its own that registers over GB/T 28181 and tells its
            channels itself; then all of the platform's cameras are.
        names: of its channels, as its installer gave them.
    """

    device: str
    name: str
    organisation: str
    password: str = "Tantou-2026-sim"
    channels: int = 1
    codec: Literal["h264", "h265"] = "h264"
    width: int = 320
    height: int = 180
    fps: float = 5.0
    alive: bool = True
    registers: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostedPlatform:
    """One reference platform.

    Attributes:
        point: its id in the site.
        address: where it listens; on the ports that follow.
        server_id: 20 digits by which devices know it.
        behaviours: named defects and variants.
        cameras: what is entered before it is used.
        regions: organisations below the root, by name with their administrative region.
        levels: organisations one below the other in the first region, before it is used.
        foreign_certificate: whether its certificate is of an authority that is not its own.
        language: of its pages.
        recorded: stretches of recordings that are there at the start: how many seconds ago each
            began and ended.
        lost: stretches whose files go missing once they are in the index, in the same way.
        hold_s: how long a camera stays with whoever steered it last.
    """

    point: str
    address: str
    server_id: str
    https_port: int = 443
    http_port: int = 80
    sip_port: int = 5060
    sip_tls_port: int = 5061
    ntp_port: int = 123
    behaviours: tuple[str, ...] = ()
    cameras: tuple[HostedCamera, ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict)
    levels: int = 0
    foreign_certificate: bool = False
    language: str = "zh"
    recorded: tuple[tuple[float, float], ...] = ((630.0, 30.0),)
    lost: tuple[tuple[float, float], ...] = ()
    hold_s: float = 15.0

    def data(self, folder: Path) -> Path:
        """Where the platform keeps its things below ``folder``."""
        return folder / self.point


@dataclass(frozen=True)
class PlatformHostPlan:
    """All platforms of one host process.

    Attributes:
        folder: of all their data; emptied at the start.
        control: ``(address, port)`` of the rig that restarts them.
    """

    folder: str
    control: tuple[str, int]
    platforms: tuple[HostedPlatform, ...]

    def to_json(self) -> str:
        """The plan as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def document(self) -> dict[str, Any]:
        """The plan as a run keeps it: without the passwords of the cameras."""
        document: dict[str, Any] = json.loads(self.to_json())
        for platform in document["platforms"]:
            for camera in platform["cameras"]:
                del camera["password"]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PlatformHostPlan:
        """The plan that ``to_json`` wrote.

        Raises:
            ValueError: it is not one.
        """
        try:
            platforms = tuple(
                HostedPlatform(
                    **{
                        **one,
                        "behaviours": tuple(one["behaviours"]),
                        "cameras": tuple(
                            HostedCamera(**{**camera, "names": tuple(camera["names"])})
                            for camera in one["cameras"]
                        ),
                        "recorded": tuple((begun, ended) for begun, ended in one["recorded"]),
                        "lost": tuple((begun, ended) for begun, ended in one["lost"]),
                    }
                )
                for one in document["platforms"]
            )
            address, port = document["control"]
            return cls(document["folder"], (address, port), platforms)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a plan of platforms: {error}") from error
