"""Recordings of visits to platforms, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording

BEGAN = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)


def recording(kind: str, problem: Reason | None = None, **facts: Any) -> Recording:
    """A recording of ``platform:kind``."""
    return Recording(f"platform:{kind}", "platform", BEGAN, BEGAN, facts=facts, problem=problem)


def step(
    name: str, kind: str = "", of: str = "", state: str = "done", **more: Any
) -> dict[str, Any]:
    """One step as a visit notes it."""
    return {"name": name, "kind": kind, "of": of, "at": 1.0, "ended": 2.0, "state": state, **more}


def codes(measured: Measurement) -> list[str]:
    """The codes of all faults, without the quantity."""
    return [one["code"].partition(".")[2] for one in measured.details["reasons"]]


def doubts(measured: Measurement) -> list[str]:
    """The codes of all doubts, without the quantity."""
    return [one["code"].partition(".")[2] for one in measured.details["doubts"]]
