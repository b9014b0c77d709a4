"""The Imaging service: exposure, day and night, focus (ONVIF Imaging 5)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from simulators.camera import optics
from simulators.camera.onvif.axis import FULL_SPEED
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.encoders import SOURCE, value_range
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, finite, number, one_of, optional, required
from simulators.camera.state import CameraState

_ON_OFF = ("ON", "OFF")
_AUTO_MANUAL = ("AUTO", "MANUAL")
_IR_CUT = ("ON", "OFF", "AUTO")
#: Where ONVIF has put what came after the first schema (onvif.xsd, ImagingSettingsExtension203).
_THIRD_EXTENSION = "tt:Extension/tt:Extension/tt:Extension"
#: Name in the memory, path in the settings, allowed words.
_WORDS = (
    ("backlight", "tt:BacklightCompensation/tt:Mode", _ON_OFF),
    ("exposure", "tt:Exposure/tt:Mode", _AUTO_MANUAL),
    ("focus", "tt:Focus/tt:AutoFocusMode", _AUTO_MANUAL),
    ("ir_cut", "tt:IrCutFilter", _IR_CUT),
    ("wide_dynamic_range", "tt:WideDynamicRange/tt:Mode", _ON_OFF),
    ("tone_compensation", f"{_THIRD_EXTENSION}/tt:ToneCompensation/tt:Mode", _ON_OFF),
)
#: Name in the memory, path in the settings, lowest and highest value.
_NUMBERS = (
    ("brightness", "tt:Brightness", 0.0, 100.0),
    ("saturation", "tt:ColorSaturation", 0.0, 100.0),
    ("contrast", "tt:Contrast", 0.0, 100.0),
    ("exposure_time", "tt:Exposure/tt:ExposureTime", 10.0, 40_000.0),
    ("gain", "tt:Exposure/tt:Gain", 0.0, 100.0),
    ("sharpness", "tt:Sharpness", 0.0, 100.0),
)
_LIMITS = {name: (low, high) for name, _, low, high in _NUMBERS}


def _check_source(call: Call) -> None:
    if required(call.request, "timg:VideoSourceToken") != SOURCE:
        raise SoapError("no such video source", "ter:InvalidArgVal", "ter:NoSource")


@operation("timg:GetImagingSettings", Access.USER)
def get_imaging_settings(call: Call) -> Xml:
    """The settings as they are."""
    _check_source(call)
    state, values = call.state, call.device.imaging
    return x(
        "timg:GetImagingSettingsResponse",
        x(
            "timg:ImagingSettings",
            _unless(
                state.has(optics.HLC_NOT_OFFERED),
                x("tt:BacklightCompensation", x("tt:Mode", values["backlight"])),
            ),
            x("tt:Brightness", values["brightness"]),
            x("tt:ColorSaturation", values["saturation"]),
            x("tt:Contrast", values["contrast"]),
            x(
                "tt:Exposure",
                x("tt:Mode", values["exposure"]),
                x("tt:ExposureTime", values["exposure_time"]),
                x("tt:Gain", values["gain"]),
            ),
            x("tt:Focus", x("tt:AutoFocusMode", values["focus"])),
            x("tt:IrCutFilter", state.ir_cut),
            x("tt:Sharpness", values["sharpness"]),
            _unless(
                state.has(optics.WDR_NOT_OFFERED),
                x("tt:WideDynamicRange", x("tt:Mode", _told_wide_dynamic_range(state))),
            ),
            _unless(
                state.has(optics.HLC_NOT_OFFERED),
                _extended(x("tt:ToneCompensation", x("tt:Mode", state.tone_compensation))),
            ),
        ),
    )


def _unless(lacking: bool, element: Xml) -> Xml | None:
    return None if lacking else element


def _extended(element: Xml) -> Xml:
    return x("tt:Extension", x("tt:Extension", x("tt:Extension", element)))


def _told_wide_dynamic_range(state: CameraState) -> str:
    return "ON" if state.has(optics.WDR_ALWAYS_ON) else state.wide_dynamic_range


@operation("timg:SetImagingSettings", Access.OPERATOR)
def set_imaging_settings(call: Call) -> Xml:
    """Set what is given, all of it or nothing."""
    _check_source(call)
    given = call.request.find("timg:ImagingSettings", NAMESPACES)
    if given is None:
        raise SoapError("the settings are missing", "ter:InvalidArgs")
    changed = _read_settings(given)
    _refuse_what_is_not_offered(call.state, changed)
    for name in ("ir_cut", "wide_dynamic_range", "tone_compensation"):
        if name in changed:
            setattr(call.state, name, changed.pop(name))
    call.device.imaging.update(changed)
    return x("timg:SetImagingSettingsResponse")


def _refuse_what_is_not_offered(state: CameraState, changed: dict[str, str]) -> None:
    lacking = {optics.WDR_NOT_OFFERED: {"wide_dynamic_range"}}
    lacking[optics.HLC_NOT_OFFERED] = {"tone_compensation", "backlight"}
    for name, settings in lacking.items():
        if state.has(name) and settings & changed.keys():
            raise SoapError("not offered", "ter:InvalidArgVal", "ter:SettingsInvalid")


def _read_settings(given: Element) -> dict[str, str]:
    changed: dict[str, str] = {}
    for name, path, words in _WORDS:
        text = optional(given, path)
        if text:
            changed[name] = one_of(text, words, path)
    for name, path, low, high in _NUMBERS:
        text = optional(given, path)
        if text:
            if not low <= finite(text, path) <= high:
                raise SoapError(
                    f"{path} is out of range", "ter:InvalidArgVal", "ter:SettingsInvalid"
                )
            changed[name] = text
    return changed


@operation("timg:GetOptions", Access.USER)
def get_options(call: Call) -> Xml:
    """What can be set."""
    _check_source(call)

    def limits(element: str, name: str) -> Xml:
        return value_range(element, *_LIMITS[name])

    return x(
        "timg:GetOptionsResponse",
        x(
            "timg:ImagingOptions",
            _unless(
                call.state.has(optics.HLC_NOT_OFFERED),
                x("tt:BacklightCompensation", *(x("tt:Mode", word) for word in _ON_OFF)),
            ),
            limits("tt:Brightness", "brightness"),
            limits("tt:ColorSaturation", "saturation"),
            limits("tt:Contrast", "contrast"),
            x(
                "tt:Exposure",
                *(x("tt:Mode", word) for word in _AUTO_MANUAL),
                limits("tt:ExposureTime", "exposure_time"),
                limits("tt:Gain", "gain"),
            ),
            x("tt:Focus", *(x("tt:AutoFocusModes", word) for word in _AUTO_MANUAL)),
            *(x("tt:IrCutFilterModes", word) for word in _IR_CUT),
            limits("tt:Sharpness", "sharpness"),
            _unless(
                call.state.has(optics.WDR_NOT_OFFERED),
                x("tt:WideDynamicRange", *(x("tt:Mode", word) for word in _ON_OFF)),
            ),
            _unless(
                call.state.has(optics.HLC_NOT_OFFERED),
                _extended(
                    x("tt:ToneCompensationOptions", *(x("tt:Mode", word) for word in _ON_OFF))
                ),
            ),
        ),
    )


@operation("timg:GetMoveOptions", Access.USER)
def get_move_options(call: Call) -> Xml:
    """How the focus can be moved."""
    _check_source(call)
    position, speed = value_range("tt:Position", 0.0, 1.0), value_range("tt:Speed", 0.1, 1.0)
    distance = value_range("tt:Distance", -1.0, 1.0)
    return x(
        "timg:GetMoveOptionsResponse",
        x(
            "timg:MoveOptions",
            x("tt:Absolute", position, speed),
            x("tt:Relative", distance, speed),
            x("tt:Continuous", value_range("tt:Speed", -1.0, 1.0)),
        ),
    )


@operation("timg:Move", Access.OPERATOR)
def move(call: Call) -> Xml:
    """Move the focus."""
    _check_source(call)
    given = call.request.find("timg:Focus", NAMESPACES)
    kinds = [] if given is None else [kind for kind in _MOVES if _has(given, kind)]
    if given is None or len(kinds) != 1:
        raise SoapError("one kind of move is needed", "ter:InvalidArgVal")
    _MOVES[kinds[0]](call.device, given)
    return x("timg:MoveResponse")


def _has(given: Element, kind: str) -> bool:
    return given.find(f"tt:{kind}", NAMESPACES) is not None


def _speed(given: Element, kind: str) -> float:
    speed = number(given, f"tt:{kind}/tt:Speed", 1.0)
    if not 0 < speed <= 1:
        raise SoapError("the speed is out of range", "ter:InvalidArgVal")
    return speed


def _move_absolute(device: DeviceMemory, given: Element) -> None:
    target = number(given, "tt:Absolute/tt:Position")
    if not 0 <= target <= 1:
        raise SoapError("the position is out of range", "ter:InvalidArgVal")
    device.focus.go(device.now, target, _speed(given, "Absolute"))


def _move_relative(device: DeviceMemory, given: Element) -> None:
    distance = number(given, "tt:Relative/tt:Distance")
    target = device.focus.position(device.now) + distance
    device.focus.go(device.now, target, _speed(given, "Relative"))


def _move_continuous(device: DeviceMemory, given: Element) -> None:
    speed = number(given, "tt:Continuous/tt:Speed")
    if abs(speed) > 1:
        raise SoapError("the speed is out of range", "ter:InvalidArgVal")
    device.focus.run(device.now, speed, 2 / FULL_SPEED)


_MOVES = {
    "Absolute": _move_absolute,
    "Relative": _move_relative,
    "Continuous": _move_continuous,
}


@operation("timg:Stop", Access.OPERATOR)
def stop(call: Call) -> Xml:
    """Stop the focus."""
    _check_source(call)
    call.device.focus.stop(call.device.now)
    return x("timg:StopResponse")


@operation("timg:GetStatus", Access.USER)
def get_status(call: Call) -> Xml:
    """Where the focus is and whether it moves."""
    _check_source(call)
    device = call.device
    return x(
        "timg:GetStatusResponse",
        x(
            "timg:Status",
            x(
                "tt:FocusStatus20",
                x("tt:Position", device.focus.position(device.now)),
                x("tt:MoveStatus", "MOVING" if device.focus.moving(device.now) else "IDLE"),
            ),
        ),
    )
