"""What a photograph tells of itself: when and where it was taken, and whether it was worked on.

EXIF is easily written by anybody, so nothing is proven by it: what disagrees with a record is
shown to the person who keeps it.
"""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

_MAXIMUM_BYTES = 64 * 1024 * 1024
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
_EDITORS = ("photoshop", "gimp", "lightroom", "snapseed", "meitu", "美图", "picsart", "paint")
#: Differing bits of 64 up to which two pictures count as the same one, coded again.
SAME_PICTURE_BITS = 4
#: A code is looked for in a picture of this many pixels at most, which is enough for a held sheet.
_LONGEST_FOR_CODES = 1_600
_BEIJING = datetime.timedelta(hours=8)
_EARTH_RADIUS_M = 6_371_008.8


class NotAPhotographError(ValueError):
    """The bytes are no picture that can be decoded."""


@dataclass(frozen=True)
class Photograph:
    """One photograph.

    Attributes:
        taken: by the camera's own clock, in Beijing time where it tells its zone, else as it
            stands there; ``None`` when it is not said.
        satellite: by the positioning receiver, in Beijing time; ``None`` when it is not said.
        longitude, latitude: degrees, ``None`` when they are not said.
        edited: the program that wrote it, or the time at which it was changed; "" if none shows.
        fingerprint: 64 bits that survive scaling and coding again (gradient hash).
    """

    taken: datetime.datetime | None
    satellite: datetime.datetime | None
    longitude: float | None
    latitude: float | None
    edited: str
    fingerprint: int

    def like(self, other: Photograph) -> bool:
        """Whether both seem to be one picture."""
        return (self.fingerprint ^ other.fingerprint).bit_count() <= SAME_PICTURE_BITS

    def clocks_apart(self) -> datetime.timedelta:
        """How far the camera's own clock and that of its receiver are apart, 0 where one is silent.

        A camera that tells no zone is taken to show Beijing time.
        """
        if self.taken is None or self.satellite is None:
            return datetime.timedelta()
        return abs(self.taken - self.satellite)

    def metres_from(self, longitude: float, latitude: float) -> float | None:
        """Distance from a place, ``None`` when the photograph tells none."""
        if self.longitude is None or self.latitude is None:
            return None
        east = math.radians(self.longitude - longitude) * math.cos(math.radians(latitude))
        return _EARTH_RADIUS_M * math.hypot(east, math.radians(self.latitude - latitude))


def is_picture(content: bytes) -> bool:
    """Whether the bytes are a picture that can be decoded to its end; a JPEG is looked at small."""
    if len(content) > _MAXIMUM_BYTES:
        return False
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            picture.draft("L", (64, 64))
            picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return False
    return True


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
    taken = original = _time(inner.get(ExifTags.Base.DateTimeOriginal))
    zone = _zone(inner.get(ExifTags.Base.OffsetTimeOriginal))
    if original is not None and zone is not None:
        taken = original + _BEIJING - zone
    return Photograph(
        taken=taken,
        satellite=_satellite(place),
        longitude=_degrees(place.get(4), place.get(3), "W"),
        latitude=_degrees(place.get(2), place.get(1), "S"),
        edited=_edited(exif, original),
        fingerprint=fingerprint,
    )


def codes_in(content: bytes) -> tuple[str, ...]:
    """The texts of the QR codes that a photograph shows, such as that of a printed checklist."""
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        return ()
    scale = _LONGEST_FOR_CODES / max(picture.shape)
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    try:
        _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(picture)
    except cv2.error:  # the detector stumbles over some pictures without a code
        return ()
    return tuple(text for text in texts if text)


def _fingerprint(picture: Image.Image) -> int:
    small = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS), dtype=int)
    bits = (small[:, 1:] > small[:, :-1]).flatten()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _time(value: object) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _zone(value: object) -> datetime.timedelta | None:
    """An offset from UTC such as ``+08:00``."""
    try:
        moment = datetime.datetime.strptime(str(value).strip("\0 "), "%z")
    except ValueError:
        return None
    return moment.utcoffset()


def _satellite(place: Mapping[int, object]) -> datetime.datetime | None:
    """GPSDateStamp and GPSTimeStamp (UTC), in Beijing time."""
    try:
        hours, minutes, seconds = (float(one) for one in place[7])  # type: ignore[attr-defined]
        day = datetime.datetime.strptime(str(place[29]).strip("\0 "), "%Y:%m:%d")
        past = datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return day + past + _BEIJING
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
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
