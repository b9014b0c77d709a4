"""Pixels on target: the arithmetic, its interval, and papers that do not give it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from assessment.recording import Part
from console.matrix.surveys import workbook_part
from messages import text
from probes.papers.judging import Paper
from probes.papers.target_pixels import has_fixed_lens, measure_target_pixels

DAY = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
POINT = "61010200001320000001"
HEADINGS = [
    "点位编号",
    "镜头焦距(mm)",
    "传感器",
    "分辨率",
    "目标距离(m)",
    "目标宽度(m)",
    "目标像素",
]
ROW: list[Any] = [POINT, "6mm", '1/2.8"', "1920×1080", 20, 1.8, 100]


def of_row(*changed: tuple[int, Any]) -> Paper:
    row = list(ROW)
    for column, value in changed:
        row[column] = value
    return Paper(workbook_part([HEADINGS, row]), "survey.xlsx", DAY, DAY, POINT)


def test_the_arithmetic() -> None:
    measured = measure_target_pixels(of_row((2, "5.6×3.15mm")), POINT)
    exact = 6 * 1.8 / 20 / 5.6 * 1920
    assert measured.details["pixels"] == pytest.approx(exact, abs=0.1)
    assert measured.value == pytest.approx(exact / 100)
    assert measured.lower is not None
    assert measured.upper is not None
    assert measured.lower < exact / 100 < measured.upper
    assert measured.subject == POINT


@pytest.mark.parametrize(
    ("written", "width"),
    [('1/2.8"', 5.60), ("1/1.8英寸", 7.75), ("1/3", 5.23), ("7.2x4.1 mm", 7.2), ('1/2.7"', 5.81)],
)
def test_sensors_by_type_and_by_sides(written: str, width: float) -> None:
    measured = measure_target_pixels(of_row((2, written)), POINT)
    assert measured.details["sensor_mm"] == pytest.approx(width, rel=0.01)


def test_a_zoom_lens_without_a_word_on_its_setting_has_the_whole_range() -> None:
    whole = measure_target_pixels(of_row((1, "2.8-12mm")), POINT)
    assert whole.details["focal_mm"] == [2.8, 12]
    assert whole.lower is not None
    assert whole.upper is not None
    assert whole.lower < 1 < whole.upper


def test_an_upright_target_is_counted_in_rows() -> None:
    heading = [*HEADINGS[:5], "目标高度(m)", HEADINGS[6]]
    row = [POINT, 6, "5.6×3.15", "", 20, 1.7, 100]
    paper = Paper(workbook_part([heading, row]), "survey.xlsx", DAY, DAY)
    measured = measure_target_pixels(paper, POINT, (1920, 1080))
    assert measured.details["pixels"] == pytest.approx(6 * 1.7 / 20 / 3.15 * 1080, abs=0.1)
    assert measured.details["axis"] == "height"


@pytest.mark.parametrize(
    ("lens", "fixed"),
    [("6mm", True), (4, True), ("2.8-12mm", False), ("6mm 电动变焦", False), ("", False)],
)
def test_a_fixed_lens_has_one_focal_length(lens: Any, fixed: bool) -> None:
    assert has_fixed_lens(of_row((1, lens)), POINT) is fixed


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ((0, "61010200001320000002"), "point-not-surveyed"),
        ((6, ""), "fields-missing"),
        ((1, "长焦"), "unread"),
        ((2, "大底"), "unread"),
        ((3, "高清"), "unread"),
        ((4, "0"), "unread"),
    ],
)
def test_what_cannot_be_computed_is_named(changed: tuple[int, Any], code: str) -> None:
    spoilt = measure_target_pixels(of_row(changed), POINT).spoilt
    assert spoilt is not None
    assert spoilt.code == f"target-pixels.{code}"
    for lang in ("zh", "en"):
        assert "target-pixels." not in text(spoilt.key, lang, **spoilt.parameters)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n", b"a,b\n1,2\n", b"%PDF-1.7"],
    ids=["empty", "png", "csv", "pdf"],
)
def test_other_papers_are_survived(content: bytes) -> None:
    paper = Paper(Part.of(content, "text/plain"), "paper", DAY, DAY)
    assert measure_target_pixels(paper, POINT).spoilt is not None
