"""The Device Management service: who the device is, and what it offers (ONVIF Core 8)."""

from __future__ import annotations

import hashlib
import uuid

from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.services import SERVICES, capabilities
from simulators.camera.onvif.soap import SoapError, one_of, optional, required, truth

_MAXIMUM_SCOPES = 64
_CATEGORIES = ("All", "Analytics", "Device", "Events", "Imaging", "Media", "PTZ")
_PATHS = {service.prefix: service.path for service in SERVICES}


def endpoint_reference(device: DeviceMemory) -> str:
    """The stable identity of the device, ``urn:uuid:...``."""
    identity = device.state.identity
    name = f"{identity.manufacturer}/{identity.serial}/{device.state.address}"
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def hardware_address(device: DeviceMemory) -> str:
    """A locally administered MAC address that belongs to the device's IP address."""
    digest = hashlib.sha256(device.state.address.encode()).hexdigest()
    return "02:" + ":".join(digest[index : index + 2] for index in range(0, 10, 2))


def fixed_scopes(device: DeviceMemory) -> tuple[str, ...]:
    """The scopes that no client can change."""
    identity = device.state.identity
    base = "onvif://www.onvif.org"
    kinds = ("video_encoder", "audio_encoder") + (("ptz",) if "tptz" in device.services() else ())
    profiles = ("Streaming",) + (("T",) if "tr2" in device.services() else ())
    return (
        *(f"{base}/type/{kind}" for kind in kinds),
        *(f"{base}/Profile/{profile}" for profile in profiles),
        f"{base}/hardware/{identity.model}",
        f"{base}/name/{identity.manufacturer}%20{identity.model}",
    )


@operation("tds:GetDeviceInformation", Access.USER)
def get_device_information(call: Call) -> Xml:
    """Manufacturer, model, firmware, serial number and hardware."""
    identity = call.state.identity
    return x(
        "tds:GetDeviceInformationResponse",
        x("tds:Manufacturer", identity.manufacturer),
        x("tds:Model", identity.model),
        x("tds:FirmwareVersion", identity.firmware),
        x("tds:SerialNumber", identity.serial),
        x("tds:HardwareId", identity.hardware),
    )


@operation("tds:GetScopes", Access.USER)
def get_scopes(call: Call) -> Xml:
    """Fixed scopes first, then those that can be set."""
    scopes = [("Fixed", scope) for scope in fixed_scopes(call.device)]
    scopes += [("Configurable", scope) for scope in call.device.scopes]
    return x(
        "tds:GetScopesResponse",
        *(
            x("tds:Scopes", x("tt:ScopeDef", kind), x("tt:ScopeItem", item))
            for kind, item in scopes
        ),
    )


@operation("tds:SetScopes", Access.ADMINISTRATOR)
def set_scopes(call: Call) -> Xml:
    """Replace the scopes that can be set."""
    call.device.scopes = _scopes(call, "tds:Scopes")
    return x("tds:SetScopesResponse")


@operation("tds:AddScopes", Access.ADMINISTRATOR)
def add_scopes(call: Call) -> Xml:
    """Add to the scopes that can be set."""
    added = [one for one in _scopes(call, "tds:ScopeItem") if one not in call.device.scopes]
    if len(added) + len(call.device.scopes) > _MAXIMUM_SCOPES:
        raise SoapError("too many scopes", "ter:Action", "ter:TooManyScopes", receiver=True)
    call.device.scopes += added
    return x("tds:AddScopesResponse")


def _scopes(call: Call, path: str) -> list[str]:
    given = [(item.text or "").strip() for item in call.request.findall(path, NAMESPACES)]
    if not given or not all(given) or max(map(len, given)) > 512:
        raise SoapError("a scope is empty or too long", "ter:InvalidArgVal")
    if len(given) > _MAXIMUM_SCOPES:
        raise SoapError("too many scopes", "ter:Action", "ter:TooManyScopes", receiver=True)
    return given


@operation("tds:GetServices", Access.PRE_AUTH)
def get_services(call: Call) -> Xml:
    """All services with address and version, on request with their capabilities."""
    with_capabilities = truth(call.request, "tds:IncludeCapability")
    offered = call.device.services()
    return x(
        "tds:GetServicesResponse",
        *(
            x(
                "tds:Service",
                x("tds:Namespace", NAMESPACES[service.prefix]),
                x("tds:XAddr", call.web_uri(service.path)),
                x("tds:Capabilities", capabilities(service.prefix, call.device))
                if with_capabilities
                else None,
                x(
                    "tds:Version",
                    x("tt:Major", service.version[0]),
                    x("tt:Minor", service.version[1]),
                ),
            )
            for service in SERVICES
            if service.prefix in offered
        ),
    )


@operation("tds:GetCapabilities", Access.PRE_AUTH)
def get_capabilities(call: Call) -> Xml:
    """The capabilities as the first ONVIF versions gave them."""
    asked = [
        one_of((item.text or "").strip(), _CATEGORIES, "the category")
        for item in call.request.findall("tds:Category", NAMESPACES)
    ] or ["All"]
    offered = call.device.services()

    def wanted(category: str, prefix: str) -> bool:
        return prefix in offered and ("All" in asked or category in asked)

    return x(
        "tds:GetCapabilitiesResponse",
        x(
            "tds:Capabilities",
            _device_capabilities(call) if wanted("Device", "tds") else None,
            _event_capabilities(call) if wanted("Events", "tev") else None,
            _address("tt:Imaging", call, "timg") if wanted("Imaging", "timg") else None,
            _media_capabilities(call) if wanted("Media", "trt") else None,
            _address("tt:PTZ", call, "tptz") if wanted("PTZ", "tptz") else None,
            x("tt:Extension", _device_io_capabilities(call)) if "All" in asked else None,
        ),
    )


