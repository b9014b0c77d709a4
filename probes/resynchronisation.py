"""How a device was seen being corrected: its requests for the time, and jumps of its clock.

Requests are read out of a ``wire`` recording; only answered ones count. Jumps are read out of
the sender reports of a stream, each of which states wall clock and media clock of one instant:
between two reports both advance alike, unless the wall clock was set. When the reports arrived
does not enter, so that no delay on the path can look like a correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from assessment.measurement import Measurement
from assessment.recording import CorruptRecordingError, Recording
from protocols.datagrams import index_datagrams
from protocols.errors import ProtocolError
from protocols.frames import Dissector
from protocols.ntp_exchanges import ntp_exchanges
from protocols.pcap import Frame, read_capture
from protocols.rtcp import SenderReport, parse_rtcp

#: Devices note wall and media clock of one instant to about a picture; a jump is more than that.
LEAST_JUMP_S = 0.06
_QUIET_S = 0.02
#: Where most pairs differ it is the media clock that lies, not the wall clock that is set.
_LEAST_QUIET_SHARE = 1 / 3
_LONGEST_BETWEEN_REPORTS_S = 60.0
_MOST_REPORTS = 10_000
_WRAP = 2**32


@dataclass(frozen=True, slots=True)
class Jump:
    """The wall clock was set between two reports: when they arrived (POSIX s), by how much."""

    after: float
    before: float
    by: float


def requests_seen(wire: Recording) -> list[dict[str, Any]]:
    """The camera's answered requests for the time, in the form of ``sync_events``."""
    camera = wire.facts.get("camera")
    if not isinstance(camera, str):
        return []
    try:
        content = wire.read("capture.pcap")
    except (KeyError, CorruptRecordingError):
        return []
    packets = Dissector().packets(_readable(content))
    return [
        {"at": seen.at, "what": "ntp-request", "from": seen.client, "to": seen.server}
        for seen in ntp_exchanges(packets, camera)
    ]


def wall_clock_jumps(stream: Recording) -> list[Jump]:
    """The corrections of the wall clock while ``stream`` was recorded; one track tells."""
    tracks = stream.facts.get("tracks")
    for track in tracks if isinstance(tracks, list) else ():
        reports = _reports(stream, track) if isinstance(track, Mapping) else []
        if len(reports) >= 2:
            return _jumps(reports, float(track["clock_rate"]))
    return []


def allowing_for_jumps(offset: Measurement, streams: Sequence[Recording]) -> Measurement:
    """``offset`` widened by the largest jump seen in the device's ``streams``.

    Polls around the ticks may meet a clock that is set every few seconds always before, or
    always after, and then agree on an offset that it has only half of the time.
    """
    jumps = [jump for stream in streams for jump in wall_clock_jumps(stream)]
    largest = max((abs(jump.by) for jump in jumps), default=0.0)
    if not largest or offset.lower is None or offset.upper is None:
        return offset
    return replace(
        offset,
        lower=offset.lower - largest,
        upper=offset.upper + largest,
        recordings=tuple(
            dict.fromkeys([*offset.recordings, *(stream.digest for stream in streams)])
        ),
        details={**offset.details, "largest_jump_s": largest},
    )


def _readable(content: bytes) -> Iterator[Frame]:
    """The frames up to where the file breaks off."""
    try:
        yield from read_capture(content)
    except ProtocolError:
        return


def _reports(stream: Recording, track: Mapping[str, Any]) -> list[tuple[float, SenderReport]]:
    port, rate = track.get("rtcp_port"), track.get("clock_rate")
    if not isinstance(port, int) or not isinstance(rate, int | float) or rate <= 0:
        return []
    try:
        table = index_datagrams(stream.read("packets.pcap"))
    except (KeyError, CorruptRecordingError, ProtocolError):
        return []
    found = []
    for index in np.flatnonzero(table.source_port == port)[:_MOST_REPORTS]:
        start, length = int(table.start[index]), int(table.length[index])
        try:
            packets = parse_rtcp(table.buffer[start : start + length].tobytes())
        except ProtocolError:
            continue
        arrival = int(table.time_ns[index]) / 1e9
        found += [
            (arrival, packet)
            for packet in packets
            if isinstance(packet, SenderReport) and packet.ntp_timestamp
        ]
    return found


def _jumps(reports: list[tuple[float, SenderReport]], rate: float) -> list[Jump]:
    found = []
    for (after, earlier), (before, later) in pairwise(reports):
        media = (later.rtp_timestamp - earlier.rtp_timestamp) % _WRAP / rate
        if earlier.ssrc == later.ssrc and media < _LONGEST_BETWEEN_REPORTS_S:
            found.append(Jump(after, before, later.ntp_time - earlier.ntp_time - media))
    quiet = sum(abs(jump.by) < _QUIET_S for jump in found)
    if quiet < _LEAST_QUIET_SHARE * len(found):
        return []
    return [jump for jump in found if abs(jump.by) >= LEAST_JUMP_S]
