"""Findings become one verdict a requirement; nothing untested ever looks green."""

import datetime
from pathlib import Path

import pytest

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.sampling import Plan, draw
from assessment.summary import summarise
from assessment.verdicts import Verdict
from assessment.waivers import Waiver, load_waivers
from messages import catalogue as wordings
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError
from tests.assessment.samples import finding

TODAY = datetime.date(2026, 6, 1)
LOT = ("p1", "p2", "p3")
ALL = draw(Plan(), LOT, 1)


def one(summary, identifier: str):
    return next(one for one in summary.requirements if one.requirement.id == identifier)


def everything(verdict: Verdict = Verdict.PASS) -> list[Finding]:
    return [
        Finding(requirement.id, "site", verdict, Reason("summary.test"))
        for requirement in catalogue()
    ]


def test_nothing_found_is_not_tested_and_no_pass() -> None:
    summary = summarise([], catalogue(), ALL, today=TODAY)
    assert summary.verdict is Verdict.NOT_TESTED
    assert summary.exit_code == 2
    assert summary.counts == {Verdict.NOT_TESTED: 128}
    unwritten = next(each.id for each in catalogue() if each.scenario == "none-yet")
    assert one(summary, unwritten).reason.code == "summary.no-scenario"
    assert one(summary, "4.3.1-c2").reason.code == "summary.no-finding"


def test_all_met_passes() -> None:
    summary = summarise(everything(), catalogue(), None, today=TODAY)
    assert summary.verdict is Verdict.PASS
    assert (summary.exit_code, summary.unjudged) == (0, ())


def test_one_shall_without_a_verdict_forbids_an_overall_pass() -> None:
    found = [one for one in everything() if one.requirement != "4.3.1-c2"]
    summary = summarise(found, catalogue(), None, today=TODAY)
    assert summary.verdict is Verdict.NOT_TESTED
    assert summary.unjudged == ("4.3.1-c2",)
    assert summary.exit_code == 2


def test_a_should_without_a_verdict_does_not() -> None:
    found = [one for one in everything() if one.requirement != "4.3.1-g2"]
    assert summarise(found, catalogue(), None, today=TODAY).verdict is Verdict.PASS


def test_only_what_was_asked_for_makes_the_exit_code() -> None:
    found = [finding(subject=point) for point in LOT]
    summary = summarise(found, catalogue(), ALL, today=TODAY, asked=["4.3.1-c2"])
    assert summary.exit_code == 0
    assert summary.verdict is Verdict.NOT_TESTED
    assert one(summary, "4.3.1-c1").reason.code == "summary.not-selected"


def test_day_and_night_meet_in_one_verdict_a_camera() -> None:
    found = [finding(subject=point) for point in LOT]
    found.append(finding(subject="p2", verdict=Verdict.FAIL, code="frame-rate.below-limit"))
    summary = one(summarise(found, catalogue(), ALL, today=TODAY), "4.3.1-c2")
    assert summary.subjects == {"p1": Verdict.PASS, "p2": Verdict.FAIL, "p3": Verdict.PASS}
    assert summary.verdict is Verdict.FAIL
    assert summary.reason.code == "sampling.rejected"


def test_a_camera_that_was_drawn_and_not_judged_stays_open() -> None:
    found = [finding(subject=point) for point in LOT[:2]]
    summary = one(summarise(found, catalogue(), ALL, today=TODAY), "4.3.1-c2")
    assert summary.verdict is Verdict.NOT_TESTED
    assert summary.reason.code == "sampling.open"


def test_the_acceptance_number_of_the_plan_counts() -> None:
    lot = tuple(f"p{number}" for number in range(300))
    drawn = draw(Plan("gbt2828", "I", 2.5), lot, 1)
    for failed, expected in ((1, Verdict.PASS), (2, Verdict.FAIL)):
        found = [
            finding(subject=point, verdict=Verdict.FAIL if number < failed else Verdict.PASS)
            for number, point in enumerate(drawn.drawn)
        ]
        assert (
            one(summarise(found, catalogue(), drawn, today=TODAY), "4.3.1-c2").verdict is expected
        )


def test_a_verdict_on_the_site_is_not_sampled() -> None:
    found = [finding(subject=point) for point in LOT]
    found.append(finding(subject="site", verdict=Verdict.ERROR, code="scenario.harness-fault"))
    summary = one(summarise(found, catalogue(), ALL, today=TODAY), "4.3.1-c2")
    assert summary.verdict is Verdict.ERROR
    assert summary.reason.code == "scenario.harness-fault"


