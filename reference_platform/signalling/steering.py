"""What a camera is told: commands as GB/T 28181 PTZCmd (2016 A.3) or ONVIF PTZ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from protocols.gb28181 import ptz
from protocols.gb28181.control import build_key_frame, build_ptz
from protocols.gb28181.device import build_query, read_presets
from protocols.gb28181.ptz import PtzCommand
from reference_platform.errors import Conflict
from reference_platform.ports import ChannelRef
from reference_platform.signalling.onvif import OnvifCamera
from reference_platform.signalling.server import SignallingServer

Switch = Literal["wiper", "alarm-output", "light"]
#: Auxiliary switches: 1 is the wiper by the standard, the others are ours to agree on.
SWITCHES: dict[Switch, int] = {"wiper": 1, "alarm-output": 2, "light": 3}
_FASTEST, _FASTEST_ZOOM = 255, 15


@dataclass(frozen=True, slots=True)
class Move:
    """Turn and zoom until told otherwise; each from -1 to 1; all 0 stops."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0


@dataclass(frozen=True, slots=True)
class Lens:
    """Focus (1 near) and iris (1 open), from -1 to 1; both 0 stops."""

    focus: float = 0.0
    iris: float = 0.0


@dataclass(frozen=True, slots=True)
class PresetOrder:
    """``call``, ``set`` or ``delete`` a preset."""

    action: Literal["call", "set", "delete"]
    number: int


@dataclass(frozen=True, slots=True)
class SwitchOrder:
    """Something on or off."""

    switch: Switch
    on: bool


Order = Move | Lens | PresetOrder | SwitchOrder


def ptz_command(order: Order) -> PtzCommand:
    """The eight bytes' command for an order."""
    if isinstance(order, Move):
        return ptz.move(
            pan=round(order.pan * _FASTEST),
            tilt=round(order.tilt * _FASTEST),
            zoom=_zoom(order.zoom),
        )
    if isinstance(order, Lens):
        return ptz.lens(focus=round(order.focus * _FASTEST), iris=round(order.iris * _FASTEST))
    if isinstance(order, PresetOrder):
        return ptz.preset(order.action, order.number)
    return ptz.auxiliary(SWITCHES[order.switch], order.on)


def _zoom(share: float) -> int:
    """Speed of zooming: never 0 for a share that is not 0."""
    speed = round(share * _FASTEST_ZOOM)
    return speed or (0 if not share else 1 if share > 0 else -1)


class Steers(Protocol):
    """Whatever sends orders to cameras; see ``Steering``."""

    async def send(self, channel: ChannelRef, order: Order, level: int) -> None:
        """Send one order."""

    async def presets(self, channel: ChannelRef) -> dict[int, str]:
        """Number and name of the presets that the device says it keeps."""

    async def key_picture(self, channel: ChannelRef) -> None:
        """Ask for a key picture at once."""


class Steering:
    """Sends orders to cameras."""

    def __init__(self, server: SignallingServer) -> None:
        self._server = server

    async def send(self, channel: ChannelRef, order: Order, level: int) -> None:
        """Send one; ``level`` travels as ControlPriority.

        Raises:
            PlatformError: ``source.offline`` and others of ``Asking.tell``;
                ``control.unsupported`` for what the kind of device cannot do.
        """
        if channel.protocol == "rtsp":
            raise Conflict("control.unsupported")
        if channel.protocol == "onvif":
            await self._onvif(channel, order)
            return
        device = self._server.registered(channel.device)
        body = build_ptz(
            self._server.next_sn(),
            channel.id,
            ptz_command(order),
            priority=level,
            charset=device.charset,
        )
        await self._server.asking.tell(device, channel.id, body)

    async def presets(self, channel: ChannelRef) -> dict[int, str]:
        """Number and name of the presets that the device says it keeps.

        Raises:
            PlatformError: as ``send``.
        """
        if channel.protocol != "gb28181":
            return {}
        device = self._server.registered(channel.device)
        sn = self._server.next_sn()
        body = build_query("PresetQuery", sn, channel.id, charset=device.charset)
        answer = await self._server.asking.one(device, "PresetQuery", sn, body)
        return {one.number: one.name for one in read_presets(answer).presets}

    async def key_picture(self, channel: ChannelRef) -> None:
        """Ask for a key picture at once.

        Raises:
            PlatformError: as ``send``.
        """
        if channel.protocol != "gb28181":
            return
        device = self._server.registered(channel.device)
        edition: Literal["2016", "2022"] = "2022" if device.edition_2022 else "2016"
        body = build_key_frame(
            self._server.next_sn(), channel.id, edition=edition, charset=device.charset
        )
        await self._server.asking.tell(device, channel.id, body)

    async def _onvif(self, channel: ChannelRef, order: Order) -> None:
        known = await self._server.directory.device(channel.device)
        if known is None or not isinstance(order, Move | PresetOrder):
            raise Conflict("control.unsupported")
        async with OnvifCamera(known) as camera:
            if isinstance(order, Move):
                await camera.move(order.pan, order.tilt, order.zoom)
                return
            # Ours are numbered; the camera's have tokens: the number stands in the name.
            name = f"preset-{order.number}"
            tokens = await self._tokens(camera, name)
            if order.action == "set":
                await camera.keep(name, tokens[0] if tokens else "")
            elif not tokens:
                raise Conflict("control.no-preset", preset=order.number)
            elif order.action == "call":
                await camera.go_to(tokens[0])
            else:
                await camera.forget(tokens[0])

    @staticmethod
    async def _tokens(camera: OnvifCamera, name: str) -> Sequence[str]:
        return [one.token for one in await camera.presets() if one.name == name]
