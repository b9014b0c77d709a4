"""Time from the registration answer: followed, ignored, an hour off, not to be told."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.recording import Recording
from probes.gb28181.date_following import measure_date_following
from tests.gb28181_recordings import Talk, empty
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:clock"


def told(offsets: tuple[float | None, float | None], registered: bool = True) -> Recording:
    talk = Talk()
    steps: list[dict[str, Any]] = []
    for shift, offset in zip((30.0, 0.0), offsets, strict=True):
        talk.register(date_shift_s=shift)
        steps.append(
            {"name": "register", "at": talk.at, "shift_s": shift, "registered": registered}
        )
        sent = talk.pass_time(1)
        steps.append(
            {
                "name": "device-status",
                "at": sent,
                "sent": sent,
                "received": sent + 0.1,
                "told": None if offset is None else float(int(sent + 0.05 + offset)),
            }
        )
    return talk.recording(KIND, steps)


def test_a_clock_that_follows_conforms() -> None:
    assert measure_date_following(told((30.2, 0.3))).value == "conforms"


@pytest.mark.parametrize(
    ("offsets", "reason"),
    [
        ((0.1, 0.1), "ignored"),
        ((8 * 3600 + 30, 8 * 3600), "time-zone"),
        ((33.5, 3.5), "inaccurate"),
    ],
)
def test_faults(offsets: tuple[float, float], reason: str) -> None:
    assert reasons(measure_date_following(told(offsets))) == [reason]


def test_what_was_not_told_decides_nothing() -> None:
    for recording in (told((None, 0.0)), told((30, 0), registered=False), empty(KIND)):
        assert measure_date_following(recording).value is None
