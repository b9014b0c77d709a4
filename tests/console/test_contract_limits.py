"""A run is held to the contract of its evidence folder, from its first visit to its verdicts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.recording import Recording
from assessment.verdicts import Verdict
from console.preparation import sample_of, with_contract
from console.run_command import acceptance_of
from console.scenarios import run_scenarios
from steps.acceptance import ScenarioRun
from targets.site import PlatformAccess, Point, Site
from tests.stream_recordings import standard_clip, steady_times, stream_recording

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
CAMERA = Point("61010200001320000001", "camera", "onvif://admin@127.0.0.1")
PLATFORM = Point("P", "platform", "", platform=PlatformAccess("https://127.0.0.1"))
#: Term of the contract, what it asks, requirement and quantity, what is only up to the standard.
TERMS = [
    ("online-rate", 95.0, "%", "5.3-a", 0.9),
    ("frame-rate", 30.0, "fps", "4.3.1-c2", 25.0),
    ("picture-long-side", 2560.0, "px", "4.3.1-c1", 1920.0),
    ("picture-short-side", 1440.0, "px", "4.3.1-c1", 1080.0),
]


def site(folder: Path, *records: dict[str, Any]) -> Site:
    (folder / "contract.pdf").write_bytes(b"%PDF")
    whole = [
        {"requirement": "5.2-a", "who": "W", "when": "2026-02-01", "file": "contract.pdf"}
        | {"page": "3"}
        | one
        for one in records
    ]
    (folder / "records.yaml").write_text(yaml.safe_dump({"records": whole}))
    return Site("s", (CAMERA, PLATFORM), evidence=folder)


def quality(**terms: dict[str, Any]) -> dict[str, Any]:
    return {"item": "quality", "result": "conforms", "terms": terms}


def verdict(declared: Site, requirement: str, quantity: str, value: float) -> Verdict:
    """What a run of this site makes of a value, exact."""
    acceptance = acceptance_of(declared, Nowhere(), Nowhere(), sample_of(declared))  # type: ignore[arg-type]
    run = ScenarioRun(acceptance, acceptance.catalogue[requirement], "scenario")
    unit = run.limit(quantity).unit
    measured = Measurement(quantity, value, unit, "i/1", "m", CAMERA.id, NOW, NOW, value, value)
    return run.compare(measured).verdict


class Nowhere:
    """Neither a desk nor a store is asked."""


class Recorded:
    """A desk that has one stream of 25 moving pictures a second, and a store of findings."""

    def __init__(self) -> None:
        pictures = standard_clip()
        self.stream = stream_recording(pictures, times=steady_times(len(pictures)), asked_seconds=2)
        self.findings: list[Finding] = []

    def visit_all(self, kind: str, points: Sequence[Point]) -> Mapping[str, Recording]:
        return {point.id: replace(self.stream, kind=kind, subject=point.id) for point in points}

    def history(self, _kind: str, _point: Point) -> Sequence[Recording]:
        return []

    def save_finding(self, finding: Finding, _scenario: str) -> None:
        self.findings.append(finding)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (0, (Verdict.PASS, "frame-rate.within-limit")),
        (30, (Verdict.FAIL, "frame-rate.below-limit")),
    ],
)
def test_the_scenario_itself_is_held_to_the_contract(tmp_path, asked, expected) -> None:
    clause = quality(**({"frame-rate": {"value": asked, "unit": "fps"}} if asked else {}))
    declared, desk = site(tmp_path, clause), Recorded()
    acceptance = acceptance_of(declared, desk, desk, sample_of(declared))
    run_scenarios(acceptance, frozenset({"4.3.1-c2"}), "en", lambda _line: None)
    rates = [one for one in desk.findings if one.limit is not None]
    assert {(one.verdict, one.reason.code) for one in rates} == {expected}
    assert {one.verdict for one in desk.findings}.isdisjoint({Verdict.ERROR})
    assert {one.limit.parameters["value"] for one in rates} == {f"{asked or 25}"}


@pytest.mark.parametrize("requirement", ["4.3.1-c1", "5.3-a"])
def test_no_scenario_breaks_under_a_contract_that_asks_more(tmp_path, requirement) -> None:
    terms = {term: {"value": asked, "unit": unit} for term, asked, unit, _, _ in TERMS}
    declared, desk = site(tmp_path, quality(**terms)), Recorded()
    acceptance = acceptance_of(declared, desk, desk, sample_of(declared))
    plugin = run_scenarios(acceptance, frozenset({requirement}), "en", lambda _line: None)
    assert plugin.broken == []
    assert desk.findings
    assert {one.verdict for one in desk.findings}.isdisjoint({Verdict.ERROR})


@pytest.mark.parametrize(("term", "asked", "unit", "requirement", "enough"), TERMS)
def test_what_is_up_to_the_standard_fails_a_contract_that_asks_more(
    tmp_path, term, asked, unit, requirement, enough
) -> None:
    plain = site(tmp_path, {"item": "scope", "result": "conforms"})
    assert verdict(plain, requirement, term, enough) is Verdict.PASS
    more = site(tmp_path, quality(**{term: {"value": asked, "unit": unit}}))
    assert verdict(more, requirement, term, enough) is Verdict.FAIL
    scale = 100 if unit == "%" else 1
    assert verdict(more, requirement, term, asked / scale) is Verdict.PASS


def test_the_platform_is_asked_for_the_days_of_the_contract(tmp_path) -> None:
    days = {"item": "storage-time", "reading": {"value": 30, "unit": "d"}}
    declared = with_contract(site(tmp_path, days))
    assert [one.platform.retention_days for one in declared.platforms] == [30]
    longer = replace(PLATFORM, platform=PlatformAccess("https://127.0.0.1", retention_days=90))
    kept = with_contract(replace(declared, points=(CAMERA, longer)))
    assert [one.platform.retention_days for one in kept.platforms] == [90]


def test_a_contract_without_pages_raises_nothing(tmp_path) -> None:
    days = {"item": "storage-time", "reading": {"value": 30, "unit": "d"}, "page": ""}
    declared = with_contract(site(tmp_path, days))
    assert [one.platform.retention_days for one in declared.platforms] == [0]
