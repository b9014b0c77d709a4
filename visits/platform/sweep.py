"""The sweep over an interface: every operation that it describes, asked as everybody.

Nothing is changed by it: what would change something names a thing that is not there, or a version
that never was, so that a platform refuses it for that reason at the latest. What a defective
platform makes of it all the same carries the mark of the visit and is cleared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

METHODS = ("get", "post", "put", "patch", "delete")
#: Ends the session that asks, or changes its password: no part of a sweep.
LEFT_OUT = frozenset({"/api/login", "/api/logout", "/api/me/password"})
#: Nobody has this version, and no platform this id.
NO_VERSION, NO_ID = 1_999_999_999, "tantou0000000000"
_NO_DEVICE = "61999900001189999998"
_PARAMETER = re.compile(r"\{([^}]+)\}")
_CHANNEL, _DEVICE = re.compile(r"channel"), re.compile(r"device")
_MAXIMUM_OPERATIONS = 400


@dataclass(frozen=True)
class Place:
    """What an operation is asked about: a camera and where it belongs."""

    label: str
    channel: str
    device: str
    organisation: str


@dataclass(frozen=True)
class Operation:
    """One operation of the interface.

    Attributes:
        method: upper case.
        path: as described, with its parameters in braces.
        about: whether it names a camera.
        schema: of its body, resolved; empty when it has none.
        query: its query parameters that are needed, with their schemas.
    """

    method: str
    path: str
    about: bool
    schema: Mapping[str, Any]
    query: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        """``GET /api/things/{id}``."""
        return f"{self.method} {self.path}"

    def url(self, place: Place) -> str:
        """The address about ``place``; ids of other things are of nothing."""
        path = _PARAMETER.sub(lambda found: quote(self._value(found[1], place), safe=""), self.path)
        query = {name: self._value(name, place, schema) for name, schema in self.query.items()}
        if self.method == "DELETE":
            query["version"] = str(NO_VERSION)
        parts = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{path}?{parts}" if parts else path

    def body(self, place: Place, mark: str) -> Any:
        """The smallest body that the description accepts, about ``place``.

        What would be created is to hang on something that is not there.
        """
        if not self.schema:
            return None
        creates = (self.method == "POST" and not self.about) or "id" in self._fields
        where = replace(place, organisation=NO_ID, device=_NO_DEVICE) if creates else place
        return _example(self.schema, "", where, mark)

    @property
    def _fields(self) -> set[str]:
        return set(_mapping(self.schema.get("properties")))

    def _value(self, name: str, place: Place, schema: Mapping[str, Any] | None = None) -> str:
        if _CHANNEL.search(name) or (name == "target" and "live" in self.path):
            return place.channel
        if _DEVICE.search(name):
            return place.device
        if "organisation" in name:
            return place.organisation
        value = _example(schema or {}, name, place, "")
        return NO_ID if value is None or value == "" else str(value)


def operations_of(description: Mapping[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI description, in its order."""
    found: list[Operation] = []
    paths = description.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        if path in LEFT_OUT or not isinstance(item, Mapping):
            continue
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping) and len(found) < _MAXIMUM_OPERATIONS:
                found.append(_operation(description, path, method, operation))
    return found


def _operation(
    description: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Operation:
    content = _deep(operation, "requestBody", "content", "application/json", "schema")
    schema = _resolved(description, content)
    query = {
        str(one.get("name")): _resolved(description, one.get("schema"))
        for one in operation.get("parameters") or ()
        if isinstance(one, Mapping) and one.get("in") == "query" and one.get("required")
    }
    fields = set(_mapping(schema.get("properties")))
    about = bool(
        _CHANNEL.search(path)
        or "channel" in query
        or "channel" in fields
        or (path.endswith("/tickets") and "target" in fields)
    )
    return Operation(method.upper(), path, about, schema, query)


def _example(schema: Mapping[str, Any], name: str, place: Place, mark: str) -> Any:
    """The smallest value of ``schema``; names of things tell what it is about."""
    if name in ("channel", "channel_id") or (name == "target"):
        return place.channel
    if name in ("device", "device_id"):
        return place.device
    if name in ("organisation", "parent", "organisation_id"):
        return place.organisation
    if name == "version":
        return NO_VERSION
    for choice in ("anyOf", "oneOf", "allOf"):
        options = [one for one in schema.get(choice) or () if isinstance(one, Mapping)]
        if options:
            return _example(options[0], name, place, mark)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        needed = set(schema.get("required") or ()) | {"version", "channel", "organisation"}
        return {
            field: _example(inner, field, place, mark)
            for field, inner in _mapping(schema.get("properties")).items()
            if field in needed and isinstance(inner, Mapping)
        }
    if kind == "array":
        least = int(schema.get("minItems") or 0)
        inner = _mapping(schema.get("items"))
        return [_example(inner, name, place, mark) for _ in range(min(least, 4))]
    if kind == "integer":
        return int(schema.get("minimum") or schema.get("exclusiveMinimum") or 1)
    if kind == "number":
        return float(schema.get("minimum") or 1.0)
    if kind == "boolean":
        return False
    return _text(schema, name, mark)


def _text(schema: Mapping[str, Any], name: str, mark: str) -> str:
    if schema.get("format") == "date-time":
        return "2026-01-01T00:10:00+08:00" if name == "end" else "2026-01-01T00:00:00+08:00"
    if name == "password":
        return f"Tq7+{mark}-sweep"
    if name == "id":
        return "61999900001189999999"
    pattern = str(schema.get("pattern") or "")
    if r"\d{20}" in pattern or "{20}" in pattern:
        return "61999900001189999999"
    text = f"{mark}-sweep" if mark else NO_ID
    longest = schema.get("maxLength")
    return text[: int(longest)] if isinstance(longest, int) else text


def _resolved(description: Mapping[str, Any], schema: Any, depth: int = 0) -> Mapping[str, Any]:
    """``schema`` with its references put in, to a bounded depth."""
    if not isinstance(schema, Mapping) or depth > 6:
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _resolved(
            description, _deep(description, *reference.removeprefix("#/").split("/")), depth + 1
        )
    resolved: dict[str, Any] = dict(schema)
    if isinstance(schema.get("properties"), Mapping):
        resolved["properties"] = {
            name: _resolved(description, inner, depth + 1)
            for name, inner in schema["properties"].items()
        }
    if "items" in schema:
        resolved["items"] = _resolved(description, schema["items"], depth + 1)
    for choice in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(choice), list):
            resolved[choice] = [_resolved(description, one, depth + 1) for one in schema[choice]]
    return resolved


def _deep(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def places_by_operation(operation: Operation, places: list[Place]) -> Iterator[Place]:
    """The places that an operation is asked about: every one, or the first where it names none."""
    yield from places if operation.about else places[:1]
