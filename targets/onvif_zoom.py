"""The zoom drive of a lens over ONVIF PTZ, by position where it has one, else by speed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from protocols.xml_reading import children, find, words
from targets.onvif_client import OnvifClient
from targets.onvif_reading import decimal


@dataclass(frozen=True)
class ZoomDrive:
    """One zoom drive.

    Attributes:
        low, high: ends of the positions, ``None`` where it cannot be sent to a position.
        fastest: highest speed, ``None`` where it cannot be driven by speed.
    """

    client: OnvifClient
    profile: str
    low: float | None
    high: float | None
    fastest: float | None

    def aside(self, position: float | None, share: float) -> float | None:
        """A position ``share`` of the whole way from ``position``, inwards where there is room.

        ``None`` for a drive that has no positions, or does not tell where it stands.
        """
        if self.low is None or self.high is None or position is None:
            return None
        step = share * (self.high - self.low)
        return position + step if position + step <= self.high else position - step

    @classmethod
    async def find(cls, client: OnvifClient, profile: str) -> ZoomDrive | None:
        """The drive that the device tells of; ``None`` for a lens without one.

        Raises:
            VisitProblem: the device does not answer.
        """
        nodes = await client.optional("ptz", "GetNodes")
        for node in children(nodes, "PTZNode"):
            spaces = find(node, "SupportedPTZSpaces")
            positions = find(spaces, "AbsoluteZoomPositionSpace", "XRange")
            speeds = find(spaces, "ContinuousZoomVelocitySpace", "XRange")
            low, high = decimal(positions, "Min"), decimal(positions, "Max")
            if low is None or high is None or low >= high:
                low = high = None
            fastest = decimal(speeds, "Max")
            if high is not None or fastest:
                return cls(client, profile, low, high, fastest or None)
        return None

    async def position(self) -> float | None:
        """Where it says that it stands."""
        status = await self.client.optional("ptz", "GetStatus", ProfileToken=self.profile)
        zoom = find(status, "PTZStatus", "Position", "Zoom")
        try:
            told = math.nan if zoom is None else float(zoom.get("x", ""))
        except ValueError:
            return None
        return told if math.isfinite(told) else None

    async def moving(self) -> bool | None:
        """Whether it says that it moves; ``None`` when it does not say."""
        status = await self.client.optional("ptz", "GetStatus", ProfileToken=self.profile)
        told = words(status, "PTZStatus", "MoveStatus", "Zoom")
        return {"MOVING": True, "IDLE": False}.get((told or "").upper())

    async def go(self, position: float) -> None:
        """Send it to a position.

        Raises:
            OnvifFault: the device refuses.
            VisitProblem: it does not answer.
        """
        await self.client.call(
            "ptz", "AbsoluteMove", ProfileToken=self.profile, Position={"Zoom": {"x": position}}
        )

    async def run(self, speed: float) -> None:
        """Drive it at a share of its highest speed, inwards or, below 0, outwards; as ``go``."""
        velocity = {"Zoom": {"x": speed * (self.fastest or 1.0)}}
        await self.client.call(
            "ptz", "ContinuousMove", ProfileToken=self.profile, Velocity=velocity
        )

    async def stop(self) -> None:
        """Stop it; as ``go``."""
        await self.client.call("ptz", "Stop", ProfileToken=self.profile, PanTilt=False, Zoom=True)
