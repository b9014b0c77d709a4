"""Reads a site file (YAML) whole and names every mistake with its line before anything runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import yaml

from assessment.sampling import ACCEPTANCE_QUALITY_LIMITS as QUALITY_LIMITS
from assessment.sampling import Plan
from messages import text
from standard.located_yaml import FaultyFileError
from targets.camera import parse_camera
from targets.declaration_section import declaration_name, site_declarations
from targets.errors import TargetError
from targets.platform_section import PLATFORM_FIELDS, platform_point
from targets.power_section import power_rig
from targets.region_section import region_rings
from targets.site import (
    ACCESS_TYPES,
    SCENES,
    Certificate,
    Exclusion,
    Gb28181Listen,
    Marker,
    Point,
    Site,
    Wire,
)

POINT_ID = re.compile(r"\d{20}")
_MAXIMUM_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Mistake:
    """One mistake: file, line (1-based, 0 if none) and the message that words it."""

    file: str
    line: int
    key: str
    parameters: Mapping[str, Any]

    def worded(self, lang: str) -> str:
        """``file:line: what is wrong and which form is expected``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {text(self.key, lang, **self.parameters)}"


class SiteFileError(Exception):
    """The site file (or a file it refers to) has mistakes; all of them are listed."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(mistake.worded("en") for mistake in mistakes))
        self.mistakes = mistakes


class Reader:
    """Walks a YAML node tree, converts values and collects mistakes instead of stopping."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []

    def note(self, node: yaml.Node | None, key: str, **parameters: Any) -> None:
        """Remember a mistake at ``node``."""
        line = node.start_mark.line + 1 if node is not None else 0
        self.mistakes.append(Mistake(self.file.name, line, f"site.{key}", parameters))

    def take(self, error: FaultyFileError) -> None:
        """Remember the mistakes of a file that the site file names."""
        for one in error.faults:
            self.mistakes.append(Mistake(one.file, one.line, f"file.{one.code}", one.parameters))

    def mapping(
        self, node: yaml.Node | None, where: str, allowed: tuple[str, ...]
    ) -> dict[str, yaml.Node]:
        """The fields of a mapping node; unknown and repeated ones are mistakes."""
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.note(node, "not-a-mapping", where=where, fields=", ".join(allowed))
            return {}
        fields: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            name = str(key_node.value)
            if name in fields:
                self.note(key_node, "repeated-field", field=name, where=where)
            elif name not in allowed:
                self.note(
                    key_node, "unknown-field", field=name, where=where, fields=", ".join(allowed)
                )
            else:
                fields[name] = value_node
        return fields

    def items(self, node: yaml.Node | None, where: str) -> list[yaml.Node]:
        """The items of a sequence node."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.note(node, "not-a-list", where=where)
            return []
        return list(node.value)

    def words(self, node: yaml.Node | None, where: str, default: str = "") -> str:
        """A scalar as text."""
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self.note(node, "not-text", field=where)
            return default
        return str(node.value).strip()

    def number(self, node: yaml.Node | None, where: str, low: float, high: float) -> float | None:
        """A number within ``low..high``; ``None`` when absent or wrong."""
        if node is None:
            return None
        try:
            value = float(self.words(node, where))
        except ValueError:
            self.note(node, "not-a-number", field=where, found=self.words(node, where))
            return None
        if not low <= value <= high:
            self.note(node, "out-of-range", field=where, found=value, low=low, high=high)
            return None
        return value

    def truth(self, node: yaml.Node | None, where: str) -> bool:
        """A yes or no, also in Chinese."""
        if node is None:
            return False
        word = self.words(node, where).lower()
        if word in ("true", "yes", "是", "室内", "indoor"):
            return True
        if word not in ("false", "no", "否", "室外", "outdoor", ""):
            self.note(node, "not-yes-or-no", field=where, found=word)
        return False

    def choice(
        self, node: yaml.Node | None, where: str, choices: tuple[str, ...], default: str
    ) -> str:
        """One of ``choices``."""
        if node is None:
            return default
        word = self.words(node, where)
        if word not in choices:
            self.note(node, "not-a-choice", field=where, found=word, choices=", ".join(choices))
            return default
        return word

    def path(self, node: yaml.Node | None, where: str) -> Path | None:
        """A path relative to the site file; it must exist."""
        if node is None:
            return None
        path = self.file.parent / self.words(node, where)
        if not path.exists():
            self.note(node, "no-such-file", field=where, path=str(path))
            return None
        return path


_SITE_FIELDS = (
    "name",
    "cameras",
    "inventory",
    "platform",
    "sampling",
    "light",
    "scene_rig",
    "wire",
    "time_servers",
    "gb28181",
    "police_networks",
    "certificate_authority",
    "evidence",
    "picture_quality",
    "not_applicable",
    "rulings",
    "waivers",
    "watch",
    "region",
    "declarations",
    "power",
)
_POINT_FIELDS = (
    "id",
    "name",
    "uri",
    "location",
    "scene",
    "indoor",
    "access",
    "longitude",
    "latitude",
    "declared",
    "certificate",
    "password",
    "gb28181",
    "declaration",
    "marker",
)


def read_site(
    file: Path, inventory_reader: Callable[[Path], tuple[list[Point], list[Mistake]]]
) -> Site:
    """Read and validate a site file and all that it refers to.

    Args:
        file: the YAML file.
        inventory_reader: reads a point inventory (xlsx, csv) into points and mistakes.

    Raises:
        SiteFileError: with every mistake found, each with file and line.
    """
    reader = Reader(file)
    root = _load(reader)
    fields = reader.mapping(root, "site", _SITE_FIELDS) if root is not None else {}
    points = [_point(reader, node) for node in reader.items(fields.get("cameras"), "cameras")]
    if inventory := reader.path(fields.get("inventory"), "inventory"):
        listed, mistakes = inventory_reader(inventory)
        points += listed
        reader.mistakes += mistakes
    platform = reader.mapping(fields.get("platform"), "platform", PLATFORM_FIELDS)
    if operated := platform_point(reader, fields.get("platform"), platform):
        points.append(operated)
    _check_points(reader, root, points)
    reports = {
        name: value
        for name in ("online_rate", "online", "total")
        if (value := reader.number(platform.get(name), f"platform.{name}", 0, 1e9)) is not None
    }
    quality = reader.mapping(
        fields.get("picture_quality"), "picture_quality", ("analysis", "gb37300")
    )
    watch = reader.mapping(fields.get("watch"), "watch", ("online_seconds", "clock_seconds"))
    site = Site(
        name=reader.words(fields.get("name"), "name", file.stem),
        points=tuple(points),
        platform_addresses=_texts(reader, platform.get("addresses"), "platform.addresses"),
        platform_reports=reports,
        sampling=_sampling(reader, fields.get("sampling")),
        light_box=_light_box(reader, fields.get("light")),
        scene_rig=_http(reader, fields.get("scene_rig"), "scene_rig"),
        wire=_wire(reader, fields.get("wire")),
        time_servers=_texts(reader, fields.get("time_servers"), "time_servers"),
        certificate_authority=reader.path(
            fields.get("certificate_authority"), "certificate_authority"
        ),
        evidence=reader.path(fields.get("evidence"), "evidence"),
        picture_profile=reader.path(quality.get("analysis"), "picture_quality.analysis"),
        gb37300_profile=reader.path(quality.get("gb37300"), "picture_quality.gb37300"),
        exclusions=tuple(
            _exclusion(reader, node)
            for node in reader.items(fields.get("not_applicable"), "not_applicable")
        ),
        rulings=_rulings(reader, fields.get("rulings")),
        waivers=reader.path(fields.get("waivers"), "waivers"),
        online_seconds=reader.number(watch.get("online_seconds"), "online_seconds", 1, 604_800)
        or 6.0,
        gb28181=_gb28181(reader, fields.get("gb28181")),
        police_networks=tuple(
            _network(reader, node)
            for node in reader.items(fields.get("police_networks"), "police_networks")
        ),
        clock_seconds=reader.number(watch.get("clock_seconds"), "clock_seconds", 3, 3600) or 23.0,
        region=region_rings(reader, fields.get("region")),
        power=power_rig(reader, fields.get("power")),
        declarations=site_declarations(
            reader, fields.get("declarations"), fields.get("cameras"), points
        ),
    )
    if reader.mistakes:
        raise SiteFileError(reader.mistakes)
    return site


def _load(reader: Reader) -> yaml.Node | None:
    try:
        if reader.file.stat().st_size > _MAXIMUM_BYTES:
            reader.note(None, "too-large", limit=_MAXIMUM_BYTES)
            return None
        content = reader.file.read_text(encoding="utf-8-sig")
    except OSError as error:
        reader.note(None, "unreadable", detail=error.strerror or str(error))
        return None
    except UnicodeDecodeError as error:
        reader.note(None, "not-utf8", position=error.start)
        return None
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        reader.mistakes.append(
            Mistake(reader.file.name, line, "site.not-yaml", {"detail": error.problem or ""})
        )
        return None
    except yaml.YAMLError as error:
        reader.note(None, "not-yaml", detail=str(error).splitlines()[0])
        return None
    if root is None:
        reader.note(None, "empty")
    return root


def _point(reader: Reader, node: yaml.Node) -> Point:
    fields = reader.mapping(node, "cameras[]", _POINT_FIELDS)
    if "password" in fields:
        reader.note(fields["password"], "password-in-file")
    identifier = reader.words(fields.get("id"), "id")
    if not POINT_ID.fullmatch(identifier):
        reader.note(fields.get("id", node), "bad-id", found=identifier)
    uri = reader.words(fields.get("uri"), "uri")
    check_uri(reader, fields.get("uri", node), uri)
    declared_nodes = fields.get("declared")
    declared: dict[str, str] = {}
    if isinstance(declared_nodes, yaml.MappingNode):
        declared = {
            str(key.value): reader.words(value, f"declared.{key.value}")
            for key, value in declared_nodes.value
        }
    elif declared_nodes is not None:
        reader.note(declared_nodes, "not-a-mapping", where="declared", fields="ip_code, model, ...")
    return Point(
        id=identifier,
        name=reader.words(fields.get("name"), "name", identifier),
        uri=uri,
        location=reader.words(fields.get("location"), "location"),
        scene=reader.choice(fields.get("scene"), "scene", SCENES, "other"),
        indoor=reader.truth(fields.get("indoor"), "indoor"),
        access=reader.choice(fields.get("access"), "access", ("", *ACCESS_TYPES), ""),
        longitude=reader.number(fields.get("longitude"), "longitude", -180, 180),
        latitude=reader.number(fields.get("latitude"), "latitude", -90, 90),
        declared=declared,
        certificate=_certificate(reader, fields.get("certificate")),
        gb28181=_device_id(reader, fields.get("gb28181"), "gb28181"),
        declaration=declaration_name(reader, fields.get("declaration")),
        marker=_marker(reader, fields.get("marker")),
    )


def _marker(reader: Reader, node: yaml.Node | None) -> Marker | None:
    """What of known size is in view."""
    if node is None:
        return None
    fields = reader.mapping(node, "marker", ("width", "distance"))
    width = reader.number(fields.get("width"), "marker.width", 0.01, 20)
    distance = reader.number(fields.get("distance"), "marker.distance", 0.1, 1000)
    if width is None or distance is None:
        reader.note(node, "marker-incomplete")
        return None
    return Marker(width, distance)


def _device_id(reader: Reader, node: yaml.Node | None, where: str, default: str = "") -> str:
    """20 digits by which something registers."""
    found = reader.words(node, where, default)
    if found and not POINT_ID.fullmatch(found):
        reader.note(node, "bad-id", found=found)
        return default
    return found


def check_uri(reader: Reader, node: yaml.Node, uri: str) -> None:
    """Note a device address that cannot be used, or that carries a password."""
    try:
        parse_camera(uri)
    except TargetError as error:
        line = node.start_mark.line + 1
        reader.mistakes.append(Mistake(reader.file.name, line, error.key, error.parameters))


def _certificate(reader: Reader, node: yaml.Node | None) -> Certificate | None:
    if node is None:
        return None
    if isinstance(node, yaml.ScalarNode):
        path = reader.path(node, "certificate")
        if path is None:
            return None
        inner = Reader(path)
        root = _load(inner)
        certificate = _certificate_fields(inner, root) if root is not None else None
        reader.mistakes += inner.mistakes
        return certificate
    return _certificate_fields(reader, node)


def _certificate_fields(reader: Reader, node: yaml.Node) -> Certificate:
    names = ("code", "model", "laboratory_mark", "valid_until", "number", "file")
    fields = reader.mapping(node, "certificate", names)
    return Certificate(
        code=reader.words(fields.get("code"), "certificate.code"),
        model=reader.words(fields.get("model"), "certificate.model"),
        laboratory_mark=reader.words(fields.get("laboratory_mark"), "certificate.laboratory_mark"),
        valid_until=reader.words(fields.get("valid_until"), "certificate.valid_until"),
        number=reader.words(fields.get("number"), "certificate.number"),
        file=reader.path(fields.get("file"), "certificate.file"),
    )


def _check_points(reader: Reader, root: yaml.Node | None, points: list[Point]) -> None:
    if all(point.platform is not None for point in points) and root is not None:
        reader.note(root, "no-cameras")
    seen: set[str] = set()
    for point in points:
        if point.id in seen:
            reader.note(root, "repeated-id", id=point.id)
        seen.add(point.id)


def _texts(reader: Reader, node: yaml.Node | None, where: str) -> tuple[str, ...]:
    return tuple(reader.words(item, where) for item in reader.items(node, where))


def _sampling(reader: Reader, node: yaml.Node | None) -> Plan:
    fields = reader.mapping(node, "sampling", ("plan", "level", "aql", "share", "minimum"))
    share = reader.number(fields.get("share"), "sampling.share", 0.0001, 1)
    minimum = reader.number(fields.get("minimum"), "sampling.minimum", 1, 1_000_000)
    return Plan(
        kind=reader.choice(fields.get("plan"), "plan", ("all", "gbt2828", "share"), "all"),  # type: ignore[arg-type]
        level=reader.choice(
            fields.get("level"), "level", ("I", "II", "III", "S-1", "S-2", "S-3", "S-4"), "II"
        ),
        aql=float(
            reader.choice(fields.get("aql"), "aql", tuple(f"{q:g}" for q in QUALITY_LIMITS), "4")
        ),
        share=share or 0.2,
        minimum=int(minimum or 3),
    )


def _light_box(reader: Reader, node: yaml.Node | None) -> str:
    fields = reader.mapping(node, "light", ("http",))
    return _http(reader, fields.get("http"), "light.http")


def _http(reader: Reader, node: yaml.Node | None, where: str) -> str:
    """The HTTP address of a rig."""
    address = reader.words(node, where)
    if address and not address.startswith(("http://", "https://")):
        reader.note(node, "bad-uri", found=address, schemes="http, https")
    return address


def _wire(reader: Reader, node: yaml.Node | None) -> Wire | None:
    if node is None:
        return None
    fields = reader.mapping(
        node, "wire", ("interface", "link", "files", "seconds", "own_addresses")
    )
    files = [reader.path(item, "wire.files") for item in reader.items(fields.get("files"), "files")]
    wire = Wire(
        interface=reader.words(fields.get("interface"), "wire.interface"),
        link=reader.words(fields.get("link"), "wire.link"),
        files=tuple(path for path in files if path is not None),
        seconds=reader.number(fields.get("seconds"), "wire.seconds", 1, 86_400) or 10.0,
        own_addresses=_texts(reader, fields.get("own_addresses"), "wire.own_addresses"),
    )
    if not wire.interface and not wire.files:
        reader.note(node, "wire-without-source")
    return wire


def _gb28181(reader: Reader, node: yaml.Node | None) -> Gb28181Listen | None:
    """Where devices register with the harness."""
    if node is None:
        return None
    names = ("address", "port", "tls_port", "server_id", "domain", "realm", "rig", "certificate")
    fields = reader.mapping(node, "gb28181", names)
    address = reader.words(fields.get("address"), "gb28181.address")
    try:
        ip_address(address)
    except ValueError:
        reader.note(fields.get("address", node), "bad-ip", field="gb28181.address", found=address)
    rig = reader.words(fields.get("rig"), "gb28181.rig")
    if rig and not rig.startswith(("http://", "https://")):
        reader.note(fields["rig"], "bad-uri", found=rig, schemes="http, https")
    certificate = reader.path(fields.get("certificate"), "gb28181.certificate")
    default = Gb28181Listen.server_id
    port = reader.number(fields.get("port"), "gb28181.port", 1, 65_535)
    tls_port = reader.number(fields.get("tls_port"), "gb28181.tls_port", 1, 65_535)
    return Gb28181Listen(
        address=address,
        port=int(port or 5060),
        tls_port=int(tls_port) if tls_port else None,
        server_id=_device_id(reader, fields.get("server_id"), "gb28181.server_id", default),
        domain=reader.words(fields.get("domain"), "gb28181.domain"),
        realm=reader.words(fields.get("realm"), "gb28181.realm"),
        rig=rig,
        certificate=str(certificate.resolve()) if certificate is not None else "",
    )


def _network(reader: Reader, node: yaml.Node) -> str:
    """An IP network, e.g. of the police, from which no device may be reached."""
    found = reader.words(node, "police_networks")
    try:
        return str(ip_network(found, strict=False))
    except ValueError:
        reader.note(node, "bad-network", field="police_networks", found=found)
        return found


def _exclusion(reader: Reader, node: yaml.Node) -> Exclusion:
    fields = reader.mapping(node, "not_applicable[]", ("requirement", "reason"))
    reason = reader.words(fields.get("reason"), "reason")
    if not reason:
        reader.note(node, "exclusion-without-reason")
    return Exclusion(reader.words(fields.get("requirement"), "requirement"), reason)


def _rulings(reader: Reader, node: yaml.Node | None) -> dict[str, str]:
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        reader.note(node, "not-a-mapping", where="rulings", fields="R-001, ...")
        return {}
    return {
        str(key.value): reader.words(value, f"rulings.{key.value}") for key, value in node.value
    }
