"""Clocks, time stamps and the place of pictures in packs: one picture a pack, times that rise."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.mpeg_ps import codes
from protocols.mpeg_ps.demultiplex import Sound, Streams
from protocols.mpeg_ps.findings import ANNEX_C, ANNEX_E, SYSTEMS, Findings
from protocols.mpeg_ps.parse import Pack, PesPacket, StreamMap, Unit
from protocols.wrap import pts_difference

_PREFIX = b"\0\0\1"
# Sound of a constant 64 kbit/s: its duration follows from its bytes.
_BYTES_A_SECOND = {"PCMA": 8000, "PCMU": 8000}
_LEAST_SOUND_S = 0.2
_CLOCK_TOLERANCE = 0.15
_LONGEST_PACK_GAP = 63_000


def judge_times(
    findings: Findings, units: Sequence[Unit], touched: frozenset[int], streams: Streams
) -> None:
    """Judge clock references, time stamps, sound's clock and what each pack holds."""
    _judge_clock(findings, units, touched)
    _judge_pictures(findings, streams, touched)
    _judge_packs(findings, units, touched, streams)
    _judge_sound(findings, streams)


def _judge_clock(findings: Findings, units: Sequence[Unit], touched: frozenset[int]) -> None:
    """The clock reference rises from pack to pack and is not behind its packets' times."""
    clause = f"{SYSTEMS} 2.5.2.2"
    before: int | None = None
    decoded: int | None = None
    pack: Pack | None = None
    for unit in units:
        if isinstance(unit, Pack):
            pack = unit
            if before is not None:
                step = pts_difference(unit.clock, before)
                if step < 0:
                    findings.add("ps-clock-backwards", clause, unit.offset, f"{step} ticks")
                elif step > _LONGEST_PACK_GAP and unit.offset not in touched:
                    findings.add("ps-clock-gap", f"{SYSTEMS} 2.7.1", unit.offset, f"{step} ticks")
            before = unit.clock
        elif isinstance(unit, PesPacket) and pack is not None and unit.pts is not None:
            due = unit.dts if unit.dts is not None else unit.pts
            if codes.is_video(unit.stream_id) and pts_difference(due, pack.clock) < 0:
                late = pts_difference(pack.clock, due)
                told = f"{late} ticks late"
                findings.add("ps-clock-after-picture", clause, unit.offset, told)
            if unit.dts is not None and codes.is_video(unit.stream_id):
                if decoded is not None and pts_difference(unit.dts, decoded) < 0:
                    findings.add("ps-decoding-time-backwards", f"{SYSTEMS} 2.7.5", unit.offset)
                decoded = unit.dts


def _judge_pictures(findings: Findings, streams: Streams, touched: frozenset[int]) -> None:
    """Every picture has a time, and each is later than the one before; key pictures stand
    behind their parameter sets."""
    before: int | None = None
    sets = {"H264": (7, 8), "H265": (32, 33, 34)}.get(streams.video)
    # The recording may have begun within a picture.
    for access in streams.access_units[1:] if len(streams.access_units) > 1 else ():
        if access.pts is None:
            if access.offset not in touched:
                findings.add("ps-picture-time-missing", f"{SYSTEMS} 2.7.4", access.offset)
            continue
        if before is not None:
            step = pts_difference(access.pts, before)
            if step <= 0 and not streams.reordered:
                told = f"{step} ticks"
                findings.add("ps-picture-time-backwards", f"{SYSTEMS} 2.7.4", access.offset, told)
        before = access.pts
    if sets is None:
        return
    for access in streams.access_units:
        if access.key and not set(sets) <= _kinds(access.data, streams.video == "H265"):
            findings.add("ps-parameter-sets-missing", ANNEX_E, access.offset)


def _kinds(data: bytes, h265: bool) -> set[int]:
    found = set()
    at = data.find(_PREFIX)
    while 0 <= at < len(data) - 3:
        kind = data[at + 3] >> 1 & 63 if h265 else data[at + 3] & 31
        found.add(kind)
        if kind in ((0, 1, 16, 17, 18, 19, 20, 21) if h265 else (1, 2, 5)):
            break
        at = data.find(_PREFIX, at + 3)
    return found


