"""A point whose camera fails 4.3.1 fails 4.3.2 too; what is open there is open here."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.verdicts import Verdict
from standard.catalogue import catalogue
from steps.choice import _general
from targets.site import Point

POINT = Point("61010200001320000001", "路口", "onvif://admin@127.0.0.1", scene="rural-path")
BINDING = [one.id for one in catalogue() if one.chapter == "4.3.1" and one.binding]


def concluded(*, without: str = "", **changed: Verdict):
    verdicts = dict.fromkeys(BINDING, Verdict.PASS) | {
        name.replace("_", "-"): verdict for name, verdict in changed.items()
    }
    found = [
        Finding(name, POINT.id, verdict, Reason("a.b"))
        for name, verdict in verdicts.items()
        if name != without
    ]
    acceptance = SimpleNamespace(catalogue=catalogue(), found=found)
    return _general(SimpleNamespace(acceptance=acceptance), POINT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "expected", "code"),
    [
        (Verdict.PASS, Verdict.PASS, "general-met"),
        (Verdict.NOT_APPLICABLE, Verdict.PASS, "general-met"),
        (Verdict.FAIL, Verdict.FAIL, "general-failed"),
        (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, "general-undecided"),
        (Verdict.ERROR, Verdict.INCONCLUSIVE, "general-undecided"),
        (Verdict.PENDING, Verdict.PENDING, "general-open"),
    ],
)
def test_what_was_found_of_the_point_decides(verdict, expected, code) -> None:
    made = concluded(**{"4.3.1-c2": verdict})
    assert made.verdict is expected
    assert made.reason.code == f"camera-choice.{code}"


def test_a_requirement_that_nobody_judged_is_never_green() -> None:
    made = concluded(without="4.3.1-c2")
    assert made.verdict is Verdict.PENDING
    assert made.reason.parameters == {"requirements": "4.3.1-c2"}


def test_another_points_fault_is_not_this_points() -> None:
    found = [Finding(name, POINT.id, Verdict.PASS, Reason("a.b")) for name in BINDING]
    found.append(Finding("4.3.1-c2", "another", Verdict.FAIL, Reason("a.b")))
    acceptance = SimpleNamespace(catalogue=catalogue(), found=found)
    made = _general(SimpleNamespace(acceptance=acceptance), POINT)  # type: ignore[arg-type]
    assert made.verdict is Verdict.PASS
