"""What ONVIF answers say, as the facts of docs/recordings.md. Pure functions on elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from protocols.xml_reading import children, find, integer, local_name, words

_MAXIMUM_ITEMS = 256
#: ianaInterfaceTypes of the technologies that matter (RFC 7224 registry).
_IANA_KINDS = {
    6: "ethernet",
    71: "wifi",
    117: "ethernet",
    243: "4g",
    244: "4g",
    69: "fibre",
    250: "fibre",
}
_NAME_KINDS = (
    (r"^(eth|en[ops]?\d|lan)", "ethernet"),
    (r"^(wlan|wl|ath|wifi|ra\d)", "wifi"),
    (r"^(wwan|usb|ppp|rmnet|4g|lte)", "4g"),
    (r"^(sfp|fib|fo|pon)", "fibre"),
)

Facts = dict[str, Any]


def _limited(elements: Iterable[etree._Element]) -> Iterator[etree._Element]:
    for number, element in enumerate(elements):
        if number == _MAXIMUM_ITEMS:
            return
        yield element


def decimal(element: etree._Element | None, *path: str) -> float | None:
    """The number at ``path``, or ``None``."""
    try:
        value = float(words(element, *path) or "")
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def device(answer: etree._Element | None) -> Facts:
    """Of GetDeviceInformationResponse."""
    names = {
        "manufacturer": "Manufacturer",
        "model": "Model",
        "firmware": "FirmwareVersion",
        "serial": "SerialNumber",
        "hardware": "HardwareId",
    }
    return {key: words(answer, name) for key, name in names.items()}


def scopes(answer: etree._Element | None) -> list[str]:
    """Of GetScopesResponse."""
    found = (words(one, "ScopeItem") for one in _limited(children(answer, "Scopes")))
    return [scope for scope in found if scope]


def interfaces(answer: etree._Element | None) -> list[Facts]:
    """Of GetNetworkInterfacesResponse."""
    found = []
    for one in _limited(children(answer, "NetworkInterfaces")):
        name = words(one, "Info", "Name") or ""
        kind = _interface_kind(one, name)
        mac = words(one, "Info", "HwAddress") or ""
        found.append({"token": one.get("token", ""), "name": name, "mac": mac, "kind": kind})
    return found


def _interface_kind(element: etree._Element, name: str) -> str:
    if find(element, "Extension", "Dot11") is not None:
        return "wifi"
    number = integer(element, "Link", "InterfaceType") or integer(
        element, "Extension", "InterfaceType"
    )
    if number in _IANA_KINDS:
        return _IANA_KINDS[number]
    for token in (name, element.get("token", "")):
        for pattern, kind in _NAME_KINDS:
            if re.match(pattern, token, re.IGNORECASE):
                return kind
    return "unknown"


def profiles(answer: etree._Element) -> list[Facts]:
    """Of GetProfilesResponse of either Media service, without addresses."""
    found = []
    for one in _limited(children(answer, "Profiles")):
        parts = find(one, "Configurations")
        video = find(parts, "VideoEncoder") if parts is not None else None
        audio = find(parts, "AudioEncoder") if parts is not None else None
        if parts is None:
            video = find(one, "VideoEncoderConfiguration")
            audio = find(one, "AudioEncoderConfiguration")
        source = find(parts, "VideoSource")
        if source is None:
            source = find(one, "VideoSourceConfiguration")
        found.append(
            {
                "token": one.get("token", ""),
                "name": words(one, "Name") or "",
                "video": None if video is None else video_encoder(video),
                "audio": None if audio is None else _audio_encoder(audio),
                "video_source": words(source, "SourceToken"),
            }
        )
    return found


def video_encoder(element: etree._Element) -> Facts:
    """Of a VideoEncoder(2)Configuration."""
    gop = element.get("GovLength") or words(element, "H264", "GovLength") or ""
    encoding = encoding_name(words(element, "Encoding") or "")
    return {
        "token": element.get("token", ""),
        "encoding": encoding,
        "width": integer(element, "Resolution", "Width"),
        "height": integer(element, "Resolution", "Height"),
        "frame_rate": decimal(element, "RateControl", "FrameRateLimit"),
        "bitrate_kbps": integer(element, "RateControl", "BitrateLimit"),
        "gop": int(gop) if gop.isdecimal() and len(gop) < 7 else None,
    }


def encoding_name(text: str) -> str:
    """``H264``, ``H265``, ``JPEG`` or what was said, in capitals."""
    name = text.upper().rpartition("/")[2].replace(".", "")
    return {"HEVC": "H265", "MJPEG": "JPEG", "AVC": "H264"}.get(name, name)


def _audio_encoder(element: etree._Element) -> Facts:
    rate = integer(element, "SampleRate")
    name = (words(element, "Encoding") or "").upper()
    return {"encoding": name, "sample_rate": None if rate is None else rate * 1000}


def encoder_options(answer: etree._Element | None) -> Facts:
    """Of GetVideoEncoderConfigurationOptionsResponse of either Media service, by encoding."""
    found: Facts = {}
    for options in _limited(children(answer, "Options")):
        named = words(options, "Encoding")
        if named is not None:
            found[encoding_name(named)] = _options2(options)
            continue
        for holder in (options, find(options, "Extension")):
            for name in ("JPEG", "H264", "H265"):
                if (one := find(holder, name)) is not None:
                    found[name] = {
                        "sizes": _sizes(one),
                        "frame_rate": [
                            decimal(one, "FrameRateRange", "Min"),
                            decimal(one, "FrameRateRange", "Max"),
                        ],
                    }
    return found


def _options2(options: etree._Element) -> Facts:
    rates = []
    for word in (options.get("FrameRatesSupported") or "").split()[:_MAXIMUM_ITEMS]:
        try:
            rates.append(float(word))
        except ValueError:
            continue
    return {
        "sizes": _sizes(options),
        "frame_rate": [min(rates, default=None), max(rates, default=None)],
    }


def _sizes(element: etree._Element) -> list[list[int]]:
    found = []
    for one in _limited(children(element, "ResolutionsAvailable")):
        width, height = integer(one, "Width"), integer(one, "Height")
        if width is not None and height is not None:
            found.append([width, height])
    return found


def audio_options(answer: etree._Element | None) -> list[str]:
    """Encodings of GetAudioEncoderConfigurationOptionsResponse."""
    options = find(answer, "Options")
    found = (words(one, "Encoding") or "" for one in _limited(children(options, "Options")))
    return sorted({name.upper() for name in found if name})


def ptz_nodes(answer: etree._Element | None) -> list[Facts]:
    """Of GetNodesResponse."""
    return [
        {
            "token": one.get("token", ""),
            "auxiliary": [
                (command.text or "").strip()
                for command in _limited(children(one, "AuxiliaryCommands"))
            ],
        }
        for one in _limited(children(answer, "PTZNode"))
    ]


def tokens(answer: etree._Element | None, name: str) -> list[str]:
    """The tokens of the elements called ``name``."""
    return [one.get("token", "") for one in _limited(children(answer, name))]


def plain(element: etree._Element | None, depth: int = 6) -> Any:
    """An element as nested mappings and texts, for facts that are kept as they came."""
    if element is None or depth == 0:
        return None
    inner = [one for one in element if isinstance(one.tag, str)][:_MAXIMUM_ITEMS]
    if not inner:
        return (element.text or "").strip()
    found: Facts = {}
    for one in inner:
        name, value = local_name(one), plain(one, depth - 1)
        if name in found:
            earlier = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*earlier, value]
        else:
            found[name] = value
    return found


def auxiliary_commands(capabilities: etree._Element | None) -> list[str]:
    """Of GetCapabilitiesResponse or GetServiceCapabilitiesResponse of the device service."""
    io = find(capabilities, "Capabilities", "Device", "IO", "Extension")
    found = [(one.text or "").strip() for one in _limited(children(io, "AuxiliaryCommands"))]
    misc = find(capabilities, "Capabilities", "Misc")
    if misc is not None:
        found += (misc.get("AuxiliaryCommands") or "").split()
    return [command for command in found if command]


def ntp(answer: etree._Element | None) -> Facts | None:
    """Of GetNTPResponse: whether from DHCP, and the servers."""
    information = find(answer, "NTPInformation")
    if information is None:
        return None
    servers = []
    for name in ("NTPManual", "NTPFromDHCP"):
        for one in _limited(children(information, name)):
            address = (
                words(one, "IPv4Address") or words(one, "IPv6Address") or words(one, "DNSname")
            )
            if address:
                servers.append(address)
    return {"from_dhcp": words(information, "FromDHCP") == "true", "servers": servers}


def date_and_time(answer: etree._Element) -> Facts:
    """Of GetSystemDateAndTimeResponse, as a poll of docs/recordings.md without the stamps."""
    stated = find(answer, "SystemDateAndTime")
    return {
        "utc": _moment(find(stated, "UTCDateTime")),
        "local": _moment(find(stated, "LocalDateTime")),
        "time_zone": words(stated, "TimeZone", "TZ"),
        "type": words(stated, "DateTimeType"),
        "daylight_saving": words(stated, "DaylightSavings") == "true",
    }


def _moment(element: etree._Element | None) -> dict[str, int] | None:
    if element is None:
        return None
    names = {
        "year": ("Date", "Year"),
        "month": ("Date", "Month"),
        "day": ("Date", "Day"),
        "hour": ("Time", "Hour"),
        "minute": ("Time", "Minute"),
        "second": ("Time", "Second"),
    }
    found = {key: integer(element, *path) for key, path in names.items()}
    if any(value is None for value in found.values()):
        return None
    return {key: value for key, value in found.items() if value is not None}
