"""Recordings, measurements and findings that the tests of this folder share."""

from datetime import UTC, datetime, timedelta
from typing import Any

from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from assessment.verdicts import Verdict

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def recording(kind: str = "clock", subject: str = "p1", number: int = 0, **more: Any) -> Recording:
    values: dict[str, Any] = {
        "facts": {"number": number, "polls": [{"sent": 0.1 + number}]},
        "parts": {"transcript.xml": Part.of(f"<x n='{number}'>门</x>".encode(), "text/xml")},
    }
    return Recording(kind, subject, NOW, NOW + timedelta(seconds=1), **(values | more))


def measurement(**more: Any) -> Measurement:
    values: dict[str, Any] = {
        "quantity": "frame-rate",
        "value": 24.99,
        "unit": "fps",
        "instrument": "frame-rate/1",
        "method": "method.frame-rate",
        "subject": "p1",
        "started": NOW,
        "ended": NOW + timedelta(seconds=10),
        "lower": 24.95,
        "upper": 25.03,
        "recordings": ("a" * 64,),
        "details": {"series": [1, 2.5, None]},
        "evidence": {"picture.png": Part.of(b"\x89PNG", "image/png")},
    }
    return Measurement(**(values | more))


def finding(
    requirement: str = "4.3.1-c2",
    subject: str = "p1",
    verdict: Verdict = Verdict.PASS,
    code: str = "frame-rate.within-limit",
    **more: Any,
) -> Finding:
    return Finding(requirement, subject, verdict, Reason(code, {"measured": 24.99}), **more)