def test_a_single_camera_keeps_its_own_reason() -> None:
    found = [finding(subject="p1", verdict=Verdict.FAIL, code="frame-rate.below-limit")]
    drawn = draw(Plan(), ("p1",), 1)
    summary = one(summarise(found, catalogue(), drawn, today=TODAY), "4.3.1-c2")
    assert summary.reason.code == "frame-rate.below-limit"


def test_exclusion_is_not_applicable_unless_it_was_judged() -> None:
    excluded = {"4.3.1-c2": "no camera of its own"}
    summary = summarise([], catalogue(), ALL, today=TODAY, exclusions=excluded)
    assert one(summary, "4.3.1-c2").verdict is Verdict.NOT_APPLICABLE
    found = [finding(subject=point, verdict=Verdict.FAIL) for point in LOT]
    summary = summarise(found, catalogue(), ALL, today=TODAY, exclusions=excluded)
    assert one(summary, "4.3.1-c2").verdict is Verdict.FAIL


def test_a_finding_of_no_requirement_is_a_fault() -> None:
    summary = summarise([finding("9.9-z")], catalogue(), ALL, today=TODAY)
    assert [fault.code for fault in summary.faults] == ["summary.unknown-requirement"]
    assert summary.exit_code == 3


def test_the_untested_is_counted_first() -> None:
    found = everything()[:-1]
    summary = summarise(found, catalogue(), None, today=TODAY)
    assert list(summary.counts) == [Verdict.NOT_TESTED, Verdict.PASS]


def waiver(until: str = "2026-12-31", requirement: str = "4.3.1-c2") -> Waiver:
    return Waiver(requirement, "new lenses ordered", "Li", datetime.date.fromisoformat(until))


def failing() -> list[Finding]:
    return [
        Finding(one.requirement, "site", Verdict.FAIL, Reason("frame-rate.below-limit"))
        if one.requirement == "4.3.1-c2"
        else one
        for one in everything()
    ]


def test_a_waiver_excuses_a_fail_but_does_not_cure_it() -> None:
    summary = summarise(failing(), catalogue(), None, today=TODAY, waivers=[waiver()])
    assert summary.exit_code == 0
    assert summary.verdict is Verdict.FAIL
    assert one(summary, "4.3.1-c2").verdict is Verdict.FAIL
    assert one(summary, "4.3.1-c2").waiver == waiver()


def test_a_stale_waiver_is_a_fault_and_excuses_nothing() -> None:
    stale = waiver("2026-05-31")
    assert not waiver("2026-06-01").stale(TODAY)
    summary = summarise(failing(), catalogue(), None, today=TODAY, waivers=[stale])
    assert [fault.code for fault in summary.faults] == ["waivers.stale"]
    assert summary.exit_code == 3
    assert one(summary, "4.3.1-c2").waiver is None


def test_a_waiver_of_what_is_met_is_reported() -> None:
    summary = summarise(everything(), catalogue(), None, today=TODAY, waivers=[waiver()])
    assert [notice.code for notice in summary.notices] == ["waivers.unneeded"]
    assert summary.exit_code == 0


def test_waivers_are_read_with_their_mistakes_named(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(
        "waivers:\n  - {requirement: 4.3.1-c2, reason: lenses, owner: Li, until: 2026-12-31}\n",
        "utf-8",
    )
    assert load_waivers(path, catalogue())[0].until == datetime.date(2026, 12, 31)
    path.write_text(
        "waivers:\n"
        "  - {requirement: 4.3.1-zz, reason: lenses, owner: Li, until: 2026-12-31}\n"
        "  - {requirement: 4.3.1-c2, reason: lenses, owner: Li}\n"
        "  - {requirement: 4.3.1-c2, reason: '', owner: Li, until: soon}\n",
        "utf-8",
    )
    with pytest.raises(FaultyFileError) as caught:
        load_waivers(path, catalogue())
    assert [(fault.line, fault.code) for fault in caught.value.faults] == [
        (2, "unknown-requirement"),
        (3, "missing-field"),
        (4, "expected-date"),
        (4, "duplicate-id"),
        (4, "empty"),
    ]


def test_every_reason_has_words() -> None:
    for code in (
        *("summary.excluded", "summary.no-scenario", "summary.no-finding", "summary.not-selected"),
        *("summary.unknown-requirement", "waivers.stale", "waivers.unneeded"),
    ):
        assert f"reason.{code}" in wordings()
