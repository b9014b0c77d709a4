"""Weak passwords: what was accepted is a fail, what was not tried is no pass."""

import datetime

import pytest

from assessment.decision import decide
from assessment.reason import Reason
from assessment.recording import Recording
from messages import catalogue as wordings
from messages import text
from probes.weak_password import measure_password_properties, measure_weak_password
from standard.catalogue import catalogue

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
LIMITS = catalogue()["4.4.1-a"].limits
STRONG = {"length": 14, "classes": 4, "in_dictionary": False, "equals_user": False, "score": 4}
PORTS = {"onvif": "open", "rtsp": "open", "http": "open", "telnet": "closed"}


def attempt(service: str, candidate: str, outcome: str = "refused") -> dict:
    return {"service": service, "user": "admin", "candidate": candidate, "outcome": outcome}


REFUSED = [
    attempt(service, candidate)
    for service in ("onvif", "rtsp", "http")
    for candidate in ("factory-1", "empty", "equals-user")
]


def trial(*, problem: str = "", **changes) -> Recording:
    facts = {
        "attempts": REFUSED,
        "ports": PORTS,
        "anonymous": {"rtsp": False, "onvif": False},
        "stopped_early": None,
        "declared": STRONG,
    } | changes
    return Recording(
        "passwords", "p1", NOW, NOW, facts=facts, problem=Reason(problem) if problem else None
    )


def outcome(recording: Recording) -> tuple[str, str]:
    decision = decide(LIMITS["weak-password"], measure_weak_password(recording))
    assert decision.reason.key in wordings()
    assert "{" not in text(decision.reason.key, "zh", **decision.reason.parameters)
    return decision.verdict.value, decision.reason.code.removeprefix("weak-password.")


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        (trial(), ("pass", "none-found")),
        (
            trial(attempts=[*REFUSED, attempt("onvif", "factory-2", "locked")]),
            ("pass", "locked-out"),
        ),
        (
            trial(
                attempts=[*REFUSED, attempt("rtsp", "factory-2", "locked")],
                stopped_early="visit.locked",
            ),
            ("pass", "locked-out"),
        ),
        (
            trial(attempts=[*REFUSED, attempt("onvif", "factory-1", "accepted")]),
            ("fail", "accepted"),
        ),
        (
            trial(attempts=[*REFUSED, attempt("http", "equals-user", "accepted")]),
            ("fail", "accepted"),
        ),
        (trial(attempts=[*REFUSED, attempt("http", "empty", "accepted")]), ("fail", "accepted")),
        (trial(attempts=[*REFUSED, attempt("rtsp", "common-1", "accepted")]), ("fail", "accepted")),
        (trial(ports=PORTS | {"telnet": "open"}), ("fail", "telnet-open")),
        (trial(anonymous={"rtsp": True, "onvif": False}), ("fail", "anonymous")),
        (
            trial(anonymous={"rtsp": True}, attempts=[attempt("rtsp", "empty", "accepted")]),
            ("fail", "accepted"),
        ),
        (trial(stopped_early="visit.timeout"), ("inconclusive", "stopped-early")),
        (trial(attempts=[]), ("inconclusive", "nothing-tried")),
        (trial(attempts=None), ("inconclusive", "nothing-tried")),
        (trial(attempts=REFUSED[:6]), ("inconclusive", "no-answer")),
        (trial(attempts=REFUSED[:6], ports=PORTS | {"http": "closed"}), ("pass", "none-found")),
        (
            trial(attempts=[*REFUSED[:6], attempt("http", "empty", "no-answer")]),
            ("inconclusive", "no-answer"),
        ),
        (
            trial(attempts=[attempt("rtsp", "empty", "closed")], ports={}),
            ("inconclusive", "no-answer"),
        ),
        (trial(problem="visit.refused"), ("inconclusive", "visit-failed")),
        (
            trial(problem="visit.timeout", attempts=[attempt("rtsp", "empty", "accepted")]),
            ("fail", "accepted"),
        ),
    ],
)
def test_trial(recording, expected) -> None:
    assert outcome(recording) == expected


def test_what_was_accepted_is_named_without_the_password() -> None:
    recording = trial(attempts=[attempt("rtsp", "factory-3", "accepted") | {"password": "x"}])
    details = measure_weak_password(recording).details
    assert details["accepted"] == [{"service": "rtsp", "user": "admin", "candidate": "factory-3"}]
    assert details["outcomes"] == {"rtsp": {"accepted": 1}}


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({}, set()),
        ({"length": 7}, {"password-length.below-limit"}),
        ({"classes": 2}, {"password-classes.below-limit"}),
        ({"in_dictionary": True}, {"password-in-dictionary.holds"}),
        ({"equals_user": True}, {"password-equals-user.holds"}),
        (
            {"length": 4, "classes": 1},
            {"password-length.below-limit", "password-classes.below-limit"},
        ),
    ],
)
def test_properties_of_the_declared_password(change, failing) -> None:
    decisions = [
        decide(LIMITS[measurement.quantity], measurement)
        for measurement in measure_password_properties(trial(declared=STRONG | change))
    ]
    assert len(decisions) == 4
    assert {one.reason.code for one in decisions if one.verdict == "fail"} == failing
    assert {one.verdict.value for one in decisions} <= {"pass", "fail"}
    for one in decisions:
        assert "{" not in text(one.reason.key, "zh", **one.reason.parameters)
        assert one.reason.key in wordings()


@pytest.mark.parametrize("declared", [None, {}, {"length": "8", "in_dictionary": 1}, "secret"])
def test_unknown_properties_prove_nothing(declared) -> None:
    for measurement in measure_password_properties(trial(declared=declared)):
        decision = decide(LIMITS[measurement.quantity], measurement)
        assert decision.verdict == "inconclusive"
        assert decision.reason.code == f"{measurement.quantity}.not-declared"
        assert decision.reason.key in wordings()
