"""The channels that a device's catalogue names."""

from __future__ import annotations

from collections.abc import Mapping

from protocols.deviation import printable
from protocols.xml_reading import children, find, words
from targets.gb28181.exchange import Exchange

#: Types of things with a picture of their own, in the order of preference (annex D).
_CAMERAS = ("132", "131")
_MOST_CHANNELS = 4096


def channels_of(exchange: Exchange) -> dict[str, str]:
    """Ids of the things in a catalogue, with their PTZType ("" when not told)."""
    found: dict[str, str] = {}
    for page in exchange.pages:
        listed = find(page.root, "DeviceList")
        for item in children(listed, "Item") if listed is not None else ():
            identifier = words(item, "DeviceID") or ""
            if identifier and len(found) < _MOST_CHANNELS:
                kind = words(item, "Info", "PTZType") or words(item, "PTZType") or ""
                found[identifier[:20]] = printable(kind, 8)
    return found


def camera_among(channels: Mapping[str, str], device: str) -> str:
    """The channel whose video is asked for: a camera below the device, else the device itself."""
    below = [one for one in channels if one != device]
    return next((one for kind in _CAMERAS for one in below if one[10:13] == kind), device)
