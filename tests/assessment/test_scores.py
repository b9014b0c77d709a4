"""Five-grade scores of inspectors: counted, averaged, and shown with who gave them."""

import datetime
from pathlib import Path

import pytest

from assessment.checklists import Subject, checklist_findings
from assessment.evidence import load_evidence
from assessment.finding import Finding
from assessment.verdicts import Verdict
from messages import text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError

TODAY = datetime.date(2026, 6, 1)
POINT = "61010200001320000001"
REQUIREMENT = catalogue()["4.3.1-c5"]


def scored(folder: Path, scores: str, subject: str = POINT) -> Finding:
    (folder / "records.yaml").write_text(
        "records:\n"
        f"  - {{requirement: 4.3.1-c5, item: subjective-score, subject: '{subject}', who: 王芳,"
        f" when: 2026-05-01, scores: {{{scores}}}}}\n",
        "utf-8",
    )
    records = load_evidence(folder, catalogue(), TODAY)
    (found,) = checklist_findings(REQUIREMENT, records, TODAY, (Subject(POINT),))
    return found


def test_the_mean_of_five_inspectors_decides(tmp_path: Path) -> None:
    found = scored(tmp_path, "甲: 4, 乙: 5, 丙: 4, 丁: 4, 戊: 5")
    assert found.verdict is Verdict.PASS
    (measured,) = found.measurements
    assert measured.value == 4.4
    assert measured.details["scores"] == {"甲": 4, "乙": 5, "丙": 4, "丁": 4, "戊": 5}
    assert "4.40" in text(found.reason.key, "zh", **found.reason.parameters)


def test_a_mean_below_four_is_a_fail(tmp_path: Path) -> None:
    found = scored(tmp_path, "甲: 4, 乙: 3, 丙: 4, 丁: 4, 戊: 4")
    assert (found.verdict, found.reason.code) == (Verdict.FAIL, "subjective-score.below-limit")


def test_fewer_than_five_are_pending_however_well_they_score(tmp_path: Path) -> None:
    found = scored(tmp_path, "甲: 5, 乙: 5, 丙: 5, 丁: 5")
    assert (found.verdict, found.reason.code) == (Verdict.PENDING, "checklist.scores-too-few")
    assert "至少需要 5 名" in text(found.reason.key, "zh", **found.reason.parameters)


def test_scores_of_another_camera_do_not_count(tmp_path: Path) -> None:
    found = scored(tmp_path, "甲: 5, 乙: 5, 丙: 5, 丁: 5, 戊: 5", "61010200001320000002")
    assert (found.verdict, found.reason.code) == (Verdict.PENDING, "checklist.other-subject")


def test_a_grade_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FaultyFileError) as caught:
        scored(tmp_path, "甲: 6, 乙: 5")
    (fault,) = caught.value.faults
    assert fault.worded("zh") == "records.yaml:2: “甲”的评分应在 1 到 5 之间，现为 6"


def test_a_record_without_scores_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FaultyFileError, match="'scores' is missing"):
        scored(tmp_path, "")
