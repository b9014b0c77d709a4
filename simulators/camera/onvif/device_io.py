"""Inputs and outputs: the Device I/O service, and the relays that Device Management has too."""

from __future__ import annotations

from collections.abc import Callable

from simulators.camera.onvif.device_memory import DeviceMemory, Relay
from simulators.camera.onvif.encoders import AUDIO_SOURCE, SOURCE, audio
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, one_of, optional, required
from simulators.camera.onvif.timing import seconds_of

_MODES = ("Bistable", "Monostable")
_IDLE_STATES = ("open", "closed")
_AUDIO_OUTPUT = "audio_output"


@operation("tmd:GetDigitalInputs", Access.USER)
def get_digital_inputs(call: Call) -> Xml:
    """The alarm inputs."""
    return x(
        "tmd:GetDigitalInputsResponse",
        *(x("tmd:DigitalInputs", {"token": token}) for token in call.device.digital_inputs()),
    )


def _relay_outputs(prefix: str) -> Callable[[Call], Xml]:
    def get_relay_outputs(call: Call) -> Xml:
        return x(
            f"{prefix}:GetRelayOutputsResponse",
            *(
                _relay(f"{prefix}:RelayOutputs", token, relay)
                for token, relay in call.device.relays.items()
            ),
        )

    return get_relay_outputs


def _relay(name: str, token: str, relay: Relay) -> Xml:
    return x(
        name,
        {"token": token},
        x(
            "tt:Properties",
            x("tt:Mode", relay.mode),
            x("tt:DelayTime", relay.delay),
            x("tt:IdleState", relay.idle),
        ),
    )


def _set_relay_state(prefix: str) -> Callable[[Call], Xml]:
    def set_relay_output_state(call: Call) -> Xml:
        token = required(call.request, f"{prefix}:RelayOutputToken")
        _must_exist(call.device, token)
        text = required(call.request, f"{prefix}:LogicalState")
        wanted = one_of(text, ("active", "inactive"), "the state")
        call.device.command_relay(token, wanted == "active")
        return x(f"{prefix}:SetRelayOutputStateResponse")

    return set_relay_output_state


def _must_exist(device: DeviceMemory, token: str) -> None:
    if token not in device.relays:
        raise SoapError("no such relay", "ter:InvalidArgVal", "ter:RelayToken")


# The WSDL of Device I/O takes its relay messages from Device Management; some clients and
# devices use its own namespace all the same, so both are answered.
for _prefix in ("tds", "tmd"):
    operation(f"{_prefix}:GetRelayOutputs", Access.USER)(_relay_outputs(_prefix))
    operation(f"{_prefix}:SetRelayOutputState", Access.OPERATOR)(_set_relay_state(_prefix))


@operation("tds:SetRelayOutputSettings", Access.ADMINISTRATOR)
def set_relay_output_settings(call: Call) -> Xml:
    """Set mode, delay and idle state."""
    token = required(call.request, "tds:RelayOutputToken")
    _change_relay(call, token, "tds:Properties")
    return x("tds:SetRelayOutputSettingsResponse")


@operation("tmd:SetRelayOutputSettings", Access.ADMINISTRATOR)
def set_io_relay_output_settings(call: Call) -> Xml:
    """The same in the form of Device I/O."""
    output = call.request.find("tmd:RelayOutput", NAMESPACES)
    token = "" if output is None else output.get("token", "")
    _change_relay(call, token, "tmd:RelayOutput/tt:Properties")
    return x("tmd:SetRelayOutputSettingsResponse")


def _change_relay(call: Call, token: str, path: str) -> None:
    _must_exist(call.device, token)
    mode = one_of(required(call.request, f"{path}/tt:Mode"), _MODES, "the mode")
    delay = required(call.request, f"{path}/tt:DelayTime")
    idle = one_of(required(call.request, f"{path}/tt:IdleState"), _IDLE_STATES, "the idle state")
    seconds_of(delay)
    relay = call.device.relays[token]
    relay.mode, relay.delay, relay.idle = mode, delay, idle


@operation("tmd:GetRelayOutputOptions", Access.USER)
def get_relay_output_options(call: Call) -> Xml:
    """What can be set."""
    token = optional(call.request, "tmd:RelayOutputToken")
    if token:
        _must_exist(call.device, token)
    return x(
        "tmd:GetRelayOutputOptionsResponse",
        *(
            x(
                "tmd:RelayOutputOptions",
                {"token": name},
                *(x("tmd:Mode", mode) for mode in _MODES),
                x("tmd:DelayTimes", "0 60"),
                x("tmd:Discrete", False),
            )
            for name in call.device.relays
            if token in ("", name)
        ),
    )


@operation("tmd:GetVideoSources", Access.USER)
def get_video_sources(_: Call) -> Xml:
    """Tokens of the video sources."""
    return x("tmd:GetVideoSourcesResponse", x("tmd:Token", SOURCE))


@operation("tmd:GetAudioSources", Access.USER)
def get_audio_sources(call: Call) -> Xml:
    """Tokens of the microphones."""
    token = x("tmd:Token", AUDIO_SOURCE) if audio(call.device) else None
    return x("tmd:GetAudioSourcesResponse", token)


@operation("tmd:GetAudioOutputs", Access.USER)
def get_audio_outputs(_: Call) -> Xml:
    """Tokens of the loudspeakers."""
    return x("tmd:GetAudioOutputsResponse", x("tmd:Token", _AUDIO_OUTPUT))


@operation("trt:GetAudioOutputs", Access.USER)
def get_media_audio_outputs(_: Call) -> Xml:
    """The same in the Media service."""
    return x("trt:GetAudioOutputsResponse", x("trt:AudioOutputs", {"token": _AUDIO_OUTPUT}))
