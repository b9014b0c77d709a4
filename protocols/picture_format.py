"""What a parameter set or a picture header says of the pictures that follow."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from protocols.bits import BitReader
from protocols.errors import ProtocolError

MAXIMUM_SIDE = 16_384
_EXTENDED_RATIO = 255
_RATIOS = (
    (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """The announced form of a picture.

    Attributes:
        codec: ``H264``, ``H265`` or ``JPEG``.
        profile, level: the codec's numbers (H.264 profile_idc and level_idc, H.265
            general_profile_idc and general_level_idc); 0 for JPEG.
        coded_width, coded_height: luma samples that are coded.
        width, height: luma samples that are displayed, after cropping.
        sample_aspect: width to height of one sample; ``None`` when not told.
        frame_rate: pictures per second by the timing information; ``None`` when not told.
        chroma_format: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
        bit_depth: of luma.
        interlaced: fields may be coded separately.
    """

    codec: str
    profile: int
    level: int
    coded_width: int
    coded_height: int
    width: int
    height: int
    sample_aspect: tuple[int, int] | None = None
    frame_rate: Fraction | None = None
    chroma_format: int = 1
    bit_depth: int = 8
    interlaced: bool = False


@dataclass(frozen=True, slots=True)
class Cropping:
    """Samples cut from each side, in luma samples."""

    left: int
    right: int
    top: int
    bottom: int


def displayed(width: int, height: int, cropping: Cropping, what: str) -> tuple[int, int]:
    """The size that is left after cropping.

    Raises:
        ProtocolError: nothing would be left, or the coded size is beyond any camera.
    """
    if not (0 < width <= MAXIMUM_SIDE and 0 < height <= MAXIMUM_SIDE):
        raise ProtocolError(f"{what}: coded size {width}x{height}")
    shown = width - cropping.left - cropping.right, height - cropping.top - cropping.bottom
    if min(shown) <= 0:
        raise ProtocolError(f"{what}: cropping leaves {shown[0]}x{shown[1]}")
    return shown


def read_sample_aspect(reader: BitReader) -> tuple[int, int] | None:
    """The sample aspect ratio of the VUI (ITU-T H.264 table E-1, H.265 table E.1)."""
    indicator = reader.bits(8)
    if indicator == _EXTENDED_RATIO:
        width, height = reader.bits(16), reader.bits(16)
        return (width, height) if width and height else None
    return _RATIOS[indicator - 1] if 1 <= indicator <= len(_RATIOS) else None


def read_video_signal(reader: BitReader) -> None:
    """Pass over video_signal_type of the VUI."""
    if reader.flag():
        reader.bits(4)
        if reader.flag():
            reader.bits(24)
