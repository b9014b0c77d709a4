"""The PTZ service: moves that take time, presets, home, auxiliary commands."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from simulators.camera.onvif.axis import Axis
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.encoders import profile_of
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.ptz_description import (
    CONFIGURATION,
    DEFAULT_MOVE_S,
    LONGEST_MOVE_S,
    MAXIMUM_PRESETS,
    NODE,
    position_vector,
    ptz_configuration,
    ptz_node,
    ptz_spaces,
)
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, finite, optional, required, truth
from simulators.camera.onvif.timing import instant, seconds_of
from simulators.camera.optics import ZOOM_BY_SPEED


@operation("tptz:GetNodes", Access.USER)
def get_nodes(call: Call) -> Xml:
    """The one node."""
    return x("tptz:GetNodesResponse", ptz_node("tptz:PTZNode", call.device))


@operation("tptz:GetNode", Access.USER)
def get_node(call: Call) -> Xml:
    """The node by its token."""
    if required(call.request, "tptz:NodeToken") != NODE:
        raise SoapError("no such node", "ter:InvalidArgVal", "ter:NoEntity")
    return x("tptz:GetNodeResponse", ptz_node("tptz:PTZNode", call.device))


@operation("tptz:GetConfigurations", Access.USER)
def get_configurations(call: Call) -> Xml:
    """The one configuration."""
    return x(
        "tptz:GetConfigurationsResponse", ptz_configuration("tptz:PTZConfiguration", call.device)
    )


@operation("tptz:GetConfiguration", Access.USER)
def get_configuration(call: Call) -> Xml:
    """The configuration by its token."""
    _check_configuration(required(call.request, "tptz:PTZConfigurationToken"))
    return x(
        "tptz:GetConfigurationResponse", ptz_configuration("tptz:PTZConfiguration", call.device)
    )


@operation("tptz:GetConfigurationOptions", Access.USER)
def get_configuration_options(call: Call) -> Xml:
    """Spaces and longest moves."""
    _check_configuration(required(call.request, "tptz:ConfigurationToken"))
    return x(
        "tptz:GetConfigurationOptionsResponse",
        x(
            "tptz:PTZConfigurationOptions",
            ptz_spaces("tt:Spaces", call.device),
            x("tt:PTZTimeout", x("tt:Min", "PT1S"), x("tt:Max", f"PT{LONGEST_MOVE_S}S")),
        ),
    )


def _check_configuration(token: str) -> None:
    if token != CONFIGURATION:
        raise SoapError("no such configuration", "ter:InvalidArgVal", "ter:NoConfig")


def _check_profile(call: Call) -> None:
    profile_of(call.device, required(call.request, "tptz:ProfileToken"))


def _coordinate(request: Element, path: str, name: str) -> float | None:
    """The attribute ``name`` of the element at ``path``, None when there is no element."""
    element = request.find(path, NAMESPACES)
    return None if element is None else finite(element.get(name, ""), name)


def _vector(request: Element, path: str) -> tuple[float | None, float | None, float | None]:
    return (
        _coordinate(request, f"{path}/tt:PanTilt", "x"),
        _coordinate(request, f"{path}/tt:PanTilt", "y"),
        _coordinate(request, f"{path}/tt:Zoom", "x"),
    )


def _axes(device: DeviceMemory) -> tuple[Axis, Axis, Axis]:
    return device.mount.pan, device.mount.tilt, device.mount.zoom


def _speeds(request: Element) -> tuple[float, float, float]:
    given = _vector(request, "tptz:Speed")
    speeds = tuple(1.0 if speed is None else speed for speed in given)
    if not all(0 <= speed <= 1 for speed in speeds):
        raise SoapError("the speed is out of range", "ter:InvalidArgVal", "ter:InvalidVelocity")
    pan, tilt, zoom = speeds
    return pan, tilt, zoom


@operation("tptz:ContinuousMove", Access.OPERATOR)
def continuous_move(call: Call) -> Xml:
    """Move at a speed until stopped, a limit, or the timeout."""
    _check_profile(call)
    velocities = _vector(call.request, "tptz:Velocity")
    if any(velocity is not None and abs(velocity) > 1 for velocity in velocities):
        raise SoapError("the speed is out of range", "ter:InvalidArgVal", "ter:InvalidVelocity")
    text = optional(call.request, "tptz:Timeout")
    seconds = min(seconds_of(text), LONGEST_MOVE_S) if text else DEFAULT_MOVE_S
    for axis, velocity in zip(_axes(call.device), velocities, strict=True):
        if velocity is not None:
            axis.run(call.device.now, velocity, seconds)
    return x("tptz:ContinuousMoveResponse")


@operation("tptz:AbsoluteMove", Access.OPERATOR)
def absolute_move(call: Call) -> Xml:
    """Move to a position."""
    _check_profile(call)
    targets = _vector(call.request, "tptz:Position")
    if targets[2] is not None and call.state.has(ZOOM_BY_SPEED):
        raise SoapError("no such space", "ter:InvalidArgVal", "ter:SpaceNotSupported")
    axes = _axes(call.device)
    for axis, target in zip(axes, targets, strict=True):
        if target is not None and not axis.low <= target <= axis.high:
            raise SoapError(
                "the position is out of range", "ter:InvalidArgVal", "ter:InvalidPosition"
            )
    _go(call.device, targets, _speeds(call.request))
    return x("tptz:AbsoluteMoveResponse")


@operation("tptz:RelativeMove", Access.OPERATOR)
def relative_move(call: Call) -> Xml:
    """Move by a distance, at most to the limits."""
    _check_profile(call)
    distances = _vector(call.request, "tptz:Translation")
    if any(distance is not None and abs(distance) > 2 for distance in distances):
        raise SoapError(
            "the translation is out of range", "ter:InvalidArgVal", "ter:InvalidTranslation"
        )
    device = call.device
    pan, tilt, zoom = (
        None if distance is None else position + distance
        for distance, position in zip(distances, device.mount.position(device.now), strict=True)
    )
    _go(device, (pan, tilt, zoom), _speeds(call.request))
    return x("tptz:RelativeMoveResponse")


def _go(
    device: DeviceMemory,
    targets: tuple[float | None, float | None, float | None],
    speeds: tuple[float, float, float],
) -> None:
    for axis, target, speed in zip(_axes(device), targets, speeds, strict=True):
        if target is not None and speed > 0:
            axis.go(device.now, target, speed)


@operation("tptz:Stop", Access.OPERATOR)
def stop(call: Call) -> Xml:
    """Stop pan and tilt, zoom, or all."""
    _check_profile(call)
    mount, now = call.device.mount, call.device.now
    if truth(call.request, "tptz:PanTilt", default=True):
        mount.pan.stop(now)
        mount.tilt.stop(now)
    if truth(call.request, "tptz:Zoom", default=True):
        mount.zoom.stop(now)
    return x("tptz:StopResponse")


@operation("tptz:GetStatus", Access.USER)
def get_status(call: Call) -> Xml:
    """Where the mount is and what of it moves."""
    _check_profile(call)
    mount, now = call.device.mount, call.device.now
    turning = mount.pan.moving(now) or mount.tilt.moving(now)
    return x(
        "tptz:GetStatusResponse",
        x(
            "tptz:PTZStatus",
            None
            if call.state.has(ZOOM_BY_SPEED)
            else position_vector("tt:Position", mount.position(now)),
            x(
                "tt:MoveStatus",
                x("tt:PanTilt", "MOVING" if turning else "IDLE"),
                x("tt:Zoom", "MOVING" if mount.zoom.moving(now) else "IDLE"),
            ),
            x("tt:UtcTime", instant(call.state.clock.now())),
        ),
    )


@operation("tptz:GetPresets", Access.USER)
def get_presets(call: Call) -> Xml:
    """All presets."""
    _check_profile(call)
    return x(
        "tptz:GetPresetsResponse",
        *(
            x(
                "tptz:Preset",
                {"token": token},
                x("tt:Name", name),
                position_vector("tt:PTZPosition", position),
            )
            for token, (name, position) in call.device.mount.presets.items()
        ),
    )


@operation("tptz:SetPreset", Access.OPERATOR)
def set_preset(call: Call) -> Xml:
    """Keep the present position under a new or a known token."""
    _check_profile(call)
    device, presets = call.device, call.device.mount.presets
    token = optional(call.request, "tptz:PresetToken")
    if token and token not in presets:
        raise SoapError("no such preset", "ter:InvalidArgVal", "ter:NoToken")
    if not token and len(presets) >= MAXIMUM_PRESETS:
        raise SoapError("too many presets", "ter:Action", "ter:TooManyPresets", receiver=True)
    token = token or next(
        name for name in map(str, range(1, MAXIMUM_PRESETS + 1)) if name not in presets
    )
    known = presets[token][0] if token in presets else f"preset {token}"
    name = optional(call.request, "tptz:PresetName", known)[:64]
    presets[token] = (name, device.mount.position(device.now))
    return x("tptz:SetPresetResponse", x("tptz:PresetToken", token))


def _preset(call: Call) -> str:
    _check_profile(call)
    token = required(call.request, "tptz:PresetToken")
    if token not in call.device.mount.presets:
        raise SoapError("no such preset", "ter:InvalidArgVal", "ter:NoToken")
    return token


@operation("tptz:GotoPreset", Access.OPERATOR)
def goto_preset(call: Call) -> Xml:
    """Move to a preset."""
    _, position = call.device.mount.presets[_preset(call)]
    _go(call.device, position, _speeds(call.request))
    return x("tptz:GotoPresetResponse")


@operation("tptz:RemovePreset", Access.OPERATOR)
def remove_preset(call: Call) -> Xml:
    """Forget a preset."""
    del call.device.mount.presets[_preset(call)]
    return x("tptz:RemovePresetResponse")


@operation("tptz:GotoHomePosition", Access.OPERATOR)
def goto_home_position(call: Call) -> Xml:
    """Move home."""
    _check_profile(call)
    _go(call.device, call.device.mount.home, _speeds(call.request))
    return x("tptz:GotoHomePositionResponse")


@operation("tptz:SetHomePosition", Access.OPERATOR)
def set_home_position(call: Call) -> Xml:
    """Make the present position home."""
    _check_profile(call)
    call.device.mount.home = call.device.mount.position(call.device.now)
    return x("tptz:SetHomePositionResponse")


@operation("tptz:SendAuxiliaryCommand", Access.OPERATOR)
def send_auxiliary_command(call: Call) -> Xml:
    """A command for a lamp."""
    _check_profile(call)
    answer = call.device.auxiliary_command(required(call.request, "tptz:AuxiliaryData"))
    return x("tptz:SendAuxiliaryCommandResponse", x("tptz:AuxiliaryResponse", answer))
