"""``results.json`` keeps to its published schema and carries what a report is drawn from."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import reports
from reports.html import html_report
from tests.reports.synthetic import GATE, HOSTILE, document, store, written

SCHEMA = json.loads((Path(reports.__path__[0]) / "results.schema.json").read_text(encoding="utf-8"))


def faults(results: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator
    validator.check_schema(SCHEMA)
    found = validator(SCHEMA, format_checker=validator.FORMAT_CHECKER).iter_errors(results)
    return [f"{one.json_path}: {one.message[:200]}" for one in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return loaded


def finding(results: dict[str, Any], requirement: str, subject: str = GATE) -> dict[str, Any]:
    return next(
        one
        for row in results["requirements"]
        if row["id"] == requirement
        for one in row["findings"]
        if one["subject"] == subject
    )


def test_it_is_valid(results: dict[str, Any]) -> None:
    assert faults(results) == []


def test_it_stays_valid_whatever_a_device_calls_itself(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", name=HOSTILE)
    assert faults(json.loads((folder / "results.json").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("spoil", ["verdict", "unknown", "missing"])
def test_the_schema_finds_what_is_wrong(results: dict[str, Any], spoil: str) -> None:
    changed = json.loads(json.dumps(results))
    one = finding(changed, "4.3.1-c2")
    if spoil == "verdict":
        one["verdict"] = "green"
    elif spoil == "unknown":
        one["colour"] = 1
    else:
        del one["measurements"][0]["lower"]
    assert faults(changed)


def test_the_page_can_be_drawn_from_the_file_alone(folder: Path, results: dict[str, Any]) -> None:
    def fetch(digest: str) -> bytes:
        return (folder / "objects" / digest[:2] / digest).read_bytes()

    assert html_report(results, "zh", fetch) == (folder / "report.html").read_text("utf-8")


def test_every_finding_names_its_scenario_and_step(results: dict[str, Any]) -> None:
    assert finding(results, "4.3.1-c3")["scenario"].endswith("：每台摄像机的画面是彩色的")


def test_a_quantity_gets_its_own_limit_and_nominal_values_are_worded(
    results: dict[str, Any],
) -> None:
    colour = finding(results, "4.3.1-c3")["measurements"][0]
    assert colour["value_name"] == {"zh": "黑白", "en": "monochrome"}
    assert colour["limit"]["zh"] == "等于 彩色"
    offset = finding(results, "4.3.3.5-b")["measurements"][0]
    assert offset["rule"] == "guarded"
    assert offset["limit"]["en"] == "within ±1 s"


def test_the_defect_matrix_is_carried(tmp_path: Path) -> None:
    table = {"caught": 1, "defects": 1, "clean": 2, "variants": 2, "rows": []}
    with store(tmp_path / "run") as made:
        results = document(made, table)
    assert results["detection"] == table
    assert "1 of 1 defects caught" in html_report(results, "en", lambda digest: None)
