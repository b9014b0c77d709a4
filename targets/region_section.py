"""The section ``region`` of a site file: a box in degrees, or a GeoJSON file of an area."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from assessment.region import Ring, box

if TYPE_CHECKING:  # the two read one file together
    from targets.site_file import Reader

_SIDES = {"west": 180.0, "south": 90.0, "east": 180.0, "north": 90.0}
_MAXIMUM_PLACES = 200_000


def region_rings(reader: Reader, node: yaml.Node | None) -> tuple[Ring, ...]:
    """The outer rings of the region; empty where none is declared or it is a mistake."""
    if node is None:
        return ()
    if isinstance(node, yaml.ScalarNode):
        return _of_file(reader, node)
    fields = reader.mapping(node, "region", tuple(_SIDES))
    sides = [
        reader.number(fields.get(name), f"region.{name}", -limit, limit)
        for name, limit in _SIDES.items()
    ]
    west, south, east, north = sides
    if west is None or south is None or east is None or north is None:
        reader.note(node, "region-incomplete")
        return ()
    if not (west < east and south < north):
        reader.note(node, "region-incomplete")
        return ()
    return (box(west, south, east, north),)


def _of_file(reader: Reader, node: yaml.ScalarNode) -> tuple[Ring, ...]:
    path = reader.path(node, "region")
    if path is None:
        return ()
    try:
        rings = tuple(_rings(json.loads(path.read_text(encoding="utf-8-sig"))))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        rings = ()
    if not rings or sum(map(len, rings)) > _MAXIMUM_PLACES:
        reader.note(node, "region-not-geojson", found=path.name)
        return ()
    return rings


def _rings(document: Any) -> Iterator[Ring]:
    kind = document["type"]
    if kind == "FeatureCollection":
        for feature in document["features"]:
            yield from _rings(feature)
    elif kind == "Feature":
        yield from _rings(document["geometry"])
    elif kind == "Polygon":
        yield _ring(document["coordinates"])
    elif kind == "MultiPolygon":
        for polygon in document["coordinates"]:
            yield _ring(polygon)


def _ring(polygon: Any) -> Ring:
    """The outer ring; an enclave counts as inside, for no point fails by it."""
    return tuple((float(place[0]), float(place[1])) for place in polygon[0])
