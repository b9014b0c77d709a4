"""What the PTZ service tells of the mount: its node, its configuration and its spaces."""

from __future__ import annotations

from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.encoders import value_range
from simulators.camera.onvif.markup import Xml, x
from simulators.camera.optics import ZOOM_BY_SPEED

NODE = "ptz_node"
CONFIGURATION = "ptz_config"
MAXIMUM_PRESETS = 256
LONGEST_MOVE_S = 60
DEFAULT_MOVE_S = 10

_SPACES = "http://www.onvif.org/ver10/tptz"
_POSITION = f"{_SPACES}/PanTiltSpaces/PositionGenericSpace"
_ZOOM_POSITION = f"{_SPACES}/ZoomSpaces/PositionGenericSpace"
_TRANSLATION = f"{_SPACES}/PanTiltSpaces/TranslationGenericSpace"
_ZOOM_TRANSLATION = f"{_SPACES}/ZoomSpaces/TranslationGenericSpace"
_VELOCITY = f"{_SPACES}/PanTiltSpaces/VelocityGenericSpace"
_ZOOM_VELOCITY = f"{_SPACES}/ZoomSpaces/VelocityGenericSpace"
_SPEED = f"{_SPACES}/PanTiltSpaces/GenericSpeedSpace"
_ZOOM_SPEED = f"{_SPACES}/ZoomSpaces/ZoomGenericSpeedSpace"


def ptz_node(name: str, device: DeviceMemory) -> Xml:
    """The one node."""
    return x(
        name,
        {"token": NODE, "FixedHomePosition": False},
        x("tt:Name", "mount"),
        ptz_spaces("tt:SupportedPTZSpaces", device),
        x("tt:MaximumNumberOfPresets", MAXIMUM_PRESETS),
        x("tt:HomeSupported", True),
        *(x("tt:AuxiliaryCommands", command) for command in device.auxiliary_commands()),
    )


def ptz_spaces(name: str, device: DeviceMemory) -> Xml:
    """The generic spaces."""
    by_position = not device.state.has(ZOOM_BY_SPEED)
    both, zoom = (-1.0, 1.0), (0.0, 1.0)
    return x(
        name,
        _plane("tt:AbsolutePanTiltPositionSpace", _POSITION),
        _line("tt:AbsoluteZoomPositionSpace", _ZOOM_POSITION, zoom) if by_position else None,
        _plane("tt:RelativePanTiltTranslationSpace", _TRANSLATION),
        _line("tt:RelativeZoomTranslationSpace", _ZOOM_TRANSLATION, both),
        _plane("tt:ContinuousPanTiltVelocitySpace", _VELOCITY),
        _line("tt:ContinuousZoomVelocitySpace", _ZOOM_VELOCITY, both),
        _line("tt:PanTiltSpeedSpace", _SPEED, zoom),
        _line("tt:ZoomSpeedSpace", _ZOOM_SPEED, zoom),
    )


def _plane(name: str, uri: str) -> Xml:
    ranges = (value_range(f"tt:{axis}Range", -1.0, 1.0) for axis in "XY")
    return x(name, x("tt:URI", uri), *ranges)


def _line(name: str, uri: str, limits: tuple[float, float]) -> Xml:
    return x(name, x("tt:URI", uri), value_range("tt:XRange", *limits))


def ptz_configuration(name: str, device: DeviceMemory) -> Xml:
    """The one configuration."""
    return x(
        name,
        {"token": CONFIGURATION},
        x("tt:Name", "mount"),
        x("tt:UseCount", len(device.profiles())),
        x("tt:NodeToken", NODE),
        x("tt:DefaultAbsolutePantTiltPositionSpace", _POSITION),
        x("tt:DefaultAbsoluteZoomPositionSpace", _ZOOM_POSITION),
        x("tt:DefaultRelativePanTiltTranslationSpace", _TRANSLATION),
        x("tt:DefaultRelativeZoomTranslationSpace", _ZOOM_TRANSLATION),
        x("tt:DefaultContinuousPanTiltVelocitySpace", _VELOCITY),
        x("tt:DefaultContinuousZoomVelocitySpace", _ZOOM_VELOCITY),
        x(
            "tt:DefaultPTZSpeed",
            x("tt:PanTilt", {"x": 1.0, "y": 1.0, "space": _SPEED}),
            x("tt:Zoom", {"x": 1.0, "space": _ZOOM_SPEED}),
        ),
        x("tt:DefaultPTZTimeout", f"PT{DEFAULT_MOVE_S}S"),
    )


def position_vector(name: str, position: tuple[float, float, float]) -> Xml:
    """Pan, tilt and zoom as a ``tt:PTZVector``."""
    pan, tilt, zoom = position
    return x(
        name,
        x("tt:PanTilt", {"x": pan, "y": tilt, "space": _POSITION}),
        x("tt:Zoom", {"x": zoom, "space": _ZOOM_POSITION}),
    )