def _address(name: str, call: Call, prefix: str, *more: Xml) -> Xml:
    return x(name, x("tt:XAddr", call.web_uri(_PATHS[prefix])), *more)


def _device_capabilities(call: Call) -> Xml:
    commands = call.device.auxiliary_commands()
    return _address(
        "tt:Device",
        call,
        "tds",
        x(
            "tt:Network",
            *(x(f"tt:{name}", False) for name in ("IPFilter", "ZeroConfiguration", "IPVersion6")),
            x("tt:DynDNS", False),
        ),
        x(
            "tt:System",
            x("tt:DiscoveryResolve", False),
            x("tt:DiscoveryBye", True),
            *(x(f"tt:{name}", False) for name in ("RemoteDiscovery", "SystemBackup")),
            *(x(f"tt:{name}", False) for name in ("SystemLogging", "FirmwareUpgrade")),
            x("tt:SupportedVersions", x("tt:Major", 17), x("tt:Minor", 12)),
        ),
        x(
            "tt:IO",
            x("tt:InputConnectors", len(call.device.digital_inputs())),
            x("tt:RelayOutputs", len(call.device.relays)),
            x(
                "tt:Extension",
                x("tt:Auxiliary", bool(commands)),
                *(x("tt:AuxiliaryCommands", command) for command in commands),
                x("tt:Extension"),
            ),
        ),
        x(
            "tt:Security",
            x("tt:TLS1.1", False),
            x("tt:TLS1.2", True),
            *(x(f"tt:{name}", False) for name in ("OnboardKeyGeneration", "AccessPolicyConfig")),
            *(x(f"tt:{name}", False) for name in ("X.509Token", "SAMLToken")),
            *(x(f"tt:{name}", False) for name in ("KerberosToken", "RELToken")),
        ),
    )


def _event_capabilities(call: Call) -> Xml:
    return _address(
        "tt:Events",
        call,
        "tev",
        x("tt:WSSubscriptionPolicySupport", False),
        x("tt:WSPullPointSupport", True),
        x("tt:WSPausableSubscriptionManagerInterfaceSupport", False),
    )


def _media_capabilities(call: Call) -> Xml:
    return _address(
        "tt:Media",
        call,
        "trt",
        x(
            "tt:StreamingCapabilities",
            x("tt:RTPMulticast", False),
            x("tt:RTP_TCP", True),
            x("tt:RTP_RTSP_TCP", True),
        ),
    )


def _device_io_capabilities(call: Call) -> Xml:
    return _address(
        "tt:DeviceIO",
        call,
        "tmd",
        x("tt:VideoSources", 1),
        x("tt:VideoOutputs", 0),
        x("tt:AudioSources", 1),
        x("tt:AudioOutputs", 1),
        x("tt:RelayOutputs", len(call.device.relays)),
    )


@operation("tds:GetWsdlUrl", Access.PRE_AUTH)
def get_wsdl_url(_: Call) -> Xml:
    """Where the WSDL files are to be found."""
    return x("tds:GetWsdlUrlResponse", x("tds:WsdlUrl", "https://www.onvif.org/profiles/"))


@operation("tds:GetEndpointReference", Access.PRE_AUTH)
def get_endpoint_reference(call: Call) -> Xml:
    """The same identity as in discovery."""
    return x("tds:GetEndpointReferenceResponse", x("tds:GUID", endpoint_reference(call.device)))


@operation("tds:GetDiscoveryMode", Access.USER)
def get_discovery_mode(_: Call) -> Xml:
    """The device can always be discovered."""
    return x("tds:GetDiscoveryModeResponse", x("tds:DiscoveryMode", "Discoverable"))


@operation("tds:GetHostname", Access.PRE_AUTH)
def get_hostname(call: Call) -> Xml:
    """The host name."""
    return x(
        "tds:GetHostnameResponse",
        x(
            "tds:HostnameInformation",
            x("tt:FromDHCP", False),
            x("tt:Name", call.device.host_name),
        ),
    )


@operation("tds:SetHostname", Access.ADMINISTRATOR)
def set_hostname(call: Call) -> Xml:
    """Set the host name."""
    name = optional(call.request, "tds:Name")
    sound = all(part.isascii() and part.replace("-", "").isalnum() for part in name.split("."))
    if not sound or len(name) > 63:
        raise SoapError("not a host name", "ter:InvalidArgVal", "ter:InvalidHostname")
    call.device.host_name = name
    return x("tds:SetHostnameResponse")


@operation("tds:SystemReboot", Access.ADMINISTRATOR)
def system_reboot(call: Call) -> Xml:
    """Restart: what a restart forgets is forgotten at once, and subscriptions end."""
    call.device.reboot()
    return x("tds:SystemRebootResponse", x("tds:Message", "Rebooting in 0 seconds"))


@operation("tds:SendAuxiliaryCommand", Access.OPERATOR)
def send_auxiliary_command(call: Call) -> Xml:
    """A command for a lamp."""
    answer = call.device.auxiliary_command(required(call.request, "tds:AuxiliaryCommand"))
    return x("tds:SendAuxiliaryCommandResponse", x("tds:AuxiliaryCommandResponse", answer))
