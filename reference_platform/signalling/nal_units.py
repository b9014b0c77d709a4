"""Where coded pictures begin in a byte stream of H.264 or H.265, and which can be decoded alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reference_platform.media.units import VideoCodec

_PREFIX = b"\0\0\1"


@dataclass(frozen=True, slots=True)
class NalUnit:
    """One NAL unit with its start code.

    Attributes:
        kind: ``nal_unit_type`` of H.264 or H.265.
        first: whether it is the first slice of a picture.
        data: with a start code of four bytes.
    """

    kind: int
    first: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """The NAL units of one picture; ``slices`` is false for parameter sets that stand alone."""

    data: bytes
    key: bool
    slices: bool
    parameter_sets: bytes


def nal_units(stream: bytes, codec: VideoCodec) -> Iterator[NalUnit]:
    """The NAL units of a byte stream; what stands before the first start code is left out."""
    at = stream.find(_PREFIX)
    while at >= 0:
        begin = at + 3
        at = stream.find(_PREFIX, begin)
        body = stream[begin : at if at >= 0 else len(stream)].rstrip(b"\0")
        if codec == "h264" and body:
            kind = body[0] & 31
            first = kind in (1, 5) and len(body) > 1 and bool(body[1] & 0x80)
        elif codec == "h265" and len(body) > 1:
            kind = body[0] >> 1 & 63
            first = kind < 32 and len(body) > 2 and bool(body[2] & 0x80)
        else:
            continue
        yield NalUnit(kind, first, b"\0" + _PREFIX + body)


def is_slice(codec: VideoCodec, kind: int) -> bool:
    """Whether a NAL unit carries part of a picture."""
    return kind in (1, 2, 3, 4, 5) if codec == "h264" else kind < 32


def is_parameter_set(codec: VideoCodec, kind: int) -> bool:
    """Whether it is a video, sequence or picture parameter set."""
    return kind in (7, 8) if codec == "h264" else kind in (32, 33, 34)


def is_random_access(codec: VideoCodec, kind: int) -> bool:
    """Whether decoding can begin with its picture: IDR, or IRAP in H.265."""
    return kind == 5 if codec == "h264" else 16 <= kind <= 21


def _opens(codec: VideoCodec, kind: int) -> bool:
    """Whether a NAL unit behind a slice belongs to the next picture (7.4.1.2.3 in both texts)."""
    return kind in (6, 7, 8, 9) if codec == "h264" else kind in (32, 33, 34, 35, 39)


def pictures_of(stream: bytes, codec: VideoCodec) -> Iterator[CodedPicture]:
    """Split a byte stream into its pictures; parameter sets without one come last."""
    gathered: list[NalUnit] = []
    sliced = False
    for unit in nal_units(stream, codec):
        if sliced and (unit.first or _opens(codec, unit.kind)):
            yield _picture(gathered, codec)
            gathered, sliced = [], False
        gathered.append(unit)
        sliced = sliced or is_slice(codec, unit.kind)
    if gathered:
        yield _picture(gathered, codec)


def _picture(units: list[NalUnit], codec: VideoCodec) -> CodedPicture:
    return CodedPicture(
        b"".join(one.data for one in units),
        any(is_random_access(codec, one.kind) for one in units),
        any(is_slice(codec, one.kind) for one in units),
        b"".join(one.data for one in units if is_parameter_set(codec, one.kind)),
    )
