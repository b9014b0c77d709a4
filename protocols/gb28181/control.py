"""DeviceControl: commands to a device (GB/T 28181-2016 A.2.3, 2022 A.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import (
    Edition,
    Fields,
    Manscdp,
    Value,
    build_manscdp,
    build_result,
)
from protocols.gb28181.ptz import PtzCommand, parse_ptz
from protocols.gb28181.reading import FieldReader, reader_of
from protocols.xml_reading import children, local_name

CLAUSE = "GB/T 28181-2016 A.2.3"
COMMAND = "DeviceControl"

#: Elements and their allowed texts; None: any text or children.
_ELEMENTS: dict[str, tuple[str, ...] | None] = {
    "PTZCmd": None,
    "TeleBoot": ("Boot",),
    "RecordCmd": ("Record", "StopRecord"),
    "GuardCmd": ("SetGuard", "ResetGuard"),
    "AlarmCmd": ("ResetAlarm",),
    "IFameCmd": ("Send",),
    "DragZoomIn": None,
    "DragZoomOut": None,
    "HomePosition": None,
    "PTZPreciseCtrl": None,
    "DeviceUpgrade": None,
    "FormatSDCard": None,
    "TargetTrack": ("Auto", "Manual", "Stop"),
}
ONLY_2022 = ("PTZPreciseCtrl", "DeviceUpgrade", "FormatSDCard", "TargetTrack")
#: Elements that get a Response of the application (2016 9.3.1, 2022 table 1).
ANSWERED = ("RecordCmd", "GuardCmd", "AlarmCmd", "HomePosition", "DeviceUpgrade")
_DRAG = ("Length", "Width", "MidPointX", "MidPointY", "LengthX", "LengthY")


@dataclass(frozen=True)
class DeviceControl:
    """One command.

    Attributes:
        sn, device: of the message.
        element: name as in 2016, so ``IFameCmd`` for ``IFrameCmd`` too.
        value: text of the element.
        ptz: of PTZCmd, None when it cannot be read or is another command.
        priority: ControlPriority of the user, None when absent.
        parameters: texts of the element's children (HomePosition, DragZoomIn …) and of Info.
        answered: whether the standard wants a Response with Result.
        deviations: what the message has that the standard has not.
    """

    sn: int | None
    device: str
    element: str
    value: str = ""
    ptz: PtzCommand | None = None
    priority: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    answered: bool = False
    deviations: tuple[Deviation, ...] = ()

    def number(self, name: str) -> int | None:
        """A parameter as whole number, None when absent or none."""
        text = self.parameters.get(name, "")
        digits = text[1:] if text[:1] == "-" else text
        return int(text) if digits.isascii() and digits.isdigit() and len(text) < 12 else None


def build_control(
    sn: int,
    device: str,
    element: str,
    value: str | Fields,
    *,
    info: Fields = (),
    beside: Fields = (),
    charset: str = "GB2312",
) -> bytes:
    """Any command: ``element`` with text or children, elements beside it, and ``Info``."""
    pairs = beside.items() if isinstance(beside, Mapping) else beside
    fields: list[tuple[str, Value]] = [(element, value), *pairs]
    if info:
        fields.append(("Info", info))
    return build_manscdp("Control", COMMAND, sn, device, fields, charset=charset)


def build_ptz(
    sn: int,
    device: str,
    command: PtzCommand | str,
    *,
    priority: int | None = None,
    charset: str = "GB2312",
) -> bytes:
    """Turn, zoom, preset, cruise, scan, lens, wiper; ``command`` may be raw hexadecimal digits."""
    text = command if isinstance(command, str) else command.to_hex()
    info: list[tuple[str, Value]] = [] if priority is None else [("ControlPriority", priority)]
    return build_control(sn, device, "PTZCmd", text, info=info, charset=charset)


def build_reboot(sn: int, device: str, *, charset: str = "GB2312") -> bytes:
    """Restart the device."""
    return build_control(sn, device, "TeleBoot", "Boot", charset=charset)


def build_record(
    sn: int,
    device: str,
    on: bool,
    *,
    stream_number: int | None = None,
    charset: str = "GB2312",
) -> bytes:
    """Start or stop recording; ``stream_number`` is of 2022."""
    value = "Record" if on else "StopRecord"
    beside: list[tuple[str, Value]] = [("StreamNumber", stream_number)]
    return build_control(sn, device, "RecordCmd", value, beside=beside, charset=charset)


def build_guard(sn: int, device: str, on: bool, *, charset: str = "GB2312") -> bytes:
    """Arm or disarm."""
    value = "SetGuard" if on else "ResetGuard"
    return build_control(sn, device, "GuardCmd", value, charset=charset)


def build_alarm_reset(
    sn: int,
    device: str,
    *,
    method: str | None = None,
    alarm_type: str | None = None,
    charset: str = "GB2312",
) -> bytes:
    """Acknowledge an alarm, so that the device may send the next."""
    info: list[tuple[str, Value]] = []
    info += [] if method is None else [("AlarmMethod", method)]
    info += [] if alarm_type is None else [("AlarmType", alarm_type)]
    return build_control(sn, device, "AlarmCmd", "ResetAlarm", info=info, charset=charset)


def build_key_frame(
    sn: int, device: str, *, edition: Edition = "2016", charset: str = "GB2312"
) -> bytes:
    """Ask for an IDR picture at once; the element is misspelt in 2016."""
    name = "IFameCmd" if edition == "2016" else "IFrameCmd"
    return build_control(sn, device, name, "Send", charset=charset)


def build_drag_zoom(
    sn: int, device: str, window: Mapping[str, int], *, zoom_in: bool, charset: str = "GB2312"
) -> bytes:
    """Zoom to a rectangle.

    Args:
        sn, device: of the message.
        window: Length, Width, MidPointX, MidPointY, LengthX, LengthY in pixels, origin top left.
        zoom_in: DragZoomIn, else DragZoomOut.
        charset: of the body.
    """
    fields: list[tuple[str, Value]] = [(name, window[name]) for name in _DRAG]
    name = "DragZoomIn" if zoom_in else "DragZoomOut"
    return build_control(sn, device, name, fields, charset=charset)


def build_home_position(
    sn: int,
    device: str,
    enabled: bool,
    *,
    reset_time_s: int | None = None,
    preset: int | None = None,
    charset: str = "GB2312",
) -> bytes:
    """Where the camera returns after ``reset_time_s`` without a command."""
    fields: list[tuple[str, Value]] = [
        ("Enabled", int(enabled)),
        ("ResetTime", reset_time_s),
        ("PresetIndex", preset),
    ]
    return build_control(sn, device, "HomePosition", fields, charset=charset)


def build_precise(
    sn: int,
    device: str,
    *,
    pan: float | None = None,
    tilt: float | None = None,
    zoom: float | None = None,
    charset: str = "GB2312",
) -> bytes:
    """Go to a position in degrees and a magnification (2022)."""
    fields: list[tuple[str, Value]] = [("Pan", pan), ("Tilt", tilt), ("Zoom", zoom)]
    return build_control(sn, device, "PTZPreciseCtrl", fields, charset=charset)


def build_upgrade(
    sn: int,
    device: str,
    *,
    firmware: str,
    file_url: str,
    manufacturer: str,
    session: str,
    charset: str = "GB2312",
) -> bytes:
    """Fetch and install firmware (2022)."""
    fields = [
        ("Firmware", firmware),
        ("FileURL", file_url),
        ("Manufacturer", manufacturer),
        ("SessionID", session),
    ]
    return build_control(sn, device, "DeviceUpgrade", fields, charset=charset)


def build_format_card(sn: int, device: str, card: int = 0, *, charset: str = "GB2312") -> bytes:
    """Format memory card ``card``, 0 all of them (2022)."""
    return build_control(sn, device, "FormatSDCard", str(card), charset=charset)


def build_target_track(
    sn: int,
    device: str,
    mode: str,
    *,
    source_device: str | None = None,
    area: Mapping[str, int] | None = None,
    charset: str = "GB2312",
) -> bytes:
    """Follow a target: ``Auto``, ``Manual`` with an area as in ``build_drag_zoom``, ``Stop``."""
    beside: list[tuple[str, Value]] = [("DeviceID2", source_device)]
    if area is not None:
        beside.append(("TargetArea", [(name, area[name]) for name in _DRAG]))
    return build_control(sn, device, "TargetTrack", mode, beside=beside, charset=charset)


def build_control_answer(
    sn: int | None, device: str, *, correct: bool = True, charset: str = "GB2312"
) -> bytes:
    """The Response of a command that gets one."""
    return build_result(COMMAND, sn, device, correct=correct, charset=charset)


def read_control(message: Manscdp, *, edition: Edition = "2016") -> DeviceControl:
    """Read a command.

    Raises:
        ProtocolError: none of the elements of the standard.
    """
    reader = reader_of(message, CLAUSE, edition)
    name = next((one for one in reader.names() if _known(one)), None)
    if name is None:
        raise ProtocolError("DeviceControl: no command of the standard")
    element = "IFameCmd" if name == "IFrameCmd" else name
    if name == "IFrameCmd" and edition == "2016":
        reader.add("control-spelling", name)
    if element in ONLY_2022 and edition == "2016":
        reader.add("control-of-2022", name)
    value = reader.text(name)
    allowed = _ELEMENTS[element]
    if allowed is not None and value not in allowed:
        reader.add("value", f"{name}={value}")
    ptz: PtzCommand | None = None
    notes: tuple[Deviation, ...] = ()
    if element == "PTZCmd":
        try:
            ptz = parse_ptz(value)
            notes = ptz.deviations
        except ProtocolError:
            notes = (Deviation("ptz-length", "GB/T 28181-2016 A.3", printable(value)),)
    parameters = _parameters(message, name)
    _judge(element, parameters, reader)
    return DeviceControl(
        message.sn,
        message.device,
        element,
        value,
        ptz,
        reader.integer("Info", "ControlPriority", least=0, most=2**31),
        parameters,
        element in ANSWERED,
        (*message.deviations, *reader.deviations, *notes),
    )


def _known(name: str) -> bool:
    return name in _ELEMENTS or name == "IFrameCmd"


def _parameters(message: Manscdp, name: str) -> dict[str, str]:
    """Texts of the children of the command, of Info, and of what stands beside the command."""
    found: dict[str, str] = {}
    for holder in (name, "Info", "TargetArea"):
        for element in children(message.root, holder):
            for one in element:
                if isinstance(one.tag, str) and len(found) < 100:
                    found.setdefault(local_name(one)[:64], (one.text or "").strip()[:1024])
    for one in children(message.root, "StreamNumber"):
        found.setdefault("StreamNumber", (one.text or "").strip()[:64])
    return found


def _judge(element: str, parameters: Mapping[str, str], reader: FieldReader) -> None:
    """Note missing and impossible parameters."""
    required: tuple[str, ...] = ()
    if element in ("DragZoomIn", "DragZoomOut"):
        required = _DRAG
    elif element == "HomePosition":
        required = ("Enabled",)
        if parameters.get("Enabled", "0") not in ("0", "1"):
            reader.add("value", f"Enabled={parameters['Enabled']}")
        index = parameters.get("PresetIndex", "0")
        if not (index.isascii() and index.isdigit() and len(index) < 4 and int(index) <= 255):
            reader.add("value", f"PresetIndex={index}")
    elif element == "DeviceUpgrade":
        required = ("Firmware", "FileURL", "Manufacturer", "SessionID")
    for name in required:
        if not parameters.get(name):
            reader.add("field-missing", f"{element}/{name}")