def _judge_packs(
    findings: Findings, units: Sequence[Unit], touched: frozenset[int], streams: Streams
) -> None:
    """One picture a pack (GB/T 28181-2016 C.1), and what key pictures' packs hold."""
    begins: dict[int, int] = {}
    keys: set[int] = set()
    for access in streams.access_units:
        begins[access.offset] = begins.get(access.offset, 0) + 1
        if access.key:
            keys.add(access.offset)
    mapped = _Tally()
    in_pack = packets = 0
    pack: Pack | None = None
    has_map = has_key = lost = spoilt = apart = False
    several = 0
    for unit in [*units, None]:
        if isinstance(unit, Pack) or unit is None:
            if pack is not None and not lost:
                if in_pack > 1:
                    findings.add("ps-pictures-in-pack", ANNEX_C, pack.offset, f"{in_pack}")
                if packets and not in_pack and not spoilt and streams.access_units:
                    findings.add("ps-picture-over-packs", ANNEX_C, pack.offset)
                if has_key and not has_map:
                    mapped.missing(pack.offset)
                if in_pack:
                    mapped.picture(key=has_key, mapped=has_map)
                several += apart
            if unit is None:
                break
            # A picture that lost its first slice swallows the next one.
            spoilt = lost if packets else spoilt
            pack, in_pack, packets = unit, 0, 0
            has_map = has_key = apart = False
            lost = unit.offset in touched
        elif isinstance(unit, StreamMap):
            has_map = True
        elif isinstance(unit, PesPacket) and codes.is_video(unit.stream_id):
            apart = apart or (packets > 0 and unit.payload.startswith((_PREFIX, b"\0" + _PREFIX)))
            packets += 1
            in_pack += begins.get(unit.offset, 0)
            has_key = has_key or unit.offset in keys
            lost = lost or unit.offset in touched
    mapped.tell(findings)
    if several and pack is not None:
        findings.add("ps-pes-per-nal-unit", ANNEX_C, pack.offset, f"{several} packs")


class _Tally:
    """How many packs with key pictures, and with others, hold a map."""

    def __init__(self) -> None:
        self._others = self._others_mapped = self._keys_mapped = 0
        self._missing: list[int] = []

    def picture(self, *, key: bool, mapped: bool) -> None:
        """One pack that holds a picture."""
        if key:
            self._keys_mapped += mapped
        else:
            self._others += 1
            self._others_mapped += mapped

    def missing(self, offset: int) -> None:
        """A key picture's pack without a map."""
        self._missing.append(offset)

    def tell(self, findings: Findings) -> None:
        """Maps that lack in some key pictures' packs, or stand in every pack."""
        if self._keys_mapped:  # with no map at all another code tells it
            for offset in self._missing:
                findings.add("ps-map-missing", ANNEX_C, offset)
        if self._others and self._others_mapped == self._others:
            findings.add("ps-map-every-picture", ANNEX_C, 0)


def _judge_sound(findings: Findings, streams: Streams) -> None:
    """The clock of sound's time stamps is 90 kHz: its steps fit the bytes between them."""
    rate = _BYTES_A_SECOND.get(streams.audio)
    timed = [sound for sound in streams.sounds if sound.pts is not None]
    if not timed:
        if streams.sounds:
            findings.add("ps-sound-time-missing", f"{SYSTEMS} 2.7.4", 0)
        return
    if rate is None:
        return
    ticks, octets = _advance(streams.sounds)
    if octets < _LEAST_SOUND_S * rate:
        return
    clock = ticks / (octets / rate)
    clause = f"{SYSTEMS} 2.4.3.7"
    if abs(clock / 8000 - 1) < _CLOCK_TOLERANCE:
        findings.add("ps-sound-clock-8k", clause, 0, f"{clock:.0f} Hz")
    elif abs(clock / codes.CLOCK - 1) > _CLOCK_TOLERANCE:
        findings.add("ps-sound-clock", clause, 0, f"{clock:.0f} Hz")


def _advance(sounds: Sequence[Sound]) -> tuple[int, int]:
    """Ticks and bytes between packets with times, by the middle half of the steps' rates.

    Steps across lost packets would show a slow clock; the median step is not moved by few.
    """
    steps: list[tuple[float, int, int]] = []
    last: int | None = None
    octets = 0
    for sound in sounds:
        if sound.pts is not None:
            if last is not None and octets:
                ticks = pts_difference(sound.pts, last)
                steps.append((ticks / octets, ticks, octets))
            last, octets = sound.pts, 0
        octets += len(sound.data)
    steps.sort()
    quarter = len(steps) // 4
    middle = steps[quarter : len(steps) - quarter] if quarter else steps
    return sum(step[1] for step in middle), sum(step[2] for step in middle)
