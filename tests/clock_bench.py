"""A device's clock at the end of a network with delay, polled in virtual time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assessment.recording import Part, Recording
from protocols.pcap import udp_datagram, write_pcap
from protocols.rtcp import SenderReport, build_rtcp, ntp_timestamp
from protocols.time_source import VirtualTime
from simulators.camera.clock import CameraClock, time_zone_text, told_second, zone_seconds
from visits.clock_polling import Sleeper, watch_ticks


@dataclass
class Path:
    """Delays of one direction each, in seconds."""

    out_s: float
    back_s: float
    jitter_s: float = 0.0

    def draw(self, mean: float, draws: random.Random) -> float:
        return max(mean / 10, draws.gauss(mean, self.jitter_s / 2**0.5))


LAN = Path(0.002, 0.002, 0.0005)
MOBILE = Path(0.030, 0.030, 0.020)
LOPSIDED = Path(0.055, 0.005, 0.010)


def civil(posix: int) -> dict[str, int]:
    told = time.gmtime(posix)
    return {
        "year": told.tm_year,
        "month": told.tm_mon,
        "day": told.tm_mday,
        "hour": told.tm_hour,
        "minute": told.tm_min,
        "second": told.tm_sec,
    }


class Bench:
    """Virtual time, a camera's clock, and a path to it."""

    def __init__(
        self,
        path: Path = LAN,
        seed: int = 0,
        behaviours: frozenset[str] = frozenset(),
        time_source: VirtualTime | None = None,
    ) -> None:
        self.time = time_source or VirtualTime(1_770_000_000.0 + random.Random(seed).random())
        self.wait: Sleeper = self.sleep
        self.path = path
        self.draws = random.Random(seed)
        self.behaviours = behaviours
        self.clock = CameraClock(self.time)
        self.before_answer: Callable[[], None] = lambda: None

    async def sleep(self, seconds: float) -> None:
        self.time.advance(seconds)

    async def ask(self) -> dict[str, Any]:
        await self.wait(self.path.draw(self.path.out_s, self.draws))
        self.before_answer()
        told = told_second(self.clock, self.behaviours)
        await self.wait(self.path.draw(self.path.back_s, self.draws))
        return {
            "path": "onvif",
            "utc": civil(told),
            "local": civil(told + zone_seconds(self.behaviours)),
            "time_zone": time_zone_text(self.behaviours),
            "type": "NTP",
            "daylight_saving": False,
        }

    async def polls(self, count: int = 12, seed: int = 0) -> list[dict[str, Any]]:
        return await watch_ticks(
            self.ask,
            time_source=self.time,
            seconds=count + 2.0,
            polls=count,
            seed=seed,
            sleep=self.wait,
        )

    async def recording(
        self,
        count: int = 12,
        seed: int = 0,
        error_s: float | None = 0.0,
        subject: str = "camera",
    ) -> Recording:
        started = self.time.now()
        polls = await self.polls(count, seed)
        return clock_recording(polls, started, self.time.now(), error_s, subject)

    def stream(self, offset: float | None = None, reports: int = 3) -> Recording:
        """Sender reports every five seconds, stamped by the clock (or a clock of ``offset``)."""
        frames = []
        started = self.time.now()
        for _ in range(reports):
            self.time.advance(5.0)
            stamp = self.clock.now() if offset is None else self.time.now() + offset
            report = SenderReport(7, 0.0, ntp_timestamp(stamp), 0, 0, 0)
            self.time.advance(self.path.draw(self.path.back_s, self.draws))
            datagram = udp_datagram(("127.15.0.1", 5001), ("127.0.0.1", 6001), build_rtcp(report))
            frames.append((round(self.time.now() * 1e9), datagram))
        return Recording(
            "stream:day",
            "camera",
            utc(started),
            utc(self.time.now()),
            facts={
                "tracks": [{"media": "video", "rtp_port": 5000, "rtcp_port": 5001}],
                "round_trip_s": self.path.out_s + self.path.back_s,
                "reference": {"error_s": 0.0, "source": "test"},
            },
            parts={"packets.pcap": Part.of(write_pcap(frames), "application/vnd.tcpdump.pcap")},
        )


def clock_recording(
    polls: list[dict[str, Any]],
    started: float,
    ended: float,
    error_s: float | None = 0.0,
    subject: str = "camera",
) -> Recording:
    reference = None if error_s is None else {"error_s": error_s, "source": "test"}
    return Recording(
        "clock",
        subject,
        utc(started),
        utc(ended),
        facts={"polls": polls, "ntp": None, "reference": reference},
    )


def utc(posix: float) -> datetime:
    return datetime.fromtimestamp(posix, UTC)
