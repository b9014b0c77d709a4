"""H.264 NAL units and sequence parameter sets (ITU-T H.264 7.3.1, 7.3.2.1, E.1)."""

from __future__ import annotations

from fractions import Fraction

from protocols.bits import BitReader, unescape
from protocols.errors import ProtocolError
from protocols.picture_format import (
    Cropping,
    PictureFormat,
    displayed,
    read_sample_aspect,
    read_video_signal,
)

SLICE, PARTITION_A, KEY_SLICE = 1, 2, 5
SUPPLEMENTAL, SEQUENCE_PARAMETERS, PICTURE_PARAMETERS, DELIMITER = 6, 7, 8, 9
_WITH_CHROMA_FORMAT = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_MOST_BLOCKS = 1024


def nal_type(nal_unit: bytes) -> int:
    """The type of a NAL unit (0 to 31).

    Raises:
        ProtocolError: empty, or the forbidden bit is set.
    """
    if not nal_unit or nal_unit[0] & 0x80:
        raise ProtocolError("H.264: not a NAL unit")
    return nal_unit[0] & 0x1F


def split_annex_b(stream: bytes) -> list[bytes]:
    """The NAL units of a byte stream with start codes (annex B), trailing zeros removed."""
    units = []
    start = stream.find(b"\0\0\1")
    while start >= 0:
        following = stream.find(b"\0\0\1", start + 3)
        unit = stream[start + 3 : following if following >= 0 else len(stream)].rstrip(b"\0")
        if unit:
            units.append(unit)
        start = following
    return units


def parse_sequence_parameters(nal_unit: bytes) -> PictureFormat:
    """Read a sequence parameter set, with its NAL header.

    Raises:
        ProtocolError: not one, cut off, or with values that the standard forbids.
    """
    if nal_type(nal_unit) != SEQUENCE_PARAMETERS:
        raise ProtocolError("H.264: not a sequence parameter set")
    reader = BitReader(unescape(nal_unit[1:]), "H.264 SPS")
    profile = reader.bits(8)
    reader.bits(8)
    level = reader.bits(8)
    reader.bounded(31, "seq_parameter_set_id")
    chroma_format, bit_depth, separate = _chroma(reader, profile)
    reader.bounded(12, "log2_max_frame_num_minus4")
    _order_count(reader)
    reader.bounded(16, "max_num_ref_frames")
    reader.flag()
    width = 16 * (reader.bounded(_MOST_BLOCKS, "pic_width_in_mbs_minus1") + 1)
    units = reader.bounded(_MOST_BLOCKS, "pic_height_in_map_units_minus1") + 1
    frames_only = reader.flag()
    height = 16 * units * (1 if frames_only else 2)
    if not frames_only:
        reader.flag()
    reader.flag()
    cropping = _cropping(reader, 0 if separate else chroma_format, frames_only)
    shown = displayed(width, height, cropping, "H.264 SPS")
    aspect, rate = _usability(reader) if reader.flag() else (None, None)
    return PictureFormat(
        codec="H264",
        profile=profile,
        level=level,
        coded_width=width,
        coded_height=height,
        width=shown[0],
        height=shown[1],
        sample_aspect=aspect,
        frame_rate=rate,
        chroma_format=chroma_format,
        bit_depth=bit_depth,
        interlaced=not frames_only,
    )


def _chroma(reader: BitReader, profile: int) -> tuple[int, int, bool]:
    """Chroma format, luma bit depth, whether colour planes are coded separately."""
    if profile not in _WITH_CHROMA_FORMAT:
        return 1, 8, False
    chroma_format = reader.bounded(3, "chroma_format_idc")
    separate = chroma_format == 3 and reader.flag()
    bit_depth = 8 + reader.bounded(6, "bit_depth_luma_minus8")
    reader.bounded(6, "bit_depth_chroma_minus8")
    reader.flag()
    if reader.flag():
        for index in range(12 if chroma_format == 3 else 8):
            if reader.flag():
                _pass_scaling_list(reader, 16 if index < 6 else 64)
    return chroma_format, bit_depth, separate


def _pass_scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed()) % 256
        last = following or last


def _order_count(reader: BitReader) -> None:
    kind = reader.bounded(2, "pic_order_cnt_type")
    if kind == 0:
        reader.bounded(12, "log2_max_pic_order_cnt_lsb_minus4")
    elif kind == 1:
        reader.flag()
        reader.signed()
        reader.signed()
        for _ in range(reader.bounded(255, "num_ref_frames_in_pic_order_cnt_cycle")):
            reader.signed()


def _cropping(reader: BitReader, chroma_format: int, frames_only: bool) -> Cropping:
    if not reader.flag():
        return Cropping(0, 0, 0, 0)
    across = 2 if chroma_format in (1, 2) else 1
    down = (2 if chroma_format == 1 else 1) * (1 if frames_only else 2)
    left, right, top, bottom = (reader.unsigned() for _ in range(4))
    return Cropping(across * left, across * right, down * top, down * bottom)


def _usability(reader: BitReader) -> tuple[tuple[int, int] | None, Fraction | None]:
    """Sample aspect ratio and frame rate of the video usability information (E.1.1)."""
    aspect = read_sample_aspect(reader) if reader.flag() else None
    if reader.flag():
        reader.flag()
    read_video_signal(reader)
    if reader.flag():
        reader.unsigned()
        reader.unsigned()
    if not reader.flag():
        return aspect, None
    units, scale = reader.bits(32), reader.bits(32)
    return aspect, Fraction(scale, 2 * units) if units and scale else None
