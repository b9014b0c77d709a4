"""The workbook: everything an inspector edits, and nothing that a device could make it run."""

import io
from typing import Any

import openpyxl
import pytest

from reports.spreadsheet import workbook
from tests.reports.synthetic import HOSTILE, document, store


def opened(results: dict[str, Any], lang: str = "zh") -> Any:
    return openpyxl.load_workbook(io.BytesIO(workbook(results, lang)))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with store(tmp_path_factory.mktemp("run") / "run") as made:
        return document(made)


def test_one_row_a_requirement_a_camera_and_a_measurement(results: dict[str, Any]) -> None:
    book = opened(results)
    assert book.sheetnames == ["逐条结论", "逐台摄像机", "测量值"]
    requirements, cameras, measurements = (list(sheet.values) for sheet in book)
    assert len(requirements) == 1 + len(results["requirements"])
    assert next(row for row in requirements if row[0] == "4.3.1-c2")[3] == "不通过"
    assert [row[0] for row in cameras] == ["摄像机", "东门枪机", "后院半球", "广场球机"]
    assert measurements[1][:9] == (
        *("4.3.1-c2", "东门枪机", "61010200001320000001", "不通过", "帧率"),
        *(20.013, pytest.approx(20.001), pytest.approx(20.025), "fps"),
    )


def test_english_too(results: dict[str, Any]) -> None:
    assert opened(results, "en").sheetnames == ["Requirements", "Cameras", "Measurements"]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "@SUM(A1)", HOSTILE])
def test_a_name_is_never_a_formula(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with store(tmp_path_factory.mktemp("hostile") / "run", name) as made:
        book = opened(document(made))
    cell = next(cell for (cell,) in book["逐台摄像机"]["A2:A4"] if cell.value[:2] == name[:2])
    assert cell.data_type == "s"
    assert not any(cell.data_type == "f" for sheet in book for row in sheet for cell in row)
