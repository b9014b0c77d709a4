"""The sender's wall clock as RTCP sender reports tell it, as an interval of its offset.

A report stamped n (device time) and received at a was under way for some d >= 0:
offset = n - a + d. The fastest of several reports is taken to have travelled no longer than
one round trip, so the offset lies in [n - a, n - a + round trip], widened by 1 ms for the
stamping itself. RFC 3550 6.4.1 lets a sender use any wall clock; whether it is the device's
own is for the caller to check against another path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessment.recording import CorruptRecordingError, Recording
from probes.clock_answers import Interval
from protocols.datagrams import index_datagrams
from protocols.errors import ProtocolError
from protocols.rtcp import SenderReport, parse_rtcp

_STAMPING_S = 0.001
_MOST_REPORTS = 10_000
#: A sender report further than this from the reference is no wall clock at all (boot time, 1900).
_PLAUSIBLE_S = 86_400.0


@dataclass(frozen=True)
class SenderReportClock:
    """What the reports of one stream say.

    Attributes:
        interval: of device minus reference, seconds.
        reports: number of reports used.
        spread_s: between the fastest and the slowest report.
        steady: the spread is within one round trip.
        wall_clock: the offset is within a day; else the sender stamps no wall clock.
    """

    interval: Interval
    reports: int
    spread_s: float
    steady: bool
    wall_clock: bool


def sender_report_clock(stream: Recording) -> SenderReportClock | None:
    """The offset by the reports of ``stream``; ``None`` when it has none that can be read."""
    travelled = _stamp_minus_arrival(stream)
    round_trip = stream.facts.get("round_trip_s")
    if not travelled or not isinstance(round_trip, int | float):
        return None
    if not (math.isfinite(round_trip) and round_trip >= 0):
        return None
    fastest, slowest = max(travelled), min(travelled)
    steady = fastest - slowest <= round_trip + _STAMPING_S
    # An unsteady series may be a late packet or a stepped clock: both are kept in.
    lower = (fastest if steady else slowest) - _STAMPING_S
    interval = (lower, fastest + round_trip + _STAMPING_S)
    plausible = max(abs(fastest), abs(slowest)) < _PLAUSIBLE_S
    return SenderReportClock(interval, len(travelled), fastest - slowest, steady, plausible)


def _stamp_minus_arrival(stream: Recording) -> list[float]:
    ports = _rtcp_ports(stream.facts.get("tracks"))
    try:
        table = index_datagrams(stream.read("packets.pcap"))
    except (KeyError, CorruptRecordingError, ProtocolError):
        return []
    chosen = np.flatnonzero(np.isin(table.source_port, ports))[:_MOST_REPORTS]
    found = []
    for index in chosen:
        start, length = int(table.start[index]), int(table.length[index])
        try:
            packets = parse_rtcp(table.buffer[start : start + length].tobytes())
        except ProtocolError:
            continue
        arrival = int(table.time_ns[index]) / 1e9
        found += [
            packet.ntp_time - arrival
            for packet in packets
            if isinstance(packet, SenderReport) and packet.ntp_timestamp
        ]
    return found


def _rtcp_ports(tracks: Any) -> list[int]:
    if not isinstance(tracks, Sequence):
        return []
    ports = [track.get("rtcp_port") for track in tracks if isinstance(track, Mapping)]
    return [port for port in ports if isinstance(port, int)]
