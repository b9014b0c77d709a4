"""A program stream as it arrives, turned into coded pictures (GB/T 28181-2016 annex C).

What a device declares is not believed: the codec is found in the bytes, parameter sets that were
sent apart are put in front of the next key picture, and time stamps go on without falling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocols.mpeg_ps.codes import is_video
from protocols.mpeg_ps.demultiplex import sniff_video
from protocols.mpeg_ps.parse import (
    EndCode,
    Pack,
    PesPacket,
    ProgramStreamParser,
    Skipped,
    StreamMap,
    Unit,
)
from protocols.wrap import PTS_BITS, Unwrapper
from reference_platform.media.units import AccessUnit, VideoCodec
from reference_platform.signalling.nal_units import CodedPicture, pictures_of

_CODECS: dict[str, VideoCodec] = {"H264": "h264", "H265": "h265"}
_LARGEST_PICTURE = 8 << 20
#: What follows a picture whose time cannot be believed: a twenty-fifth of a second, in ticks.
_STEP = 3_600
#: A leap of this many ticks forwards, ten seconds, is the device's clock and not a pause.
_LEAP = 900_000


@dataclass
class PictureCounts:
    """What became of what arrived.

    Attributes:
        pictures: handed out.
        damaged: dropped for missing or broken bytes.
        skipped_bytes: that belonged to no unit of a program stream.
        undecodable: pictures before the first key picture.
    """

    pictures: int = 0
    damaged: int = 0
    skipped_bytes: int = 0
    undecodable: int = 0


class SteadyClock:
    """Time stamps that go on without falling, whatever the device's do."""

    def __init__(self) -> None:
        self._offset = 0
        self._last: int | None = None

    def next(self, ticks: int) -> int:
        """The steady time stamp of a device's unwrapped one."""
        steady = ticks + self._offset
        if self._last is not None and not self._last <= steady <= self._last + _LEAP:
            # A decoder's small steps back (reordered pictures) are flattened, others moved.
            moved = self._last if self._last - _STEP * 5 < steady < self._last else None
            if moved is not None:
                return moved
            steady = self._last + _STEP
            self._offset = steady - ticks
        self._last = steady
        return steady


class PictureAssembler:
    """Bytes of a program stream in, pictures out.

    Args:
        time_of: UTC seconds that a picture with this device time stamp (unwrapped) belongs to.
    """

    def __init__(self, time_of: Callable[[int | None], float]) -> None:
        self.counts = PictureCounts()
        self.codec: VideoCodec | None = None
        self._time_of = time_of
        self._parser = ProgramStreamParser()
        self._unwrap = Unwrapper(PTS_BITS)
        self._steady = SteadyClock()
        self._stream_id = -1
        self._pieces: list[bytes] = []
        self._size = 0
        self._time: int | None = None
        self._last_raw: int | None = None
        self._broken = False
        self._seeking_pack = False
        self._sets = b""
        self._waiting_for_key = True

    def feed(self, data: bytes) -> list[AccessUnit]:
        """Add bytes; the pictures that became complete."""
        return self._take(self._parser.feed(data))

    def flush(self) -> list[AccessUnit]:
        """The stream is at its end: what is left of it."""
        return [*self._take(self._parser.flush()), *self._finished()]

    def lost(self, *, between: bool) -> list[AccessUnit]:
        """Packets are missing here: the next pack is sought.

        The picture under way is dropped, unless they are missing ``between`` two pictures: then it
        is whole, and returned.
        """
        found = self.flush() if between else []
        self._parser = ProgramStreamParser()
        self._broken = not between or bool(self._pieces)
        self._seeking_pack = True
        return found

    def restart(self) -> None:
        """Begin anew with the next key picture, as after a leap in a recording."""
        self._parser = ProgramStreamParser()
        self._pieces, self._size, self._time = [], 0, None
        self._broken, self._seeking_pack = False, True
        self._waiting_for_key = True

    def _take(self, units: list[Unit]) -> list[AccessUnit]:
        found: list[AccessUnit] = []
        for unit in units:
            if isinstance(unit, Skipped):
                self._skipped(unit.size)
            elif isinstance(unit, Pack):
                self._seeking_pack = False
            elif self._seeking_pack:
                continue
            elif isinstance(unit, PesPacket):
                if unit.scrambled or not is_video(unit.stream_id):
                    continue
                if self._stream_id < 0:
                    self._stream_id = unit.stream_id
                if unit.stream_id == self._stream_id:
                    found += self._packet(unit)
            elif isinstance(unit, StreamMap):
                self._mapped(unit)
            elif isinstance(unit, EndCode):
                found += self._finished()
        return found

    def _skipped(self, size: int) -> None:
        """Bytes of no unit: the picture that they stood in is damaged."""
        self.counts.skipped_bytes += size
        if not self._seeking_pack and self._pieces:
            self._broken = True

    def _mapped(self, unit: StreamMap) -> None:
        """A map that no longer names our stream: the device was set up anew."""
        named = [stream for _, stream in unit.streams if is_video(stream)]
        if unit.fits and unit.checksum and named and self._stream_id not in named:
            self._stream_id = named[0]

    def _packet(self, unit: PesPacket) -> list[AccessUnit]:
        """One packet of the video stream; a new time begins a new picture."""
        found: list[AccessUnit] = []
        time = unit.dts if unit.dts is not None else unit.pts
        if time is not None and time != self._last_raw:
            found = self._finished()
            self._last_raw = time
            self._time = self._unwrap.next(time)
        self._pieces.append(unit.payload)
        self._size += len(unit.payload)
        if self._size > _LARGEST_PICTURE:
            self._pieces, self._size = [], 0
            self._broken = True
        return found

    def _finished(self) -> list[AccessUnit]:
        """The pictures gathered so far."""
        data, broken = b"".join(self._pieces), self._broken
        self._pieces, self._size, self._broken = [], 0, False
        if broken:
            self.counts.damaged += 1
            return []
        if not data:
            return []
        sniffed = _CODECS.get(sniff_video([data]))
        if (
            sniffed is not None
            and sniffed != self.codec
            and (self.codec is None or _has_sets(data, sniffed))
        ):
            self._sets, self._waiting_for_key = b"", True
            self.codec = sniffed
        if self.codec is None:
            self.counts.undecodable += 1
            return []
        return [
            unit for one in pictures_of(data, self.codec) if (unit := self._unit(one)) is not None
        ]

    def _unit(self, picture: CodedPicture) -> AccessUnit | None:
        assert self.codec is not None
        if picture.parameter_sets:
            self._sets = picture.parameter_sets
        if not picture.slices:
            return None
        data = picture.data
        if picture.key:
            self._waiting_for_key = False
            if not picture.parameter_sets:
                data = self._sets + data
        if self._waiting_for_key or not self._sets:
            self.counts.undecodable += 1
            return None
        self.counts.pictures += 1
        ticks = self._time
        at = self._time_of(ticks)
        steady = self._steady.next(0 if ticks is None else ticks)
        return AccessUnit(self.codec, data, steady, picture.key, at)


def _has_sets(data: bytes, codec: VideoCodec) -> bool:
    return any(one.parameter_sets for one in pictures_of(data, codec))
