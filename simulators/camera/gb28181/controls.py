"""What the device does when told to: PTZ, guard, record, restart, key picture (9.3, A.2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.behaviours import defect, variant
from simulators.camera.gb28181.head import Cruise, Home, PanTiltHead, Position
from simulators.camera.gb28181.markup import Order
from simulators.camera.onvif.device_memory import NO_PTZ, OUTPUT_INVERTED

if TYPE_CHECKING:
    from simulators.camera.gb28181.device import GbDevice

PTZ_IGNORED = defect("ptz-ignored", "PTZ commands are answered and have no effect.")
PTZ_INVERTED = defect("ptz-inverted", "Left and right, up and down, in and out are exchanged.")
CHECKSUM_IGNORED = defect(
    "bad-checksum-obeyed", "PTZ commands with a wrong checksum are obeyed like right ones."
)
PRESET_LOST = defect("preset-lost", "Presets are set with success and are not kept.")
STOP_IGNORED = defect("stop-ignored", "The stop command has no effect: the camera moves on.")
PATROL_IGNORED = defect(
    "patrol-ignored", "Patrols are set and started with success, and the lens stays where it is."
)
RESTART_IGNORED = defect("restart-ignored", "TeleBoot is answered 200 and nothing happens.")
RESTART_TOLD = variant(
    "gb-restart-with-farewell", "Told to restart, the device first leaves the platform."
)

_RESTART_S = 2.0


def ptz_bytes(text: str, *, strict: bool = True) -> bytes | None:
    """The eight bytes of a PTZCmd, None when they are none or the checks are wrong (A.3)."""
    try:
        data = bytes.fromhex(text.strip())
    except ValueError:
        return None
    if len(data) != 8 or data[0] != 0xA5:
        return None
    right = data[1] & 15 == (10 + 5 + (data[1] >> 4)) % 16 and data[7] == sum(data[:7]) % 256
    return data if right or not strict else None


async def obey(device: GbDevice, order: Order) -> str | None:
    """Do what a DeviceControl says; ``OK`` or ``ERROR`` where an answer is due, else None."""
    channels = device.settings.channel_ids()
    channel = order.device if order.device in channels else channels[0]
    head = device.memory.head(channel)
    if order.has("PTZCmd"):
        _ptz(device, head, order.text("PTZCmd"))
        return None
    if order.has("IFameCmd") or order.has("IFrameCmd"):
        device.sessions.force_key(channel)
        return None
    if order.has("TeleBoot"):
        if not device.state.has(RESTART_IGNORED):
            farewell = device.state.has(RESTART_TOLD)
            device.spawn(device.restart(_RESTART_S, farewell=farewell))
        return None
    for name, sign in (("DragZoomIn", 1), ("DragZoomOut", -1)):
        if order.has(name):
            _drag(device, head, order, name, sign)
            return None
    if order.has("PTZPreciseCtrl"):
        head.go(device.monotonic(), _precise(order))
        return None
    return _switch(device, head, order)


def _switch(device: GbDevice, head: PanTiltHead, order: Order) -> str:
    memory = device.memory
    if order.has("RecordCmd"):
        memory.recording = order.text("RecordCmd") == "Record"
    elif order.has("GuardCmd"):
        memory.guarded = order.text("GuardCmd") == "SetGuard"
        if not memory.guarded:
            memory.alarming = False
    elif order.has("AlarmCmd"):
        memory.alarming = False
    elif order.has("HomePosition"):
        try:
            head.home = Home(
                order.text("HomePosition", "Enabled") == "1",
                float(order.text("HomePosition", "ResetTime") or 0),
                int(order.text("HomePosition", "PresetIndex") or 0),
            )
        except ValueError:
            return "ERROR"
    else:
        return "ERROR"
    return "OK"


def configure(device: GbDevice, order: Order) -> str:
    """Do what a DeviceConfig says."""
    memory = device.memory
    if not order.has("BasicParam") and not order.has("SnapShotConfig"):
        return "ERROR"
    if order.has("BasicParam"):
        memory.name = order.text("BasicParam", "Name")[:64] or memory.name
        try:
            beat = float(order.text("BasicParam", "HeartBeatInterval") or 0)
            expiration = float(order.text("BasicParam", "Expiration") or 0)
            count = int(order.text("BasicParam", "HeartBeatCount") or memory.heartbeat_count)
        except ValueError:
            return "ERROR"
        if not (0 <= beat <= 3600 and 0 <= expiration <= 1_000_000 and 0 < count < 100):
            return "ERROR"
        memory.heartbeat_s = beat or memory.heartbeat_s
        memory.expiration_s = expiration or memory.expiration_s
        memory.heartbeat_count = count
    if order.has("SnapShotConfig"):
        memory.snapshots += 1
    return "OK"


def _ptz(device: GbDevice, head: PanTiltHead, text: str) -> None:
    state = device.state
    data = ptz_bytes(text, strict=not state.has(CHECKSUM_IGNORED))
    if data is None or state.has(PTZ_IGNORED) or state.has(NO_PTZ):
        return
    now = device.monotonic()
    code, first, second, third = data[3], data[4], data[5], data[6] >> 4
    if code == 0:
        if not state.has(STOP_IGNORED):
            head.stop(now)
    elif code >> 6 == 0:
        _move(head, now, data, -1 if state.has(PTZ_INVERTED) else 1)
    elif code in (0x8C, 0x8D):
        if first == 1:
            device.memory.wiper_on = code == 0x8C
        else:
            device.memory.output_on = (code == 0x8C) != state.has(OUTPUT_INVERTED)
    elif code == 0x88 and state.has(PATROL_IGNORED):
        return
    elif 0x81 <= code <= 0x8A and not (code <= 0x83 and state.has(PRESET_LOST)):
        _preset(head, now, code, first, second, third)


def _move(head: PanTiltHead, now: float, data: bytes, sign: int) -> None:
    code, third = data[3], data[6] >> 4

    def axis(more: int, less: int, speed: int) -> int:
        direction = bool(code & more) - bool(code & less)
        return sign * direction * max(1, speed)

    head.run(now, axis(1, 2, data[4]), axis(8, 4, data[5]), axis(16, 32, third))


def _preset(head: PanTiltHead, now: float, code: int, first: int, second: int, third: int) -> None:
    cruise = head.cruises.get(first) or Cruise()
    wide = third << 8 | second
    if code == 0x81:
        head.set_preset(now, second)
    elif code == 0x82:
        head.call_preset(now, second)
    elif code == 0x83:
        head.delete_preset(second)
    elif code == 0x84:
        cruise.presets = [*cruise.presets[:31], second]
        head.cruises[first] = cruise
    elif code == 0x85:
        cruise.presets = [one for one in cruise.presets if second and one != second]
        if not cruise.presets:
            head.cruises.pop(first, None)
    elif code == 0x86:
        cruise.speed = wide
    elif code == 0x87:
        cruise.dwell_s = float(wide)
    elif code == 0x88:
        head.patrol(now, first)
    elif code == 0x89 and second:
        head.set_scan_edge(now, first, right=second == 2)
    elif code == 0x89:
        head.scan(now, first)


def _drag(device: GbDevice, head: PanTiltHead, order: Order, name: str, sign: int) -> None:
    """Zoom to a rectangle drawn in the picture, or out so that the picture shrinks into it."""
    try:
        length, width, x, y, wide, tall = (
            float(order.text(name, one))
            for one in ("Length", "Width", "MidPointX", "MidPointY", "LengthX", "LengthY")
        )
        factor = min(length / wide, width / tall)
        pan, tilt = x / length - 0.5, 0.5 - y / width
    except (ValueError, ZeroDivisionError):
        return
    if device.state.has(PTZ_IGNORED) or device.state.has(NO_PTZ):
        return
    head.centre(device.monotonic(), pan, tilt, factor if sign > 0 else 1 / factor)


def _precise(order: Order) -> Position:
    def number(name: str, otherwise: float) -> float:
        try:
            return float(order.text("PTZPreciseCtrl", name) or otherwise)
        except ValueError:
            return otherwise

    pan = (number("Pan", 0.0) + 180) % 360 - 180
    return Position(pan / 60, number("Tilt", 0.0) / 35, number("Zoom", 1.0))
