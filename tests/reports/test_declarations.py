"""Declared against observed reaches every report, from the store alone."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest

from assessment.declaration import Declaration
from reports.html import html_report
from reports.spreadsheet import workbook
from reports.views import declared_table
from tests.reports.synthetic import GATE, HOSTILE, SQUARE, YARD, document, recording, store
from tests.reports.test_results import SCHEMA

DECLARED = Declaration(
    "gate.yaml",
    ("SIM-2M",),
    manufacturer=HOSTILE,
    values={"form": "dome", "video.h264": True, "alarm.inputs": 1, "supply.ac": False},
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with store(tmp_path_factory.mktemp("run") / "run") as made:
        told = {"device": {"model": "SIM-2M"}, "encoder_options": {"JPEG": {}}}
        made.save(replace(recording("description", GATE), facts=told))
        points = [
            {"id": one, "declared": {"model": model}, "declaration": ""}
            for one, model in ((GATE, ""), (SQUARE, "other"), (YARD, ""))
        ]
        made.note_meta("declaration", {"points": points, "declarations": [DECLARED.document()]})
        return document(made)


def test_the_document_is_valid_and_only_of_declared_cameras(results: dict[str, Any]) -> None:
    jsonschema.validate(results, SCHEMA)
    (one,) = results["declarations"]
    assert one["subject"] == GATE
    assert one["counts"] == {
        "contradicted": 1,
        "found-undeclared": 1,
        "not-observable": 3,
        "confirmed": 1,
    }
    lines = {line["name"]: line for line in one["lines"]}
    assert lines["form"]["declared_name"] == {"zh": "半球", "en": "dome"}
    assert lines["video.h264"]["outcome"] == "contradicted"
    assert lines["video.mjpeg"]["outcome"] == "found-undeclared"


def test_page_and_workbook_show_it(results: dict[str, Any]) -> None:
    page = html_report(results, "zh", lambda digest: None)
    for word in ("声明与观察", "gate.yaml", "不符 1", "未声明而具备", "设备自述"):
        assert word in page
    assert "<script>alert" not in page
    book = openpyxl.load_workbook(io.BytesIO(workbook(results, "en")))
    rows = list(book["Declared and observed"].values)
    assert rows[0][3:5] == ("ability", "Requirement")
    assert ("H.264 video", "4.3.1-g1") in {row[3:5] for row in rows}


def test_whoever_contradicts_comes_first_and_a_page_has_bounds() -> None:
    def camera(number: int) -> dict[str, Any]:
        return {"subject": str(number), "counts": {"contradicted": int(number == 250)}}

    table = declared_table({"declarations": [camera(number) for number in range(300)]})
    assert table["cameras"][0]["subject"] == "250"
    assert (len(table["cameras"]), table["hidden"]) == (200, 100)


def test_nothing_is_shown_where_nothing_is_declared(tmp_path: Path) -> None:
    with store(tmp_path / "run") as made:
        results = document(made)
    assert results["declarations"] == []
    assert 'id="declarations"' not in html_report(results, "en", lambda digest: None)
