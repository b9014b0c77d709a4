"""Online state and rate: asked of the device, never of the platform."""

import datetime

import pytest

from assessment.decision import decide
from assessment.reason import Reason
from assessment.recording import Part, Recording
from messages import catalogue as wordings
from messages import text
from probes.online import measure_online_rate, measure_online_share
from standard.catalogue import catalogue

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
LIMIT = catalogue()["5.3-a"].limits["online-rate"]
ONLINE = {"answers": True, "authenticates": True, "picture": True, "detail": ""}
AWAY = {"answers": False, "authenticates": False, "picture": False, "detail": "visit.timeout"}
NO_PICTURE = ONLINE | {"picture": False, "detail": "no-key-picture"}
REFUSED = AWAY | {"answers": True, "detail": "visit.unauthorised"}


def watch(*polls, point: str = "p1", expected: int | None = None, **more) -> Recording:
    facts = {
        "polls": [{"at": 1000.0 + 10 * number} | poll for number, poll in enumerate(polls)],
        "expected": len(polls) if expected is None else expected,
        "declared_online": None,
    }
    values = {"facts": facts} | more
    return Recording("online", point, NOW, NOW + datetime.timedelta(minutes=1), **values)


def site(*states, inventory: int | None = None) -> tuple[list[Recording], list[str]]:
    points = [f"p{number}" for number in range(inventory or len(states))]
    return [
        watch(*polls, point=point) for point, polls in zip(points, states, strict=False)
    ], points


def code(measurement) -> str:
    assert measurement.spoilt is not None
    assert measurement.value is None
    assert measurement.spoilt.key in wordings()
    assert "{" not in text(measurement.spoilt.key, "zh", **measurement.spoilt.parameters)
    return measurement.spoilt.code


@pytest.mark.parametrize(
    ("polls", "value", "state", "changes", "absence"),
    [
        ((ONLINE,) * 4, 1.0, "online", 0, 0.0),
        ((AWAY,) * 4, 0.0, "away", 0, 30.0),
        ((NO_PICTURE,) * 3, 0.0, "no-picture", 0, 20.0),
        ((ONLINE, AWAY, ONLINE, AWAY), 0.5, "flapping", 3, 10.0),
        ((ONLINE, AWAY, AWAY, ONLINE), 0.5, "flapping", 2, 20.0),
        ((ONLINE, REFUSED), 0.5, "flapping", 1, 0.0),
    ],
)
def test_share(polls, value, state, changes, absence) -> None:
    measurement = measure_online_share(watch(*polls))
    assert measurement.spoilt is None
    assert measurement.value == value == measurement.lower
    assert measurement.details["state"] == state
    assert measurement.details["changes"] == changes
    assert measurement.details["longest_absence_s"] == absence
    assert len(measurement.details["line"]) == len(polls)


def test_a_site_may_do_without_the_picture() -> None:
    recording = watch(NO_PICTURE, NO_PICTURE)
    assert measure_online_share(recording, picture_needed=False).value == 1.0
    assert measure_online_rate([recording], ["p1"], picture_needed=False).value == 1.0
    assert measure_online_share(watch(AWAY), picture_needed=False).value == 0.0


def test_a_device_that_cannot_be_reached_is_away() -> None:
    for problem in ("visit.refused", "visit.timeout", "visit.unreachable", "visit.unresolvable"):
        measurement = measure_online_share(watch(problem=Reason(problem)))
        assert (measurement.value, measurement.details["state"]) == (0.0, "away")


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        (watch(), "online-share.no-poll"),
        (watch(facts={}), "online-share.no-poll"),
        (watch(facts={"polls": "x"}), "online-share.no-poll"),
        (
            watch(problem=Reason("visit.certificate", {"detail": "expired"})),
            "online-share.visit-failed",
        ),
        (watch(ONLINE, expected=3), "online-share.too-few-polls"),
        (watch(REFUSED, REFUSED), "online-share.unauthorised"),
    ],
)
def test_what_the_harness_could_not_see_is_no_absence(recording, expected) -> None:
    assert code(measure_online_share(recording)) == expected


