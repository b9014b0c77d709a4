"""H.265 NAL units and sequence parameter sets (ITU-T H.265 7.3.1, 7.3.2.2, 7.3.3, E.2)."""

from __future__ import annotations

from fractions import Fraction

from protocols.bits import BitReader, unescape
from protocols.errors import ProtocolError
from protocols.picture_format import (
    MAXIMUM_SIDE,
    Cropping,
    PictureFormat,
    displayed,
    read_sample_aspect,
    read_video_signal,
)

FIRST_KEY_SLICE, LAST_KEY_SLICE, LAST_SLICE = 16, 21, 31
VIDEO_PARAMETERS, SEQUENCE_PARAMETERS, PICTURE_PARAMETERS = 32, 33, 34
DELIMITER, SUPPLEMENTAL = 35, 39


def nal_type(nal_unit: bytes) -> int:
    """The type of a NAL unit (0 to 63).

    Raises:
        ProtocolError: shorter than its header, or the forbidden bit is set.
    """
    if len(nal_unit) < 2 or nal_unit[0] & 0x80:
        raise ProtocolError("H.265: not a NAL unit")
    return nal_unit[0] >> 1


def parse_sequence_parameters(nal_unit: bytes) -> PictureFormat:
    """Read a sequence parameter set, with its NAL header.

    Raises:
        ProtocolError: not one, cut off, or with values that the standard forbids.
    """
    if nal_type(nal_unit) != SEQUENCE_PARAMETERS:
        raise ProtocolError("H.265: not a sequence parameter set")
    reader = BitReader(unescape(nal_unit[2:]), "H.265 SPS")
    reader.bits(4)
    sublayers = reader.bits(3)
    if sublayers == 7:
        raise ProtocolError("H.265 SPS: sps_max_sub_layers_minus1 is 7")
    reader.flag()
    profile, level = _profile_tier_level(reader, sublayers)
    reader.bounded(15, "sps_seq_parameter_set_id")
    chroma_format = reader.bounded(3, "chroma_format_idc")
    separate = chroma_format == 3 and reader.flag()
    width = reader.bounded(MAXIMUM_SIDE, "pic_width_in_luma_samples")
    height = reader.bounded(MAXIMUM_SIDE, "pic_height_in_luma_samples")
    cropping = _window(reader, 0 if separate else chroma_format)
    shown = displayed(width, height, cropping, "H.265 SPS")
    bit_depth = 8 + reader.bounded(8, "bit_depth_luma_minus8")
    reader.bounded(8, "bit_depth_chroma_minus8")
    _pass_coding_tools(reader, sublayers)
    aspect, rate = _usability(reader) if reader.flag() else (None, None)
    return PictureFormat(
        codec="H265",
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
    )


def _profile_tier_level(reader: BitReader, sublayers: int) -> tuple[int, int]:
    reader.bits(3)
    profile = reader.bits(5)
    reader.bits(32 + 48)
    level = reader.bits(8)
    present = [(reader.flag(), reader.flag()) for _ in range(sublayers)]
    if sublayers:
        reader.bits(2 * (8 - sublayers))
    for with_profile, with_level in present:
        reader.bits(88 * with_profile + 8 * with_level)
    return profile, level


def _window(reader: BitReader, chroma_format: int) -> Cropping:
    if not reader.flag():
        return Cropping(0, 0, 0, 0)
    across = 2 if chroma_format in (1, 2) else 1
    down = 2 if chroma_format == 1 else 1
    left, right, top, bottom = (reader.unsigned() for _ in range(4))
    return Cropping(across * left, across * right, down * top, down * bottom)


def _pass_coding_tools(reader: BitReader, sublayers: int) -> None:
    """Everything between the bit depth and the usability information."""
    order_count_bits = reader.bounded(12, "log2_max_pic_order_cnt_lsb_minus4") + 4
    for _ in range(sublayers + 1 if reader.flag() else 1):
        for _ in range(3):
            reader.unsigned()
    for _ in range(6):
        reader.unsigned()
    if reader.flag() and reader.flag():
        _pass_scaling_lists(reader)
    reader.bits(2)
    if reader.flag():
        reader.bits(8)
        reader.unsigned()
        reader.unsigned()
        reader.flag()
    _pass_reference_sets(reader)
    if reader.flag():
        for _ in range(reader.bounded(32, "num_long_term_ref_pics_sps")):
            reader.bits(order_count_bits + 1)
    reader.bits(2)


def _pass_scaling_lists(reader: BitReader) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not reader.flag():
                reader.unsigned()
                continue
            if size > 1:
                reader.signed()
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                reader.signed()


def _pass_reference_sets(reader: BitReader) -> None:
    """Short-term reference picture sets (7.3.7); only their sizes carry over."""
    pictures: list[int] = []
    for index in range(reader.bounded(64, "num_short_term_ref_pic_sets")):
        if index and reader.flag():
            reader.flag()
            reader.unsigned()
            used = 0
            for _ in range(pictures[index - 1] + 1):
                used += reader.flag() or reader.flag()
            pictures.append(used)
        else:
            negative = reader.bounded(16, "num_negative_pics")
            positive = reader.bounded(16, "num_positive_pics")
            for _ in range(negative + positive):
                reader.unsigned()
                reader.flag()
            pictures.append(negative + positive)


def _usability(reader: BitReader) -> tuple[tuple[int, int] | None, Fraction | None]:
    """Sample aspect ratio and frame rate of the video usability information (E.2.1)."""
    aspect = read_sample_aspect(reader) if reader.flag() else None
    if reader.flag():
        reader.flag()
    read_video_signal(reader)
    if reader.flag():
        reader.unsigned()
        reader.unsigned()
    reader.bits(3)
    if reader.flag():
        for _ in range(4):
            reader.unsigned()
    if not reader.flag():
        return aspect, None
    units, scale = reader.bits(32), reader.bits(32)
    return aspect, Fraction(scale, units) if units and scale else None
