"""A run is held to the contract of its evidence folder, from its first visit to its verdicts."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from assessment.measurement import Measurement
from assessment.verdicts import Verdict
from console.preparation import sample_of, with_contract
from console.run_command import acceptance_of
from steps.acceptance import ScenarioRun
from targets.site import PlatformAccess, Point, Site

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
