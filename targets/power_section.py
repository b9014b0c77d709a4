"""The section ``power`` of a site file: what feeds the cameras over Ethernet and can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from targets.site import PowerRig

if TYPE_CHECKING:  # the two read one file together
    from targets.site_file import Reader

_FIELDS = ("http", "switch", "profile", "host_key", "ports", "return_seconds")
#: The sorts of switches of ``hardware_rigs/switch_profiles.yaml``; a test holds the two together.
SWITCH_PROFILES = ("cisco-ios", "huawei-vrp", "h3c-comware")


def power_rig(reader: Reader, node: yaml.Node | None) -> PowerRig | None:
    """The declared rig; ``None`` where there is none or it is a mistake."""
    if node is None:
        return None
    fields = reader.mapping(node, "power", _FIELDS)
    http = reader.words(fields.get("http"), "power.http")
    switch = reader.words(fields.get("switch"), "power.switch")
    if bool(http) == bool(switch):
        reader.note(node, "power-one-of")
        return None
    if http and not http.startswith(("http://", "https://")):
        reader.note(fields["http"], "bad-uri", found=http, schemes="http, https")
    if switch and not _is_switch(switch):
        reader.note(fields["switch"], "bad-switch", found=switch)
    ports = _ports(reader, fields.get("ports"))
    if switch and not ports:
        reader.note(fields.get("ports", node), "power-without-ports")
    profile = reader.choice(fields.get("profile"), "power.profile", SWITCH_PROFILES, "")
    if switch and "profile" not in fields:
        choices = ", ".join(SWITCH_PROFILES)
        reader.note(node, "not-a-choice", field="power.profile", found="", choices=choices)
    seconds = reader.number(fields.get("return_seconds"), "power.return_seconds", 5, 1800)
    return PowerRig(
        http=http,
        switch=switch,
        profile=profile,
        host_key=reader.words(fields.get("host_key"), "power.host_key"),
        ports=ports,
        return_seconds=seconds or PowerRig.return_seconds,
    )


def _is_switch(address: str) -> bool:
    """``ssh://USER@HOST[:PORT]``, without a password."""
    try:
        parts = urlsplit(address)
        return (
            parts.scheme == "ssh"
            and bool(parts.hostname and parts.username)
            and parts.password is None
            and parts.path in ("", "/")
            and parts.port != 0
        )
    except ValueError:
        return False


def _ports(reader: Reader, node: yaml.Node | None) -> dict[str, str]:
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        reader.note(node, "not-a-mapping", where="power.ports", fields="ID, ...")
        return {}
    found: dict[str, str] = {}
    for key, value in node.value:
        port = reader.words(value, f"power.ports.{key.value}")
        if str(key.value) in found:
            reader.note(key, "repeated-field", field=str(key.value), where="power.ports")
        elif port in found.values():
            reader.note(value, "port-twice", found=port)
        found[str(key.value)] = port
    return found
