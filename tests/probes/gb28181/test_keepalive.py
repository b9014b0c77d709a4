"""Keepalive: regular, irregular, absent, and what a lossy path makes undecidable."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assessment.recording import Recording
from probes.gb28181.keepalive import measure_keepalive, tolerance_of
from tests.gb28181_recordings import Talk, empty
from tests.probes.gb28181.test_registration import reasons

KIND = "gb28181:keepalive"


def beating(
    gaps: Sequence[float],
    *,
    interval: float = 60.0,
    source: str = "device",
    seconds: float = 0.0,
    transport: str = "udp",
    device: str | None = None,
    other_talk: bool = True,
) -> Recording:
    talk = Talk(transport=transport)
    if other_talk or transport == "tcp":
        talk.register()
    begun = talk.pass_time(1)
    talk.pass_time(0.1)
    if gaps:
        talk.tells("Notify", "Keepalive", {"Status": "OK"}, device=device)
    for gap in gaps[1:]:
        talk.pass_time(gap - 0.01)
        talk.tells("Notify", "Keepalive", {"Status": "OK"}, device=device)
    talk.at = max(talk.at + 0.1, begun + seconds)
    if other_talk:
        talk.tells("Response", "DeviceStatus", {"Result": "OK"})
    step = {
        "name": "watch",
        "at": begun,
        "ended": talk.at,
        "interval_s": interval,
        "source": source,
    }
    return talk.recording(KIND, [step])


def test_regular_keepalives_conform() -> None:
    measured = measure_keepalive(beating([60, 60, 60.5, 59.4]))
    assert (measured.value, measured.spoilt) == ("conforms", None)
    assert measured.details["count"] == 4


def test_an_interval_that_nobody_declared_is_the_median() -> None:
    assert measure_keepalive(beating([30] * 6, source="agreed")).value == "conforms"
    assert reasons(measure_keepalive(beating([30] * 6))) == ["irregular"]


def test_irregular_keepalives_are_a_fault() -> None:
    wayward = [60, 18, 144, 18, 108, 18]
    assert reasons(measure_keepalive(beating(wayward))) == ["irregular"]


def test_one_lost_on_the_way_is_a_doubt_and_over_tcp_one_odd_gap_as_well() -> None:
    for transport in ("udp", "tcp"):
        measured = measure_keepalive(beating([60, 60, 120, 60], transport=transport))
        assert measured.value is None
        assert measured.spoilt is not None
        assert measured.spoilt.code == "gb-keepalive.perhaps-irregular"


def test_none_is_a_fault_only_when_the_path_was_open() -> None:
    assert reasons(measure_keepalive(beating([], seconds=200))) == ["none"]
    silent = measure_keepalive(beating([], seconds=200, other_talk=False))
    assert silent.value is None
    short = measure_keepalive(beating([], seconds=100))
    assert short.spoilt is not None
    assert short.spoilt.code == "gb-keepalive.watched-too-short"


def test_another_device_s_id_is_a_fault() -> None:
    measured = measure_keepalive(beating([60] * 4, device="61010200001320000009"))
    assert reasons(measured) == ["other-device"]


def test_without_a_device_the_visit_says_why() -> None:
    measured = measure_keepalive(empty(KIND))
    assert measured.spoilt is not None
    assert measured.spoilt.code == "visit.no-gb28181"


@pytest.mark.parametrize(("interval", "allowed"), [(1.0, 0.5), (4.0, 1.0), (60.0, 12.0)])
def test_tolerance(interval: float, allowed: float) -> None:
    assert tolerance_of(interval) == pytest.approx(allowed)
