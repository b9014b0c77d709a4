"""A clock watch of a simulated camera in virtual time: a day of it takes a second.

For the defect matrix: defects that need hours to show cannot be waited for. Engine, polling and
clock are those of a real watch; only the way to the camera is a drawn delay instead of a socket.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from assessment.recording import Part, Recording
from protocols.pcap import udp_datagram, write_pcap
from protocols.rtcp import SenderReport, build_rtcp, ntp_timestamp
from protocols.time_source import VirtualTime
from simulators.camera.clock import (
    CameraClock,
    clock_for,
    time_zone_text,
    told_second,
    zone_seconds,
)
from simulators.virtual_time import run_in_virtual_time
from visits.clock_polling import watch_ticks
from visits.clock_watch import WatchPlan, watch_clocks

_REFERENCE = {"error_s": 0.0, "source": "virtual time"}
_REPORTS = 3
_REPORT_INTERVAL_S = 5.0


def virtual_watch(
    behaviours: Iterable[str],
    *,
    subject: str = "camera",
    start: float = 1_770_000_000.0,
    duration_s: float = 86_400.0,
    every_s: float = 300.0,
    polls: int = 10,
    one_way_s: float = 0.002,
    seed: int = 1,
) -> list[Recording]:
    """The recordings of a watch of one camera with ``behaviours``.

    A ``stream:sub`` with sender reports only, the ``clock`` recordings, and the ``clock-watch``.
    """
    camera = _VirtualCamera(frozenset(behaviours), subject, start, one_way_s, polls, seed)
    kept = _Memory()
    plan = WatchPlan((subject,), start, duration_s, every_s)

    async def watch() -> None:
        kept.add(await camera.sender_reports())
        await watch_clocks(
            plan,
            camera.visit,
            kept,
            time_source=camera.time,
            sync_events=lambda _subject: camera.clock.corrections(),
        )

    run_in_virtual_time(watch(), camera.time)
    return kept.kept


class _Memory:
    """A watch's store that dies with the process."""

    def __init__(self) -> None:
        self.kept: list[Recording] = []
        self._plan: WatchPlan | None = None

    def plan(self) -> WatchPlan | None:
        return self._plan

    def begin(self, plan: WatchPlan) -> None:
        self._plan = plan

    def recordings(self, subject: str) -> Sequence[Recording]:
        return [one for one in self.kept if one.subject == subject]

    def add(self, recording: Recording) -> None:
        self.kept.append(recording)


class _VirtualCamera:
    def __init__(
        self,
        behaviours: frozenset[str],
        subject: str,
        start: float,
        one_way_s: float,
        polls: int,
        seed: int,
    ) -> None:
        self.time = VirtualTime(start)
        self.clock: CameraClock = clock_for(behaviours, self.time)
        self._behaviours = behaviours
        self._subject = subject
        self._one_way_s = one_way_s
        self._polls = polls
        self._seed = seed
        self._draws = random.Random(seed)

    async def visit(self, subject: str) -> Recording:
        started = self.time.now()
        polls = await watch_ticks(
            self._ask,
            time_source=self.time,
            seconds=self._polls + 3.0,
            polls=self._polls,
            seed=self._seed,
        )
        facts = {"polls": polls, "ntp": None, "reference": _REFERENCE}
        return Recording("clock", subject, _utc(started), _utc(self.time.now()), facts)

    async def sender_reports(self) -> Recording:
        started = self.time.now()
        frames = []
        for _ in range(_REPORTS):
            await asyncio.sleep(_REPORT_INTERVAL_S)
            stamp = ntp_timestamp(self.clock.now())
            await self._travel()
            packet = build_rtcp(SenderReport(1, 0.0, stamp, 0, 0, 0))
            datagram = udp_datagram(("127.0.0.1", 5001), ("127.0.0.1", 6001), packet)
            frames.append((round(self.time.now() * 1e9), datagram))
        track = {"media": "video", "rtp_port": 5000, "rtcp_port": 5001}
        return Recording(
            "stream:sub",
            self._subject,
            _utc(started),
            _utc(self.time.now()),
            {
                "tracks": [track],
                "round_trip_s": 2 * self._one_way_s,
                "reference": _REFERENCE,
            },
            {"packets.pcap": Part.of(write_pcap(frames), "application/vnd.tcpdump.pcap")},
        )

    async def _ask(self) -> dict[str, Any]:
        await self._travel()
        told = told_second(self.clock, self._behaviours)
        await self._travel()
        return {
            "path": "onvif",
            "utc": _civil(told),
            "local": _civil(told + zone_seconds(self._behaviours)),
            "time_zone": time_zone_text(self._behaviours),
            "type": "NTP",
            "daylight_saving": False,
        }

    async def _travel(self) -> None:
        await asyncio.sleep(self._one_way_s * self._draws.uniform(0.5, 1.5))


def _utc(posix: float) -> datetime:
    return datetime.fromtimestamp(posix, UTC)


def _civil(posix: int) -> dict[str, int]:
    names = ("year", "month", "day", "hour", "minute", "second")
    return dict(zip(names, time.gmtime(posix)[:6], strict=True))
