"""Access units decoded into pictures, each at most once, by FFmpeg through PyAV."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from probes.access_units import AccessUnit, AccessUnits, nal_units
from probes.rtp_track import Packets
from protocols.depacketise import START_CODE
from protocols.depacketise_jpeg import jpeg_picture, size_of_extension
from protocols.errors import ProtocolError
from protocols.rtp import parse_rtp

_DECODERS = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg"}
_MOST_KEPT = 12
_BLOCK = 16
_MEAN_OF_BLOCK = np.full(_BLOCK, 1 / (2 * _BLOCK), np.float32)
_SETS_IN_SESSION = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
Bytes = npt.NDArray[np.uint8]
Blocks = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """One decoded picture, cropped to its displayed size.

    Attributes:
        index: its access unit.
        timestamp: RTP timestamp, unwrapped.
        arrival_ns: arrival of its earliest packet, POSIX nanoseconds.
        key: decoded without an earlier picture.
        damaged: the decoder says that it had to guess.
    """

    index: int
    timestamp: int
    arrival_ns: int
    key: bool
    damaged: bool
    frame: av.VideoFrame

    @property
    def width(self) -> int:
        """Displayed width in pixels."""
        return self.frame.width

    @property
    def height(self) -> int:
        """Displayed height in pixels."""
        return self.frame.height

    @property
    def full_range(self) -> bool:
        """Luma runs from 0 to 255 rather than from 16 to 235."""
        return self.frame.format.name.startswith("yuvj") or int(self.frame.color_range) == 2

    def planes(self) -> tuple[Bytes, ...]:
        """Y, U and V as coded (chroma usually of half size); only Y when there is no colour.

        Views on the decoder's memory: do not write into them.
        """
        frame = self.frame
        if frame.format.name.removeprefix("yuvj").removeprefix("yuv") not in _EIGHT_BIT:
            frame = frame.reformat(format="yuv420p")
        return tuple(_plane(plane) for plane in frame.planes)

    def luma(self) -> Bytes:
        """Y, height x width, as coded: see ``full_range``."""
        if self.frame.format.name == "gray":
            return _plane(self.frame.planes[0])
        return self.planes()[0]

    def block_means(self) -> Blocks:
        """Mean luma of every whole block of 16x16, by every eighth row: enough to see motion."""
        luma = self.luma()
        rows, columns = luma.shape[0] // _BLOCK, luma.shape[1] // _BLOCK
        sampled = luma[: rows * _BLOCK : _BLOCK // 2, : columns * _BLOCK].astype(np.float32)
        means = sampled.reshape(-1, _BLOCK) @ _MEAN_OF_BLOCK
        return np.asarray(means.reshape(rows, 2, columns).sum(axis=1), np.float32)

    def bgr(self) -> Bytes:
        """Height x width x 3, blue first, 0 to 255: what OpenCV wants."""
        return cast(Bytes, self.frame.to_ndarray(format="bgr24"))


_EIGHT_BIT = frozenset({"420p", "422p", "444p", "440p", "411p"})


def _plane(plane: Any) -> Bytes:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


class Decoder:
    """Decodes the access units of one track.

    Strictly: FFmpeg is told to refuse a picture whose bits break the standard, where a player
    would hide the error. Vendor messages beside the picture never count as errors.

    Attributes:
        decoded: access units that gave a picture strictly, so far.
        tolerated: access units that gave a picture leniently, so far.
        refused: complete access units that the decoder rejected, so far.
        guessed: complete access units in whose picture the decoder hid an error, so far.
    """

    def __init__(
        self, packets: Packets, units: AccessUnits, codec: str | None, session_format: str
    ) -> None:
        self._packets = packets
        self._units = units
        self._codec = codec
        self._kept: OrderedDict[int, Picture] = OrderedDict()
        self._announced = _announced_sets(session_format)
        self.decoded: set[int] = set()
        self.tolerated: set[int] = set()
        self.refused: set[int] = set()
        self.guessed: set[int] = set()

    def key_picture(self, index: int) -> Picture | None:
        """The picture of a key access unit, ``None`` when it does not decode at all.

        One that only decodes leniently is better than none for the probes that look at it.
        """
        for strict in (True, False):
            if index not in self._kept:
                for _ in self.run(index, index + 1, strict=strict):
                    pass
        return self._kept.get(index)

    def run(
        self, first: int, end: int, *, filtered: bool = True, strict: bool = True
    ) -> Iterator[Picture]:
        """Decode access units ``first`` to ``end`` in order, one picture in memory at a time.

        The last dozen of key pictures are kept for ``key_picture``.

        Without ``filtered`` only key pictures get their deblocking filter, which saves a third
        of the time: fit for seeing motion, not for judging detail. Not ``strict``: FFmpeg hides
        what errors it can; pictures of H.264 where it did are damaged, of others all may be.
        """
        if self._codec not in _DECODERS:
            return
        context = av.CodecContext.create(_DECODERS[self._codec], "r")
        context.thread_count = 1
        context.options = {
            **({} if filtered else {"skip_loop_filter": "nokey"}),
            **({"err_detect": "explode"} if strict else {}),
        }
        given, got = set(), set()
        for index in range(first, min(end, len(self._units))):
            unit = self._units[index]
            try:
                data = self.coded(unit)
            except ProtocolError:
                self._refuse(unit)
                continue
            if not data:
                continue
            if unit.picture:
                given.add(index)
            packet = av.Packet(data)
            packet.pts = packet.dts = index
            for picture in self._decode(context, packet, unit, strict):
                got.add(picture.index)
                yield picture
        for picture in self._decode(context, None, None, strict):
            got.add(picture.index)
            yield picture
        for index in given - got:
            self._refuse(self._units[index])

    def _decode(
        self, context: Any, packet: av.Packet[Any] | None, unit: AccessUnit | None, strict: bool
    ) -> Iterator[Picture]:
        try:
            frames = context.decode(packet)
        except (av.FFmpegError, ValueError):
            if unit is not None:
                self._refuse(unit)
            return
        for frame in frames:
            if frame.pts is None or not 0 <= frame.pts < len(self._units):
                continue
            of = self._units[frame.pts]
            if strict:
                self.decoded.add(of.index)
            else:
                self.tolerated.add(of.index)
            if frame.is_corrupt and of.complete:
                self.guessed.add(of.index)
            picture = Picture(
                index=of.index,
                timestamp=of.timestamp,
                arrival_ns=of.first_ns,
                key=of.key,
                damaged=bool(frame.is_corrupt) or not of.complete,
                frame=frame,
            )
            if picture.key:
                self._keep(picture)
            yield picture

    def _keep(self, picture: Picture) -> None:
        self._kept[picture.index] = picture
        self._kept.move_to_end(picture.index)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def _refuse(self, unit: AccessUnit) -> None:
        if unit.complete and unit.picture:
            self.refused.add(unit.index)

    def coded(self, unit: AccessUnit) -> bytes:
        """The coded picture as a decoder or a file wants it.

        Raises:
            ProtocolError: its payloads cannot be put together.
        """
        if self._codec == "JPEG":
            return self._jpeg(unit)
        if self._codec not in _DECODERS:
            return b""
        units = nal_units(self._packets, unit, self._codec).units
        stream = b"".join(START_CODE + each for each in units if _is_needed(each, self._codec))
        if unit.key and not self._units.parameters[: unit.index + 1].any():
            return self._announced + stream
        if unit.key and not self._units.parameters[unit.index]:
            return self._earlier_parameters(unit) + stream
        return stream

    def _jpeg(self, unit: AccessUnit) -> bytes:
        rows = range(unit.first_packet, unit.end_packet)
        headers = self._packets.headers
        first = parse_rtp(
            self._packets.buffer[
                headers.header_start[rows[0]] : headers.payload_end[rows[0]]
            ].tobytes()
        )
        size = size_of_extension(first.extension)
        return jpeg_picture((self._packets.payload(row) for row in rows), size).data

    def _earlier_parameters(self, unit: AccessUnit) -> bytes:
        """The unit before this one that holds parameter sets, when it holds no picture."""
        candidates = np.flatnonzero(self._units.parameters[: unit.index])
        if not len(candidates):
            return b""
        earlier = self._units[int(candidates[-1])]
        units = nal_units(self._packets, earlier, cast(str, self._codec)).units
        return b"".join(START_CODE + each for each in units if not _is_slice(each, self._codec))


def _is_needed(unit: bytes, codec: str) -> bool:
    """Slices, parameter sets and recovery points; not vendor messages, delimiters, filler."""
    if codec == "H265":
        return unit[0] >> 1 & 0x3F <= 34
    kind = unit[0] & 0x1F
    return kind <= 5 or kind in (7, 8, 13, 15) or (kind == 6 and unit[1:2] == b"\6")


def _is_slice(unit: bytes, codec: str | None) -> bool:
    return unit[0] >> 1 & 0x3F <= 31 if codec == "H265" else unit[0] & 0x1F <= 5


def announced_units(session_format: str) -> list[bytes]:
    """The parameter sets of ``a=fmtp`` (RFC 6184 8.1, RFC 7798 7.1); unreadable ones left out."""
    units = []
    for field in session_format.split(";"):
        name, _, value = field.strip().partition("=")
        if name.strip().lower() not in _SETS_IN_SESSION:
            continue
        for text in value.split(","):
            try:
                units.append(base64.b64decode(text.strip(), validate=True))
            except (binascii.Error, ValueError):
                continue
    return [unit for unit in units if unit]


def _announced_sets(session_format: str) -> bytes:
    return b"".join(START_CODE + unit for unit in announced_units(session_format))
