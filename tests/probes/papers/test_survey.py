"""Survey reports: every form is read, everything wrong is named with its place."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from assessment.recording import Part
from assessment.region import box
from console.matrix.surveys import _HEADINGS, sound_rows, survey_part, workbook_part
from messages import text
from probes.papers.judging import Paper
from probes.papers.survey import measure_survey

DAY = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
XIAN = (box(108.5, 34.0, 109.5, 34.6),)


def paper(part: Part) -> Paper:
    return Paper(part, "survey.xlsx", DAY, DAY)


def of_rows(rows: list[list[Any]]) -> Paper:
    return paper(workbook_part([_HEADINGS, *rows]))


@pytest.mark.parametrize(
    "form",
    [
        *("survey-xlsx", "survey-docx-list", "survey-docx-forms", "survey-csv-gb18030"),
        *("survey-merged-headings", "survey-english-headings", "survey-degrees-and-minutes"),
        "survey-two-cameras-a-pole",
    ],
)
def test_every_form_gives_the_same_points(form: str) -> None:
    report, lowest, highest, shortest, longest = measure_survey(paper(survey_part(form)), (), XIAN)
    assert (report.value, report.spoilt) == ("conforms", None)
    assert report.details["points"] == 4
    assert (lowest.value, highest.value, shortest.value, longest.value) == (4.0, 5.5, 21.0, 24.0)
    assert report.evidence["survey.xlsx"].size > 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("field-missing", "field-missing"),
        ("coordinate-outside-region", "outside-region"),
        ("coordinates-swapped", "coordinates-swapped"),
        ("points-at-one-place", "same-place"),
    ],
)
def test_what_is_wrong_is_a_fault_with_its_place(name: str, code: str) -> None:
    report = measure_survey(paper(survey_part(name)))[0]
    assert report.value == "deviates"
    assert report.details["reason"]["code"] == f"survey-report.{code}"
    assert "Sheet:" in report.details["reason"]["parameters"]["points"]
    for lang in ("zh", "en"):
        reason = report.details["reason"]
        assert "Sheet:" in text(f"reason.{reason['code']}", lang, **reason["parameters"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("id-became-number", "id-became-number"),
        ("decimal-comma", "decimal-comma"),
        ("mixed-encodings", "mixed-encodings"),
        ("date-unclear", "date-unclear"),
        ("docx-without-tables", "no-table"),
        ("photograph-of-the-report", "not-a-table-file"),
    ],
)
def test_what_is_spoilt_is_named_and_decides_nothing(name: str, code: str) -> None:
    report = measure_survey(paper(survey_part(name)))[0]
    assert report.value is None
    assert report.spoilt is not None
    assert report.spoilt.code == f"survey-report.{code}"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-table"),
        (b"PK\x03\x04 broken", "unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 8, "old-format"),
        (b"%PDF-1.7\n\x00\xff\xfe\xfd", "not-a-table-file"),
        ("日期,天气\n今天,晴\n".encode(), "no-heading"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_gives_no_points_is_named(content: bytes, code: str) -> None:
    (report,) = measure_survey(paper(Part.of(content, "application/octet-stream")))
    assert report.spoilt is not None
    assert report.spoilt.code == f"survey-report.{code}"


def test_a_fault_governs_over_a_doubt_and_both_are_kept() -> None:
    rows = sound_rows()
    rows[0][4], rows[1][9] = "3,5", "-"
    report = measure_survey(of_rows(rows))[0]
    assert report.value == "deviates"
    assert [one["code"] for one in report.details["doubts"]] == ["survey-report.decimal-comma"]


def test_heights_name_their_point_and_clear_spaces_may_be_told_in_words() -> None:
    rows = sound_rows()
    rows[2][4], rows[0][7] = "80米", "无遮挡"
    report, _, highest, shortest, _ = measure_survey(of_rows(rows))
    assert report.value == "conforms"
    assert (highest.value, highest.details["point"]) == (80.0, "Sheet:4")
    assert shortest.value == 22.0


def test_points_of_the_inventory_are_looked_for_by_their_ids() -> None:
    known = [row[0] for row in sound_rows()]
    assert measure_survey(of_rows(sound_rows()), known)[0].value == "conforms"
    absent = "61010200001320000099"
    report = measure_survey(of_rows(sound_rows()), [*known, absent])[0]
    assert report.spoilt is not None
    assert report.spoilt.parameters == {"points": absent}


def test_a_declared_region_is_narrower_than_the_province() -> None:
    elsewhere = (box(100, 30, 101, 31),)
    assert measure_survey(of_rows(sound_rows()))[0].details["region"] == "61"
    report = measure_survey(of_rows(sound_rows()), (), elsewhere)[0]
    assert report.details["reason"]["code"] == "survey-report.outside-region"


def test_two_points_on_either_side_of_a_grid_line_are_still_near() -> None:
    rows = sound_rows()
    for row, shift in zip(rows[:2], (-1e-7, 1e-7), strict=True):
        row[2], row[3], row[5] = 108.94 + shift, 34.26 + shift, "东"
    assert measure_survey(of_rows(rows))[0].details["reason"]["code"] == "survey-report.same-place"
