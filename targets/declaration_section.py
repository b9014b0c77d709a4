"""The fields ``declarations`` and ``declaration`` of a site file: what vendors state of cameras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from assessment.declaration import Declaration, declaration_for, read_declarations
from standard.located_yaml import FaultyFileError

if TYPE_CHECKING:  # the two read one file together
    from targets.site import Point
    from targets.site_file import Reader


def declaration_name(reader: Reader, node: yaml.Node | None) -> str:
    """The file that a point names as its own, "" where it names none; read with all others."""
    return Path(reader.words(node, "declaration")).name


def site_declarations(
    reader: Reader, listed: yaml.Node | None, cameras: yaml.Node | None, points: Iterable[Point]
) -> tuple[Declaration, ...]:
    """Every declaration that the site file names, each read once.

    One that is named for a camera of another model is a mistake.
    """
    own = _named(cameras)
    paths: dict[Path, None] = {}
    for node in (*reader.items(listed, "declarations"), *own.values()):
        if (path := reader.path(node, "declarations")) is not None:
            paths[path.resolve()] = None
    try:
        found = read_declarations(paths)
    except FaultyFileError as error:
        reader.take(error)
        return ()
    for point in points:
        model = point.declared.get("model", "")
        declared = declaration_for(found, point.declaration)
        if declared is not None and model and not declared.covers(model):
            covers = ", ".join(declared.models)
            reader.note(
                own.get(point.id),
                "declaration-other-model",
                id=point.id,
                model=model,
                covers=covers,
            )
    return found


def _named(cameras: yaml.Node | None) -> Mapping[str, yaml.Node]:
    """The field ``declaration`` of each camera by the camera's id."""
    found = {}
    for camera in cameras.value if isinstance(cameras, yaml.SequenceNode) else ():
        if isinstance(camera, yaml.MappingNode):
            fields = {str(key.value): value for key, value in camera.value}
            if "declaration" in fields:
                found[str(fields["id"].value) if "id" in fields else ""] = fields["declaration"]
    return found
