"""The site of a run: from a file, from ``--camera``, or (``None``) the bundled one."""

from __future__ import annotations

from pathlib import Path

from messages import LANGUAGES, text
from targets.camera import parse_camera
from targets.errors import TargetError
from targets.inventory import read_inventory
from targets.site import Point, Site
from targets.site_file import SiteFileError, read_site


class SiteError(Exception):
    """The site cannot be used; everything that is wrong with it is listed."""

    def __init__(self, lines: dict[str, list[str]]) -> None:
        super().__init__("; ".join(lines["en"]))
        self._lines = lines

    def worded(self, lang: str) -> str:
        """All mistakes, one a line."""
        return "\n".join(self._lines[lang])


def load_site(cameras: tuple[str, ...], site_file: Path | None) -> Site | None:
    """The declared site, or ``None`` when neither a camera nor a file is given.

    Raises:
        SiteError: a mistake in the file or an address, or both were given.
    """
    if cameras and site_file is not None:
        raise SiteError({lang: [text("cli.camera-and-site", lang)] for lang in LANGUAGES})
    if site_file is not None:
        try:
            return read_site(site_file, read_inventory)
        except SiteFileError as error:
            raise SiteError(
                {lang: [one.worded(lang) for one in error.mistakes] for lang in LANGUAGES}
            ) from error
    if not cameras:
        return None
    points = tuple(_point(number, uri) for number, uri in enumerate(cameras, start=1))
    return Site(name="cameras", points=points)


def _point(number: int, uri: str) -> Point:
    """A point without an inventory: its id only numbers it."""
    identifier = f"camera-{number}"
    try:
        target = parse_camera(uri)
    except TargetError as error:
        lines = {lang: [text(error.key, lang, **error.parameters)] for lang in LANGUAGES}
        raise SiteError(lines) from error
    if target.device_id:
        return Point(id=target.device_id, name=target.device_id, uri=uri, gb28181=target.device_id)
    return Point(id=identifier, name=uri.rpartition("@")[2], uri=uri)
