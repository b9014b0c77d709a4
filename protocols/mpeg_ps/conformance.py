"""What breaks the rules in a program stream (ISO/IEC 13818-1 2.5, GB/T 28181-2016 C.1, E.1.1.1).

Each code is told once with how often and where first. Codes in ``UNUSUAL`` are allowed by the
standards but trip receivers; all others are wrong. Where packets were lost nothing is blamed on
the sender.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.deviation import Deviation
from protocols.errors import ProtocolError
from protocols.mpeg_ps import codes
from protocols.mpeg_ps.conformance_times import judge_times
from protocols.mpeg_ps.demultiplex import Streams, streams_of
from protocols.mpeg_ps.findings import ANNEX_C, EDITION_2022, SYSTEMS, Findings
from protocols.mpeg_ps.parse import (
    EndCode,
    Pack,
    PesPacket,
    Skipped,
    StreamMap,
    SystemHeader,
    Unit,
    parse_program_stream,
)

UNUSUAL = frozenset(
    {
        "ps-map-every-picture",
        "ps-map-stream-unused",
        "ps-pes-per-nal-unit",
        "ps-private-stream",
        "ps-edition-2022-type",
        "ps-scrambled",
        "rtp-headers-apart",
        "rtp-marker-missing",
        "rtp-framing-interleaved",
        "rtp-private-header",
        "rtp-packet-large",
        "ps-end-code-live",
    }
)
_MOST_RATE = 0x3FFFFF
_OF_2022 = frozenset({0x24, 0x91, 0x0F})


def judge_program_stream(data: bytes, gaps: Sequence[int] = ()) -> tuple[Deviation, ...]:
    """Everything that is wrong or unusual in a recorded stream.

    Args:
        data: the stream; it may begin and end anywhere.
        gaps: places where bytes are known to be missing (``CarriedStream.gaps``).
    """
    try:
        units = parse_program_stream(data)
    except ProtocolError:
        return (Deviation("ps-none", ANNEX_C, "no start code of a program stream"),)
    return judge_units(units, gaps)


def judge_units(units: Sequence[Unit], gaps: Sequence[int] = ()) -> tuple[Deviation, ...]:
    """As ``judge_program_stream``, from units that were read already."""
    findings = Findings()
    first = next((index for index, unit in enumerate(units) if isinstance(unit, Pack)), None)
    if first is None:
        findings.add("ps-pack-missing", f"{SYSTEMS} 2.5.3.3", units[0].offset)
        first = 0
    # The last unit may be cut off by the end of the recording, and so may the first.
    whole = units[first:]
    judged = whole[:-1] if len(whole) > 1 else whole
    touched = _touched(judged, gaps)
    for unit in judged:
        if unit.offset not in touched:
            _judge_unit(findings, unit)
    streams = streams_of(whole)
    _judge_order(findings, judged, touched)
    _judge_declarations(findings, judged, streams)
    judge_times(findings, judged, touched, streams)
    return findings.deviations()


def _touched(units: Sequence[Unit], gaps: Sequence[int]) -> frozenset[int]:
    """Offsets of the units in which, or next to which, bytes are missing."""
    found: set[int] = set()
    index = 0
    ordered = sorted(gaps)
    for position, unit in enumerate(units):
        while index < len(ordered) and ordered[index] < unit.offset:
            index += 1
        if index < len(ordered) and ordered[index] <= unit.offset + unit.size:
            found.add(unit.offset)
            found.update(near.offset for near in units[position + 1 : position + 2])
    return frozenset(found)


def _judge_unit(findings: Findings, unit: Unit) -> None:
    if isinstance(unit, PesPacket):
        _judge_pes(findings, unit)
    elif isinstance(unit, Pack):
        _judge_pack(findings, unit)
    elif isinstance(unit, SystemHeader):
        _judge_system(findings, unit)
    elif isinstance(unit, StreamMap):
        _judge_map(findings, unit)
    elif isinstance(unit, Skipped):
        findings.add("ps-stray-bytes", f"{SYSTEMS} 2.5.3.1", unit.offset, f"{unit.size} bytes")
    elif isinstance(unit, EndCode):
        findings.add("ps-end-code-live", f"{SYSTEMS} 2.5.3.2", unit.offset)


def _judge_pack(findings: Findings, pack: Pack) -> None:
    clause = f"{SYSTEMS} 2.5.3.4"
    if pack.mpeg1:
        findings.add("ps-mpeg1", clause, pack.offset, "ISO/IEC 11172-1")
    if not pack.sound:
        findings.add("ps-pack-markers", clause, pack.offset)
    if not pack.mux_rate:
        findings.add("ps-mux-rate-zero", clause, pack.offset)
    if pack.clock_extension > 299:
        findings.add("ps-clock-extension", clause, pack.offset, str(pack.clock_extension))


def _judge_system(findings: Findings, header: SystemHeader) -> None:
    clause = f"{SYSTEMS} 2.5.3.6"
    if header.declared != header.length:
        told = f"{header.declared}, is {header.length}"
        findings.add("ps-system-header-length", clause, header.offset, told)
    elif not header.sound:
        findings.add("ps-system-header-markers", clause, header.offset)
    videos = sum(codes.is_video(stream) for stream, _ in header.streams)
    sounds = sum(codes.is_audio(stream) for stream, _ in header.streams)
    if header.sound and (videos > header.video_bound or sounds > header.audio_bound):
        told = f"{header.video_bound}/{header.audio_bound}, lists {videos}/{sounds}"
        findings.add("ps-system-header-bounds", clause, header.offset, told)


def _judge_map(findings: Findings, found: StreamMap) -> None:
    clause = f"{SYSTEMS} 2.5.4.2"
    if not found.fits:
        told = f"{found.declared}, is {found.length}"
        findings.add("ps-map-length", clause, found.offset, told)
    elif not found.checksum:
        # A wrong length spoils the checksum as well: only one is told.
        findings.add("ps-map-checksum", clause, found.offset)
    for kind, stream in found.streams:
        video, sound = codes.is_video(stream), codes.is_audio(stream)
        named = (video and kind in codes.VIDEO_TYPES) or (sound and kind in codes.AUDIO_TYPES)
        if (video or sound) and not named:
            told = f"{kind:02X}H for stream {stream:02X}H"
            findings.add("ps-stream-type-unknown", ANNEX_C, found.offset, told)
        elif kind in _OF_2022:
            findings.add("ps-edition-2022-type", EDITION_2022, found.offset, f"{kind:02X}H")


def _judge_pes(findings: Findings, packet: PesPacket) -> None:
    clause = f"{SYSTEMS} 2.4.3.7"
    if not packet.declared:
        findings.add("ps-pes-length-zero", clause, packet.offset)
    elif packet.declared != packet.length:
        told = f"{packet.declared}, is {packet.length}"
        findings.add("ps-pes-length", clause, packet.offset, told)
    if not packet.sound:
        findings.add("ps-pes-header", clause, packet.offset)
    if packet.scrambled:
        findings.add("ps-scrambled", clause, packet.offset)
    stream = packet.stream_id
    if not (codes.is_video(stream) or codes.is_audio(stream)) and stream != codes.PADDING:
        findings.add("ps-private-stream", ANNEX_C, packet.offset, f"{stream:02X}H")


def _judge_order(findings: Findings, units: Sequence[Unit], touched: frozenset[int]) -> None:
    """Pack headers before packets, system headers right behind pack headers."""
    previous: Unit | None = None
    for unit in units:
        lost = unit.offset in touched
        if isinstance(unit, SystemHeader) and not isinstance(previous, Pack) and not lost:
            findings.add("ps-system-header-place", f"{SYSTEMS} 2.5.3.3", unit.offset)
        if isinstance(unit, StreamMap) and isinstance(previous, PesPacket) and not lost:
            findings.add("ps-map-place", f"{ANNEX_C}", unit.offset)
        previous = unit


def _judge_declarations(findings: Findings, units: Sequence[Unit], streams: Streams) -> None:
    """Whether maps and system headers tell the truth about what follows."""
    systems = [unit for unit in units if isinstance(unit, SystemHeader)]
    maps = [unit for unit in units if isinstance(unit, StreamMap)]
    packets = [unit for unit in units if isinstance(unit, PesPacket)]
    if not packets:
        return
    present = {
        packet.stream_id: packet.offset
        for packet in reversed(packets)
        if codes.is_video(packet.stream_id) or codes.is_audio(packet.stream_id)
    }
    if any(access.key for access in streams.access_units):
        if not systems:
            findings.add("ps-system-header-missing", ANNEX_C, packets[0].offset)
        if not maps:
            findings.add("ps-map-missing", ANNEX_C, packets[0].offset)
    _judge_listed(findings, present, systems, maps)
    wrong = streams.declared_video and streams.video not in ("", streams.declared_video)
    if wrong and maps:
        told = f"{streams.declared_video}, is {streams.video}"
        findings.add("ps-stream-type-wrong", ANNEX_C, maps[0].offset, told)


def _judge_listed(
    findings: Findings,
    present: dict[int, int],
    systems: Sequence[SystemHeader],
    maps: Sequence[StreamMap],
) -> None:
    mapped = {stream for found in maps for _, stream in found.streams}
    bounded = {stream for header in systems for stream, _ in header.streams}
    if bounded & {0xB8, 0xB9}:  # all audio or all video streams (2.5.3.6)
        bounded = bounded | (set(range(0xC0, 0xE0)) if 0xB8 in bounded else set())
        bounded = bounded | (set(range(0xE0, 0xF0)) if 0xB9 in bounded else set())
    for stream, offset in present.items():
        if mapped and stream not in mapped:
            findings.add("ps-map-stream-missing", ANNEX_C, offset, f"{stream:02X}H")
        if systems and stream not in bounded:
            told = f"{stream:02X}H"
            findings.add("ps-system-header-streams", f"{SYSTEMS} 2.5.3.6", offset, told)
    for stream in sorted(mapped - set(present)):
        if codes.is_video(stream) or codes.is_audio(stream):
            findings.add("ps-map-stream-unused", ANNEX_C, maps[0].offset, f"{stream:02X}H")
