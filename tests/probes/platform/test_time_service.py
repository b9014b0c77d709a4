"""Readings of a platform's time, held against what they must come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assessment.recording import Recording
from probes.platform.time_service import measure_time_service

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def recording(
    ntp: dict[str, Any] | None, *, own: float = 0.0, error: float | None = 0.01
) -> Recording:
    at = NOW.timestamp()
    told = datetime.fromtimestamp(at + own + 0.01, UTC).isoformat()
    facts = {
        "reference": {"error_s": error},
        "polls": [{"left": at, "returned": at + 0.02, "told": told}],
    }
    return Recording("platform:clock", "p", NOW, NOW, facts | ({"ntp": ntp} if ntp else {}))


def served(offset: float, error: float = 0.02) -> dict[str, Any]:
    return {"port": 123, "problem": "", "offset_s": offset, "error_s": error, "stratum": 2}


@pytest.mark.parametrize(
    ("ntp", "own", "code"),
    [
        ({"port": 123, "problem": "refused"}, 0.0, "not-served"),
        ({"port": 123, "problem": "unusable", "detail": "x"}, 0.0, "unusable"),
        (served(2.0), 0.0, "served-off"),
        (served(-1.2), 0.0, "served-off"),
        (served(0.0), -2.0, "own-off"),
    ],
)
def test_faults(ntp: dict[str, Any], own: float, code: str) -> None:
    found = measure_time_service(recording(ntp, own=own))
    assert found.value == "deviates"
    assert found.details["reason"]["code"] == f"platform-ntp.{code}"


def test_a_good_clock() -> None:
    found = measure_time_service(recording(served(0.3)))
    assert found.value == "conforms"
    assert found.details["served"] == [0.27, 0.33]
    assert found.details["own"] == pytest.approx([-0.021, 0.021])


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (recording({"port": 123, "problem": "no-answer"}), "no-answer"),
        (recording(served(2.0), error=None), "reference-unknown"),
        (recording(served(0.9, 0.2)), "served-undecided"),
        (recording(None), "not-asked"),
    ],
)
def test_what_cannot_be_told_is_left_open(made: Recording, code: str) -> None:
    found = measure_time_service(made)
    assert found.value is None
    assert found.spoilt is not None
    assert found.spoilt.code == f"platform-ntp.{code}"
