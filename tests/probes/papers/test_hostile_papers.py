"""No file that somebody hands in makes a probe of papers raise, whatever it holds."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment.photographs import codes_in, is_picture
from assessment.recording import Part
from console.matrix.surveys import given_part, sound_rows, survey_part, tickets_part, workbook_part
from probes.papers.judging import Paper
from probes.papers.survey import measure_survey
from probes.papers.survey_given import measure_survey_given
from probes.papers.tickets import HEADINGS, measure_tickets

DAY = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
CELLS = st.none() | st.integers() | st.floats() | st.text(max_size=20) | st.datetimes()


def every(content: bytes) -> None:
    paper = Paper(Part.of(content, "application/octet-stream"), "paper", DAY, DAY)
    found = [*measure_survey(paper), *measure_tickets(paper, 48.0)]
    found += [one for one in [measure_survey_given(paper, ["name"])] if one is not None]
    for one in found:
        assert one.value is not None or one.spoilt is not None
    is_picture(content)
    codes_in(content or b"\0")


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_are_judged_or_refused(content: bytes) -> None:
    every(content)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=4))
def test_any_cells_below_known_headings_are_judged(rows: list[list[object]]) -> None:
    heading = [names[0] for names in HEADINGS.values()]
    lines = [",".join(str(cell).replace(",", "") for cell in row) for row in [heading, *rows]]
    every("\n".join(lines).encode("utf-8", "replace"))


@pytest.mark.parametrize(
    "part",
    [survey_part(""), given_part("survey-docx-forms"), tickets_part("")],
    ids=["survey", "forms", "tickets"],
)
def test_documents_cut_anywhere_are_refused(part: Part) -> None:
    content = part.read()
    for length in range(0, len(content), max(1, len(content) // 12)):
        every(content[:length])


def test_a_workbook_with_another_one_inside_is_only_data() -> None:
    rows = [['=HYPERLINK("http://x")', "=1/0", "#REF!", "{{7*7}}", "<b>", "\t"], *sound_rows()]
    every(workbook_part(rows).read())