def test_the_last_picture_is_evidence() -> None:
    picture = Part.of(b"\xff\xd8", "image/jpeg")
    measurement = measure_online_share(watch(ONLINE, parts={"picture.jpg": picture}))
    assert measurement.evidence == {"picture.jpg": picture}


def verdict(measurement) -> tuple[str, str]:
    decision = decide(LIMIT, measurement)
    return decision.verdict.value, decision.reason.code


@pytest.mark.parametrize(
    ("online", "expected"),
    [(100, "pass"), (85, "pass"), (84, "fail"), (0, "inconclusive")],
)
def test_census(online, expected) -> None:
    states = [(ONLINE,)] * online + [(AWAY,)] * (100 - online)
    recordings, points = site(*states)
    measurement = measure_online_rate(recordings, points)
    assert verdict(measurement)[0] == expected
    if expected != "inconclusive":
        assert measurement.value == measurement.lower == measurement.upper == online / 100
    assert measurement.method == "method.online-rate.census"


@pytest.mark.parametrize(
    "bad",
    [(AWAY,) * 4, (NO_PICTURE,) * 4, (ONLINE, AWAY, AWAY, AWAY)],
    ids=["84-percent", "registered-but-no-picture", "flapping"],
)
def test_catalogue_defects(bad) -> None:
    recordings, points = site(*[(ONLINE,) * 4] * 7, *[bad] * 3)
    measurement = measure_online_rate(recordings, points, platform_rate=1.0)
    assert verdict(measurement) == ("fail", "online-rate.below-limit")
    assert measurement.details["platform_excess"] > 0.2
    reason = decide(LIMIT, measurement).reason
    assert text(reason.key, "zh", **reason.parameters).startswith("在线率 7")


def test_the_denominator_is_the_inventory() -> None:
    recordings, points = site(*[(ONLINE,)] * 8, inventory=10)
    measurement = measure_online_rate(recordings, points)
    assert measurement.value == 0.8
    assert (measurement.lower, measurement.upper) == (0.8, 1.0)
    assert measurement.details["cameras"] == {"online": 8, "unknown": 2}
    assert verdict(measurement) == ("inconclusive", "online-rate.straddles-limit")
    absent = [*recordings, *(watch(AWAY, point=point) for point in points[8:])]
    assert verdict(measure_online_rate(absent, points)) == ("fail", "online-rate.below-limit")


def test_a_recording_of_no_point_is_not_counted() -> None:
    recordings, points = site((ONLINE,), (AWAY,))
    recordings += [watch(ONLINE, point=f"stranger{number}") for number in range(9)]
    assert measure_online_rate(recordings, points).value == 0.5


@pytest.mark.parametrize(
    ("asked", "online", "expected"),
    [(20, 20, "pass"), (20, 17, "inconclusive"), (20, 12, "fail"), (100, 92, "pass")],
)
def test_sample_gets_exact_bounds(asked, online, expected) -> None:
    recordings, points = site(*[(ONLINE,)] * online, *[(AWAY,)] * (asked - online), inventory=1000)
    measurement = measure_online_rate(recordings, points, points[:asked])
    assert verdict(measurement)[0] == expected
    assert measurement.lower < measurement.details["one_sided_lower"] <= measurement.value
    assert measurement.method == "method.online-rate.sample"


def test_partial_presence_in_a_sample_only_widens() -> None:
    recordings, points = site(*[(ONLINE,)] * 19, (ONLINE, AWAY), inventory=1000)
    partial = measure_online_rate(recordings, points, points[:20])
    assert partial.value == pytest.approx(0.975)
    assert partial.details["one_sided_lower"] < 0.85


@pytest.mark.parametrize(
    ("recordings", "points", "expected"),
    [
        ([], [], "online-rate.no-camera"),
        ([], ["p1"], "online-rate.nothing-known"),
        ([watch(REFUSED)], ["p1"], "online-rate.nothing-known"),
        ([watch(AWAY), watch(AWAY, point="p2")], ["p1", "p2"], "online-rate.nobody-answered"),
    ],
)
def test_no_data_is_no_rate(recordings, points, expected) -> None:
    assert code(measure_online_rate(recordings, points)) == expected
