"""The switch port that feeds a camera over Ethernet: what it shows, and who can cut it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

PowerState = Literal["on", "off"]
Medium = Literal["copper", "fibre", ""]


@dataclass(frozen=True)
class PortReading:
    """What the port shows at one moment; ``None`` where it does not say.

    Attributes:
        enabled: whether power over Ethernet is switched on at the port.
        delivering: whether it feeds a device now.
        poe_class: of the powered device, 0 to 8 (IEEE 802.3); ``None``: it shows none.
        power_w: drawn now, in watts.
        link: whether the port has a link.
        speed_mbps: of the link.
        medium: of the port, "" where it does not say.
        macs: hardware addresses learnt at the port, in small letters with colons.
    """

    enabled: bool | None = None
    delivering: bool | None = None
    poe_class: int | None = None
    power_w: float | None = None
    link: bool | None = None
    speed_mbps: float | None = None
    medium: Medium = ""
    macs: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As facts have it."""
        return {**asdict(self), "macs": list(self.macs)}


class PowerPorts(Protocol):
    """Port to a managed switch or a rig.

    Raises from every call:
        VisitProblem: ``visit.rig-failed`` when it does not do as it is told; ``visit.no-power-rig``
            for a point of which it does not know the port.
    """

    async def read(self, point: str) -> PortReading:
        """What the port of ``point`` shows."""

    async def feed(self, point: str, state: PowerState) -> None:
        """Switch the supply of ``point`` off or on."""
