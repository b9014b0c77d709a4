"""The Device Management service: network and time (ONVIF Core 8.2, 8.3.9)."""

from __future__ import annotations

import ipaddress
from xml.etree.ElementTree import Element

from protocols.errors import ProtocolError
from protocols.posix_time_zone import parse_time_zone
from simulators.behaviours import defect, variant
from simulators.camera.clock import LOCAL_AS_UTC, time_zone_text, told_second, zone_seconds
from simulators.camera.onvif.device import hardware_address
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, one_of, optional, required, truth
from simulators.camera.onvif.timing import date_time, read_date_time
from simulators.camera.state import CameraState

_MAXIMUM_SERVERS = 4
#: Interface name and number of the IANA ifType registry.
_INTERFACES = {"ethernet": ("eth0", 6), "wifi": ("wlan0", 71), "4g": ("wwan0", 244)}
NO_WIRED_INTERFACE = defect(
    "no-wired-interface", "The camera has a Wi-Fi interface and no socket for a cable."
)
WIRED_INTERFACE_UNLISTED = defect(
    "wired-interface-unlisted", "The camera lists its Wi-Fi interface only, though it has a socket."
)
SECOND_INTERFACE = variant(
    "second-interface", "The camera lists a Wi-Fi interface beside that of the cable."
)


@operation("tds:GetSystemDateAndTime", Access.PRE_AUTH)
def get_system_date_and_time(call: Call) -> Xml:
    """The time in whole seconds, as UTC and as local time."""
    device, behaviours = call.device, call.state.behaviours
    told = told_second(call.state.clock, behaviours)
    local = told if LOCAL_AS_UTC in behaviours else told + _east_seconds(device)
    return x(
        "tds:GetSystemDateAndTimeResponse",
        x(
            "tds:SystemDateAndTime",
            x("tt:DateTimeType", device.time_type),
            x("tt:DaylightSavings", False),
            x("tt:TimeZone", x("tt:TZ", device.time_zone or time_zone_text(behaviours))),
            date_time("tt:UTCDateTime", told),
            date_time("tt:LocalDateTime", local),
        ),
    )


def _east_seconds(device: DeviceMemory) -> int:
    if not device.time_zone:
        return zone_seconds(device.state.behaviours)
    return parse_time_zone(device.time_zone).east_s


@operation("tds:SetSystemDateAndTime", Access.ADMINISTRATOR)
def set_system_date_and_time(call: Call) -> Xml:
    """Set time, time zone, and whether the time comes from NTP."""
    request, device = call.request, call.device
    kind = one_of(required(request, "tds:DateTimeType"), ("NTP", "Manual"), "the type")
    zone = optional(request, "tds:TimeZone/tt:TZ")
    if zone:
        try:
            parse_time_zone(zone)
        except ProtocolError:
            raise SoapError(
                "the time zone is not a POSIX one", "ter:InvalidArgVal", "ter:InvalidTimeZone"
            ) from None
    given = request.find("tds:UTCDateTime", NAMESPACES)
    if kind == "Manual" and given is not None:
        _set_clock(call, read_date_time(given))
    device.time_type = kind
    device.time_zone = zone or device.time_zone
    return x("tds:SetSystemDateAndTimeResponse")


def _set_clock(call: Call, posix: float) -> None:
    clock_set = getattr(call.state.clock, "set", None)
    if clock_set is None:
        raise SoapError("the clock cannot be set", "ter:ActionNotSupported", receiver=True)
    clock_set(posix)


@operation("tds:GetNTP", Access.USER)
def get_ntp(call: Call) -> Xml:
    """The time servers."""
    device = call.device
    name = "tt:NTPFromDHCP" if device.ntp_from_dhcp else "tt:NTPManual"
    return x(
        "tds:GetNTPResponse",
        x(
            "tds:NTPInformation",
            x("tt:FromDHCP", device.ntp_from_dhcp),
            *(_network_host(name, server) for server in device.ntp_servers),
        ),
    )


def _network_host(name: str, host: str) -> Xml:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return x(name, x("tt:Type", "DNS"), x("tt:DNSname", host))
    return x(name, x("tt:Type", f"IPv{version}"), x(f"tt:IPv{version}Address", host))


@operation("tds:SetNTP", Access.ADMINISTRATOR)
def set_ntp(call: Call) -> Xml:
    """Set the time servers."""
    from_dhcp = truth(call.request, "tds:FromDHCP")
    given = call.request.findall("tds:NTPManual", NAMESPACES)
    if len(given) > _MAXIMUM_SERVERS:
        raise SoapError("too many time servers", "ter:InvalidArgVal")
    servers = [_read_host(host) for host in given]
    call.device.ntp_from_dhcp = from_dhcp
    if servers:
        call.device.ntp_servers = servers
        call.device.state.time_server = servers[0]
    return x("tds:SetNTPResponse")


def _read_host(host: Element) -> str:
    kind = one_of(required(host, "tt:Type"), ("IPv4", "IPv6", "DNS"), "the type of address")
    if kind == "DNS":
        return required(host, "tt:DNSname")
    text = required(host, f"tt:{kind}Address")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise SoapError(
            "not an address", "ter:InvalidArgVal", f"ter:Invalid{kind}Address"
        ) from None


def _interfaces(state: CameraState) -> list[str]:
    """The kinds of its interfaces, the one in use first."""
    if state.has(NO_WIRED_INTERFACE) or state.has(WIRED_INTERFACE_UNLISTED):
        return ["wifi"]
    others = ["ethernet", *(["wifi"] if state.has(SECOND_INTERFACE) else [])]
    return list(dict.fromkeys([state.identity.interface, *others]))


@operation("tds:GetNetworkInterfaces", Access.USER)
def get_network_interfaces(call: Call) -> Xml:
    """The interface in use, and what else the device has, without an address."""
    kinds = _interfaces(call.state)
    return x(
        "tds:GetNetworkInterfacesResponse",
        *(_interface(call, kind, used=number == 0) for number, kind in enumerate(kinds)),
    )


def _interface(call: Call, kind: str, *, used: bool) -> Xml:
    name, number = _INTERFACES[kind]
    speed = x("tt:AutoNegotiation", True), x("tt:Speed", 100), x("tt:Duplex", "Full")
    address = (x("tt:Manual", x("tt:Address", call.state.address), x("tt:PrefixLength", 8)),)
    return x(
        "tds:NetworkInterfaces",
        {"token": name},
        x("tt:Enabled", used),
        x(
            "tt:Info",
            x("tt:Name", name),
            x("tt:HwAddress", hardware_address(call.device)),
            x("tt:MTU", 1500),
        ),
        x(
            "tt:Link",
            x("tt:AdminSettings", *speed),
            x("tt:OperSettings", *speed),
            x("tt:InterfaceType", number),
        ),
        x(
            "tt:IPv4",
            x("tt:Enabled", used),
            x("tt:Config", *(address if used else ()), x("tt:DHCP", False)),
        ),
    )


@operation("tds:GetNetworkProtocols", Access.USER)
def get_network_protocols(call: Call) -> Xml:
    """Ports of HTTP, HTTPS and RTSP."""
    return x(
        "tds:GetNetworkProtocolsResponse",
        *(
            x(
                "tds:NetworkProtocols",
                x("tt:Name", name.upper()),
                x("tt:Enabled", True),
                x("tt:Port", call.state.ports[name]),
            )
            for name in ("http", "https", "rtsp")
            if name in call.state.ports
        ),
    )
