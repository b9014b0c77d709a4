"""A survey report is of this site and of a day, or it is said why that cannot be told."""

from __future__ import annotations

import datetime
import io

import docx
import pytest

from assessment.recording import Part
from console.matrix.surveys import given_part, sound_rows
from probes.papers.judging import Paper
from probes.papers.survey_given import measure_survey_given

DAY = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
ID = sound_rows()[0][0]


def measured(part: Part, *names: str):
    return measure_survey_given(Paper(part, "report", DAY, DAY), names or (ID,))


def prose(*paragraphs: str, header: str = "") -> Part:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = header
    for one in paragraphs:
        document.add_paragraph(one)
    content = io.BytesIO()
    document.save(content)
    return Part.of(content.getvalue(), "application/docx")


@pytest.mark.parametrize("name", ["survey-xlsx", "survey-docx-forms", "survey-csv-gb18030"])
def test_a_report_on_a_point_of_the_site_is_one(name: str) -> None:
    found = measured(given_part(name))
    assert found is not None
    assert (found.value, found.spoilt) == ("conforms", None)
    assert found.details["named"] == [ID]
    assert found.details["days"] == ["2026-03-01"]


@pytest.mark.parametrize(
    "part",
    [
        prose("示范 小区现场勘查", "勘查日期：2026 年 3 月 1 日"),
        prose("勘查于2026.3.1", header="示范小区"),
        Part.of("示范小区,２０２６/3/1".encode(), "text/csv"),
    ],
    ids=["prose", "header", "full-width"],
)
def test_the_name_of_the_site_is_enough(part: Part) -> None:
    found = measured(part, "示范小区")
    assert found is not None
    assert found.value == "conforms"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (given_part("report-of-another-site"), "other-site"),
        (given_part("report-undated"), "undated"),
        (given_part("report-dated-later"), "dated-later"),
        (given_part("report-damaged"), "unreadable"),
        (given_part("mixed-encodings"), "mixed-encodings"),
        (prose(ID, "2026-13-41"), "undated"),
        (prose(ID, "编号 12026-03-011"), "undated"),
        (prose("x", "2026-03-01"), "other-site"),
    ],
)
def test_what_is_not_sure_is_said(part: Part, code: str) -> None:
    found = measured(part)
    assert found is not None
    assert found.value is None
    assert found.spoilt is not None
    assert found.spoilt.code == f"survey-given.{code}"


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7 \xe2\x00", b"\xff\xd8\xff\xe0", b"\xd0\xcf\x11\xe0 doc"],
    ids=["pdf", "photograph", "old"],
)
def test_a_scan_is_left_to_whoever_looked(content: bytes) -> None:
    assert measured(Part.of(content, "application/octet-stream")) is None
