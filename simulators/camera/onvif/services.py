"""The services of the device: where they are, their versions, and their capabilities."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.event_queue import MAXIMUM_PULL_POINTS
from simulators.camera.onvif.markup import Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import HTTP_DIGEST_ONLY, WSSE_ONLY, Access


@dataclass(frozen=True)
class Service:
    """One service: the prefix of its namespace, its path and its version."""

    prefix: str
    path: str
    version: tuple[int, int]


SERVICES = (
    Service("tds", "/onvif/device_service", (17, 12)),
    Service("trt", "/onvif/media_service", (2, 60)),
    Service("tr2", "/onvif/media2_service", (19, 6)),
    Service("timg", "/onvif/imaging_service", (16, 6)),
    Service("tptz", "/onvif/ptz_service", (17, 6)),
    Service("tmd", "/onvif/deviceio_service", (2, 50)),
    Service("tev", "/onvif/event_service", (16, 12)),
)


def capabilities(prefix: str, device: DeviceMemory) -> Xml:
    """The ``Capabilities`` element of a service."""
    return _CAPABILITIES[prefix](device)


def _device(device: DeviceMemory) -> Xml:
    state = device.state
    security = {
        "TLS1.2": True,
        "OnboardKeyGeneration": False,
        "AccessPolicyConfig": False,
        "UsernameToken": not state.has(HTTP_DIGEST_ONLY),
        "HttpDigest": not state.has(WSSE_ONLY),
        "MaxUsers": 16,
    }
    commands = device.auxiliary_commands()
    return x(
        "tds:Capabilities",
        x(
            "tds:Network",
            {"IPFilter": False, "ZeroConfiguration": False, "IPVersion6": False, "NTP": 1},
        ),
        x("tds:Security", security),
        x(
            "tds:System",
            {"DiscoveryResolve": False, "DiscoveryBye": True, "RemoteDiscovery": False},
            {"SystemBackup": False, "SystemLogging": False, "FirmwareUpgrade": False},
        ),
        x("tds:Misc", {"AuxiliaryCommands": " ".join(commands)} if commands else None),
    )


def _media(device: DeviceMemory) -> Xml:
    return x(
        "trt:Capabilities",
        {"SnapshotUri": True, "Rotation": False},
        x("trt:ProfileCapabilities", {"MaximumNumberOfProfiles": len(device.profiles())}),
        x(
            "trt:StreamingCapabilities",
            {"RTPMulticast": False, "RTP_TCP": True, "RTP_RTSP_TCP": True},
        ),
    )


def _media2(device: DeviceMemory) -> Xml:
    supported = "VideoSource VideoEncoder AudioSource AudioEncoder PTZ"
    return x(
        "tr2:Capabilities",
        {"SnapshotUri": True, "Rotation": False},
        x(
            "tr2:ProfileCapabilities",
            {"MaximumNumberOfProfiles": len(device.profiles())},
            {"ConfigurationsSupported": supported},
        ),
        x(
            "tr2:StreamingCapabilities",
            {"RTSPStreaming": True, "RTPMulticast": False, "RTP_RTSP_TCP": True},
            {"SecureRTSPStreaming": "rtsps" in device.state.ports},
        ),
    )


def _imaging(_: DeviceMemory) -> Xml:
    return x("timg:Capabilities", {"ImageStabilization": False})


def _ptz(_: DeviceMemory) -> Xml:
    return x("tptz:Capabilities", {"EFlip": False, "Reverse": False})


def _device_io(device: DeviceMemory) -> Xml:
    return x(
        "tmd:Capabilities",
        {"VideoSources": 1, "VideoOutputs": 0, "AudioSources": 1, "AudioOutputs": 1},
        {"RelayOutputs": len(device.relays), "DigitalInputs": len(device.digital_inputs())},
    )


def _events(_: DeviceMemory) -> Xml:
    return x(
        "tev:Capabilities",
        {"WSSubscriptionPolicySupport": False, "WSPullPointSupport": True},
        {"MaxPullPoints": MAXIMUM_PULL_POINTS, "PersistentNotificationStorage": False},
    )


_CAPABILITIES = {
    "tds": _device,
    "trt": _media,
    "tr2": _media2,
    "timg": _imaging,
    "tptz": _ptz,
    "tmd": _device_io,
    "tev": _events,
}


def _declare_service_capabilities(prefix: str) -> None:
    @operation(f"{prefix}:GetServiceCapabilities", Access.PRE_AUTH)
    def get_service_capabilities(call: Call) -> Xml:
        return x(f"{prefix}:GetServiceCapabilitiesResponse", capabilities(prefix, call.device))


for _service in SERVICES:
    _declare_service_capabilities(_service.prefix)
