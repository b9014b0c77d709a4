"""Read a program stream piece by piece, as tolerantly as a viewer must (ISO/IEC 13818-1 2.5).

Every unit tells what it declared and what was true. Start codes from B9H up cannot occur inside
H.264, H.265, SVAC and MPEG-4 pictures' own start codes, so that reading resumes at the next one
wherever a length does not lead to one. MPEG-1 system streams (ISO/IEC 11172-1) are read too.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.mpeg_ps.codes import END, MAP, PACK, SYSTEM, WITHOUT_HEADER, crc32, next_start

_MOST_BUFFERED = 16 * 2**20
_PREFIX = b"\0\0\1"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of the stream.

    Attributes:
        offset: place of its start code, counted from the beginning of the stream.
        size: bytes it took.
    """

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Pack(Unit):
    """A pack header.

    Attributes:
        clock: system clock reference base, 33 bits of 90 kHz.
        clock_extension: its 27 MHz remainder, 0 to 299.
        mux_rate: in units of 50 bytes a second; 0 is forbidden.
        stuffing: stuffing bytes.
        mpeg1: written by ISO/IEC 11172-1.
        sound: whether all markers and stuffing bytes are as prescribed.
    """

    clock: int
    clock_extension: int
    mux_rate: int
    stuffing: int
    mpeg1: bool
    sound: bool


@dataclass(frozen=True, slots=True)
class SystemHeader(Unit):
    """A system header.

    Attributes:
        rate_bound: greatest mux rate, units of 50 bytes a second.
        audio_bound, video_bound: greatest number of streams of the kind.
        streams: stream id and buffer bound in bytes of each stream.
        declared, length: what its length field says and where the next start code shows it ends.
        sound: whether markers and layout are as prescribed.
    """

    rate_bound: int
    audio_bound: int
    video_bound: int
    streams: tuple[tuple[int, int], ...]
    declared: int
    length: int
    sound: bool


@dataclass(frozen=True, slots=True)
class StreamMap(Unit):
    """A program stream map.

    Attributes:
        streams: stream type and stream id of each elementary stream, as far as readable.
        declared, length: what its length field says and where the next start code shows it ends.
        fits: whether the lengths inside add up to the declared one.
        checksum: whether the CRC-32 is right.
        current: whether it applies already.
    """

    streams: tuple[tuple[int, int], ...]
    declared: int
    length: int
    fits: bool
    checksum: bool
    current: bool


@dataclass(frozen=True, slots=True)
class PesPacket(Unit):
    """A packet of an elementary stream.

    Attributes:
        stream_id: C0H to DFH sound, E0H to EFH video, BDH private and others.
        pts, dts: 33 bits of 90 kHz; ``None`` where not carried.
        payload: the elementary stream's bytes.
        declared, length: what its length field says and where the next start code shows it ends.
        sound: whether markers and flags are as prescribed.
        scrambled: ``PES_scrambling_control`` is not 0.
    """

    stream_id: int
    pts: int | None
    dts: int | None
    payload: bytes
    declared: int
    length: int
    sound: bool
    scrambled: bool


@dataclass(frozen=True, slots=True)
class Skipped(Unit):
    """Bytes that belong to no unit."""


@dataclass(frozen=True, slots=True)
class EndCode(Unit):
    """The end code of a stored stream."""


