"""The ``platform`` section of a site file: the operator's platform as a point of the site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from targets.site import PLATFORM_ADAPTERS, SERVICE_MODES, PlatformAccess, Point

if TYPE_CHECKING:
    from targets.site_file import Reader

PLATFORM_FIELDS = (
    "addresses",
    "online_rate",
    "online",
    "total",
    "id",
    "name",
    "uri",
    "adapter",
    "user",
    "password",
    "certificate_authority",
    "cameras",
    "device_ports",
    "ntp_port",
    "concurrent_viewers",
    "retention_days",
    "modes",
    "rig",
)
_ID = re.compile(r"\d{20}")
#: The id of a platform that has none of GB/T 28181.
UNNUMBERED = "platform"


def platform_point(
    reader: Reader, node: yaml.Node | None, fields: Mapping[str, yaml.Node]
) -> Point | None:
    """The platform as a point, ``None`` when the section does not say how to reach it."""
    if "password" in fields:
        reader.note(fields["password"], "password-in-file")
    adapter = reader.choice(
        fields.get("adapter"), "platform.adapter", PLATFORM_ADAPTERS, "reference"
    )
    if "uri" not in fields and "adapter" not in fields:
        return None
    identifier = reader.words(fields.get("id"), "platform.id")
    if identifier and not _ID.fullmatch(identifier):
        reader.note(fields["id"], "bad-id", found=identifier)
    if adapter == "gb28181" and not identifier:
        reader.note(node, "bad-id", found=identifier)
    access = PlatformAccess(
        uri=_uri(reader, fields.get("uri", node), adapter, reader.words(fields.get("uri"), "uri")),
        adapter=adapter,
        user=reader.words(fields.get("user"), "platform.user", "admin"),
        device_id=identifier,
        certificate_authority=reader.path(
            fields.get("certificate_authority"), "platform.certificate_authority"
        ),
        cameras=tuple(
            _camera(reader, one) for one in reader.items(fields.get("cameras"), "platform.cameras")
        ),
        device_ports=tuple(
            int(reader.number(one, "platform.device_ports", 1, 65_535) or 0)
            for one in reader.items(fields.get("device_ports"), "platform.device_ports")
        ),
        ntp_port=int(reader.number(fields.get("ntp_port"), "ntp_port", 1, 65_535) or 123),
        concurrent_viewers=int(
            reader.number(fields.get("concurrent_viewers"), "concurrent_viewers", 1, 100_000) or 0
        ),
        retention_days=int(
            reader.number(fields.get("retention_days"), "retention_days", 1, 3650) or 0
        ),
        modes=tuple(
            reader.choice(one, "platform.modes", SERVICE_MODES, SERVICE_MODES[0])
            for one in reader.items(fields.get("modes"), "platform.modes")
        ),
        rig=_rig(reader, fields.get("rig")),
    )
    return Point(
        id=identifier or UNNUMBERED,
        name=reader.words(fields.get("name"), "platform.name", identifier or UNNUMBERED),
        uri=access.uri,
        # Where the interface is worked, it registers only for as long as a check needs it.
        gb28181=identifier if adapter == "gb28181" else "",
        platform=access,
    )


def _uri(reader: Reader, node: yaml.Node | None, adapter: str, uri: str) -> str:
    """The address of the service to users; only a person or GB/T 28181 can do without one."""
    if not uri and adapter != "reference":
        return ""
    parts = urlsplit(uri)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
        reader.note(node, "bad-uri", found=parts._replace(netloc="").geturl(), schemes="https")
    if parts.username or parts.password:
        reader.note(node, "password-in-file")
    return uri.rstrip("/")


def _camera(reader: Reader, node: yaml.Node) -> str:
    found = reader.words(node, "platform.cameras")
    if not _ID.fullmatch(found):
        reader.note(node, "bad-id", found=found)
    return found


def _rig(reader: Reader, node: yaml.Node | None) -> str:
    rig = reader.words(node, "platform.rig")
    if rig and not rig.startswith(("http://", "https://")):
        reader.note(node, "bad-uri", found=rig, schemes="http, https")
    return rig
