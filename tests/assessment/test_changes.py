"""Judging again tells only what changed, and why."""

from dataclasses import replace

import pytest

from assessment.changes import changes
from assessment.reason import Reason
from assessment.store import StoredFinding
from assessment.verdicts import Verdict
from messages import catalogue as wordings
from tests.assessment.samples import finding, measurement

BEFORE = finding(
    measurements=(measurement(),),
    limit=Reason("limit.at_least", {"value": "25", "unit": "fps"}),
    rule="tolerance",
    rulings=("R-001",),
)


def judged(one, scenario: str = "day", epoch: int = 0) -> StoredFinding:
    return StoredFinding(one, scenario, epoch)


def test_an_unchanged_verdict_is_not_told() -> None:
    after = replace(BEFORE, reason=Reason("frame-rate.other"), check_version=9)
    assert changes([judged(BEFORE)], [judged(after, epoch=1)]) == ()


@pytest.mark.parametrize(
    ("change", "code", "was", "now"),
    [
        ({"check_version": 2}, "check-version", 1, 2),
        (
            {"limit": Reason("limit.at_least", {"value": "30", "unit": "fps"})},
            "limit",
            "25 fps",
            "30 fps",
        ),
        ({"limit": None}, "limit", "25 fps", ""),
        ({"rule": "guarded"}, "rule", "tolerance", "guarded"),
        ({"rulings": ("R-002",)}, "rulings", "R-001", "R-002"),
        (
            {"measurements": (measurement(instrument="frame-rate/2"),)},
            "instrument",
            "frame-rate/1",
            "frame-rate/2",
        ),
        ({"measurements": (measurement(value=20.0),)}, "value", "24.99", "20.0"),
    ],
)
def test_the_cause_is_named(change, code, was, now) -> None:
    after = replace(BEFORE, verdict=Verdict.FAIL, **change)
    (found,) = changes([judged(BEFORE)], [judged(after, epoch=1)])
    assert (found.before, found.after) == (Verdict.PASS, Verdict.FAIL)
    assert (found.requirement, found.scenario, found.subject) == ("4.3.1-c2", "day", "p1")
    assert found.causes == (Reason(f"change.{code}", {"before": was, "after": now}),)
    assert found.causes[0].key in wordings()


def test_other_recordings_and_no_cause_at_all() -> None:
    other = replace(
        BEFORE, verdict=Verdict.FAIL, measurements=(measurement(recordings=("b" * 64,)),)
    )
    (found,) = changes([judged(BEFORE)], [judged(other)])
    assert [cause.code for cause in found.causes] == ["change.recordings"]
    (found,) = changes([judged(BEFORE)], [judged(replace(BEFORE, verdict=Verdict.FAIL))])
    assert [cause.code for cause in found.causes] == ["change.unexplained"]


def test_limits_that_were_filled_in_are_the_cause() -> None:
    reason = Reason("picture-profile.unfilled", {"file": "f", "keys": "k"})
    before = replace(BEFORE, verdict=Verdict.PENDING, reason=reason, limit=None, rule=None)
    (found,) = changes([judged(before)], [judged(BEFORE, epoch=1)])
    assert found.causes == (Reason("change.profile"),)


def test_new_and_gone_findings_are_told() -> None:
    found = changes([judged(BEFORE, "day")], [judged(BEFORE, "night")])
    assert [(one.scenario, one.before, one.after) for one in found] == [
        ("night", None, Verdict.PASS),
        ("day", Verdict.PASS, None),
    ]
    assert [one.causes[0].code for one in found] == ["change.new", "change.gone"]


def test_a_paper_that_ran_out_is_a_cause() -> None:
    expired = Reason("checklist.evidence-expired")
    after = replace(BEFORE, verdict=Verdict.PENDING, reason=expired)
    (found,) = changes([judged(BEFORE)], [judged(after)])
    assert found.causes == (Reason("change.expired"),)
    assert found.causes[0].key in wordings()