class ProgramStreamParser:
    """Reads units from bytes as they come.

    A unit is handed out once the four bytes behind it are there, which show that its length was
    right; ``flush`` hands out the last one. At most 16 MiB are kept, and what exceeds them
    without a start code is skipped.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._base = 0
        self._needed = 0
        self._scan = 0

    def feed(self, data: bytes | memoryview) -> list[Unit]:
        """Add bytes; the units that have become complete."""
        self._data += data
        if len(self._data) < self._needed:
            return []
        return self._read(final=False)

    def flush(self) -> list[Unit]:
        """The stream is at its end: what is left of it."""
        units = self._read(final=True)
        if self._data:
            units.append(Skipped(self._base, len(self._data)))
            self._base += len(self._data)
            self._data = bytearray()
        return units

    def _read(self, *, final: bool) -> list[Unit]:
        units: list[Unit] = []
        data = self._data
        at = 0
        self._needed = 0
        while len(data) - at >= 4:
            if not data.startswith(_PREFIX, at) or data[at + 3] < END:
                found = next_start(data, max(at, self._scan))
                if found < 0:
                    found = len(data) if final else len(data) - 3
                    self._scan = found
                if found > at:
                    units.append(Skipped(self._base + at, found - at))
                    at = found
                    self._scan = 0
                continue
            unit = self._unit(at, final=final)
            if unit is None:
                break
            units.append(unit)
            at += unit.size
            self._scan = 0
        if at:
            del data[:at]
            self._base += at
            self._needed = max(0, self._needed - at)
            self._scan = max(0, self._scan - at)
        if len(data) > _MOST_BUFFERED:
            units.append(Skipped(self._base, len(data)))
            self._base += len(data)
            self._data = bytearray()
            self._needed = self._scan = 0
        return units

    def _unit(self, at: int, *, final: bool) -> Unit | None:
        """The unit whose start code lies at ``at``; ``None`` while it is incomplete."""
        data = self._data
        code = data[at + 3]
        if code == END:
            return EndCode(self._base + at, 4)
        if code == PACK:
            return self._pack(at, final=final)
        if len(data) < at + 6:
            return None
        declared = data[at + 4] << 8 | data[at + 5]
        end = self._end(at, declared, code, final=final)
        if end is None:
            return None
        offset, size, length = self._base + at, end - at, end - at - 6
        body = data[at + 6 : end]
        if code == SYSTEM:
            return _system_header(offset, size, body, declared, length)
        if code == MAP:
            return _stream_map(offset, size, bytes(data[at:end]), declared)
        return _pes(offset, size, code, body, declared, length)

    def _end(self, at: int, declared: int, code: int, *, final: bool) -> int | None:
        """Where the unit ends: by its length if a start code follows there, else at the next."""
        data = self._data
        end = at + 6 + declared
        if declared or code in (SYSTEM, MAP):
            behind = len(data) - end
            if behind >= 4:
                if data.startswith(_PREFIX, end) and data[end + 3] >= END:
                    return end
            elif not final and self._scan <= at:
                self._needed = end + 4
                if len(data) - at < _MOST_BUFFERED:
                    return None
            elif behind >= 0 and final:
                return end
        found = next_start(data, max(at + 6, self._scan))
        if found >= 0:
            return found
        if final:
            return len(data)
        self._scan = max(at + 6, len(data) - 3)
        return None

    def _pack(self, at: int, *, final: bool) -> Unit | None:
        data = self._data
        if len(data) < at + 14:
            return Skipped(self._base + at, len(data) - at) if final else None
        value = int.from_bytes(data[at + 4 : at + 12], "big")
        if value >> 60 == 2:
            clock = _time(int.from_bytes(data[at + 4 : at + 9], "big"))
            rate = int.from_bytes(data[at + 9 : at + 12], "big") >> 1 & 0x3FFFFF
            return Pack(self._base + at, 12, clock, 0, rate, 0, True, True)
        if value >> 62 != 1:
            return Skipped(self._base + at, 4)
        stuffing = data[at + 13] & 7
        if len(data) < at + 14 + stuffing:
            return Skipped(self._base + at, len(data) - at) if final else None
        clock = (value >> 59 & 7) << 30 | (value >> 43 & 0x7FFF) << 15 | value >> 27 & 0x7FFF
        rate = int.from_bytes(data[at + 10 : at + 13], "big")
        markers = value >> 58 & value >> 42 & value >> 26 & value >> 16 & 1 and rate & 3 == 3
        filled = data.count(b"\xff", at + 14, at + 14 + stuffing) == stuffing
        return Pack(
            self._base + at,
            14 + stuffing,
            clock,
            value >> 17 & 0x1FF,
            rate >> 2,
            stuffing,
            False,
            bool(markers and filled),
        )


def _system_header(
    offset: int, size: int, body: bytearray, declared: int, length: int
) -> SystemHeader:
    if len(body) < 6:
        return SystemHeader(offset, size, 0, 0, 0, (), declared, length, False)
    streams = []
    at = 6
    while at + 3 <= len(body) and body[at] & 0x80:
        bound = (body[at + 1] & 0x1F) << 8 | body[at + 2]
        streams.append((body[at], bound * (1024 if body[at + 1] & 0x20 else 128)))
        at += 3
    sound = bool(body[0] & 0x80 and body[2] & 1 and body[4] & 0x20) and at == len(body)
    return SystemHeader(
        offset,
        size,
        int.from_bytes(body[:3], "big") >> 1 & 0x3FFFFF,
        body[3] >> 2,
        body[4] & 0x1F,
        tuple(streams),
        declared,
        length,
        sound,
    )


def _stream_map(offset: int, size: int, whole: bytes, declared: int) -> StreamMap:
    """``whole`` with start code. Wrong lengths inside are cut to what is there."""
    length = len(whole) - 6
    if length < 6:
        return StreamMap(offset, size, (), declared, length, False, False, False)
    info = whole[8] << 8 | whole[9]
    entries = 12 + info
    if entries > len(whole):
        return StreamMap(offset, size, (), declared, length, False, False, bool(whole[6] & 0x80))
    told = whole[entries - 2] << 8 | whole[entries - 1]
    fits = info + told + 10 == declared == length
    # Where the inner length is wrong, everything up to the checksum is taken for entries.
    end = entries + told if fits else len(whole) - 4
    streams = []
    at = entries
    while at + 4 <= end:
        streams.append((whole[at], whole[at + 1]))
        at += 4 + (whole[at + 2] << 8 | whole[at + 3])
    if not fits:
        streams = [entry for entry in streams if entry[1] >= MAP]
    return StreamMap(
        offset,
        size,
        tuple(streams),
        declared,
        length,
        fits and at == end,
        crc32(whole) == 0,
        bool(whole[6] & 0x80),
    )


def _pes(
    offset: int, size: int, code: int, body: bytearray, declared: int, length: int
) -> PesPacket:
    if code in WITHOUT_HEADER:
        return PesPacket(offset, size, code, None, None, bytes(body), declared, length, True, False)
    if len(body) >= 3 and body[0] >> 6 == 2:
        pts = dts = None
        flags, header = body[1] >> 6, body[2]
        sound = flags != 1 and 3 + header <= len(body)
        if flags & 2 and header >= 5 and len(body) >= 8:
            pts = _time(int.from_bytes(body[3:8], "big"))
            sound = sound and body[3] >> 4 == flags and bool(body[3] & body[5] & body[7] & 1)
        elif flags & 2:
            sound = False
        if flags == 3 and header >= 10 and len(body) >= 13:
            dts = _time(int.from_bytes(body[8:13], "big"))
            sound = sound and body[8] >> 4 == 1 and bool(body[8] & body[10] & body[12] & 1)
        elif flags == 3:
            sound = False
        payload = memoryview(body)[3 + header :].tobytes()
        scrambled = bool(body[0] & 0x30)
        return PesPacket(offset, size, code, pts, dts, payload, declared, length, sound, scrambled)
    return _pes_of_mpeg1(offset, size, code, body, declared, length)


def _pes_of_mpeg1(
    offset: int, size: int, code: int, body: bytearray, declared: int, length: int
) -> PesPacket:
    """ISO/IEC 11172-1 2.4.3.3; what is not even that is handed out whole as unsound."""
    at = 0
    while at < len(body) and at < 16 and body[at] == 0xFF:
        at += 1
    if at + 2 <= len(body) and body[at] >> 6 == 1:
        at += 2
    pts = dts = None
    kind = body[at] >> 4 if at < len(body) else 0
    sound = True
    if kind == 2 and at + 5 <= len(body):
        pts = _time(int.from_bytes(body[at : at + 5], "big"))
        at += 5
    elif kind == 3 and at + 10 <= len(body):
        pts = _time(int.from_bytes(body[at : at + 5], "big"))
        dts = _time(int.from_bytes(body[at + 5 : at + 10], "big"))
        at += 10
    elif at < len(body) and body[at] == 0x0F:
        at += 1
    else:
        at, sound = 0, False
    payload = memoryview(body)[at:].tobytes()
    return PesPacket(offset, size, code, pts, dts, payload, declared, length, sound, False)


def _time(value: int) -> int:
    """The 33 bits out of the 40 of a time stamp (Table 2-17)."""
    return (value >> 33 & 7) << 30 | (value >> 17 & 0x7FFF) << 15 | value >> 1 & 0x7FFF


def parse_program_stream(data: bytes) -> list[Unit]:
    """The units of a whole stream.

    Raises:
        ProtocolError: no unit but skipped bytes.
    """
    parser = ProgramStreamParser()
    units = parser.feed(data) + parser.flush()
    if all(isinstance(unit, Skipped) for unit in units):
        raise ProtocolError("PS: no start code of a program stream")
    return units
