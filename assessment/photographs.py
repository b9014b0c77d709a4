"""What a photograph tells of itself: when and where it was taken, and whether it was worked on.

EXIF is easily written by anybody, so nothing is proven by it: what disagrees with a record is
shown to the person who keeps it.
"""

from __future__ import annotations

import datetime
import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

_MAXIMUM_BYTES = 64 * 1024 * 1024
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
_EDITORS = ("photoshop", "gimp", "lightroom", "snapseed", "meitu", "美图", "picsart", "paint")
#: Differing bits of 64 up to which two pictures count as the same one, coded again.
SAME_PICTURE_BITS = 4
_EARTH_RADIUS_M = 6_371_008.8


class NotAPhotographError(ValueError):
    """The bytes are no picture that can be decoded."""


@dataclass(frozen=True)
class Photograph:
    """One photograph.

    Attributes:
        taken: by the camera's own clock, which tells no zone; ``None`` when it is not said.
        longitude, latitude: degrees, ``None`` when they are not said.
        edited: the program that wrote it, or the time at which it was changed; "" if none shows.
        fingerprint: 64 bits that survive scaling and coding again (gradient hash).
    """

    taken: datetime.datetime | None
    longitude: float | None
    latitude: float | None
    edited: str
    fingerprint: int

    def like(self, other: Photograph) -> bool:
        """Whether both seem to be one picture."""
        return (self.fingerprint ^ other.fingerprint).bit_count() <= SAME_PICTURE_BITS

    def metres_from(self, longitude: float, latitude: float) -> float | None:
        """Distance from a place, ``None`` when the photograph tells none."""
        if self.longitude is None or self.latitude is None:
            return None
        east = math.radians(self.longitude - longitude) * math.cos(math.radians(latitude))
        return _EARTH_RADIUS_M * math.hypot(east, math.radians(self.latitude - latitude))


def read_photograph(content: bytes) -> Photograph:
    """Decode the picture whole, so that a broken one is seen, and read its EXIF.

    Raises:
        NotAPhotographError: it is none, or too large.
    """
    if len(content) > _MAXIMUM_BYTES:
        raise NotAPhotographError("too large")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            exif = picture.getexif()
            fingerprint = _fingerprint(ImageOps.exif_transpose(picture))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise NotAPhotographError(type(error).__name__) from error
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    taken = _time(inner.get(ExifTags.Base.DateTimeOriginal))
    return Photograph(
        taken=taken,
        longitude=_degrees(place.get(4), place.get(3), "W"),
        latitude=_degrees(place.get(2), place.get(1), "S"),
        edited=_edited(exif, taken),
        fingerprint=fingerprint,
    )


def _fingerprint(picture: Image.Image) -> int:
    small = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS), dtype=int)
    bits = (small[:, 1:] > small[:, :-1]).flatten()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _time(value: object) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _degrees(parts: object, side: object, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(one) for one in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or value > 180:
        return None
    return -value if str(side).strip("\0 ").upper() == negative else value


def _edited(exif: Image.Exif, taken: datetime.datetime | None) -> str:
    program = str(exif.get(ExifTags.Base.Software) or "").strip("\0 ")
    if any(one in program.lower() for one in _EDITORS):
        return program[:60]
    changed = _time(exif.get(ExifTags.Base.DateTime))
    if changed and taken and changed - taken > datetime.timedelta(seconds=2):
        return changed.isoformat(sep=" ")
    return ""
