"""Evidence records: pending when absent, fail when they say so, pending again when run out."""

import datetime
import hashlib
from pathlib import Path

import pytest

from assessment.evidence import checklist_findings, load_evidence
from assessment.verdicts import Verdict
from messages import catalogue as wordings
from messages import text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError

TODAY = datetime.date(2026, 6, 1)
PHOTO = b"\x89PNG photo"


def evidence(tmp_path: Path, *records: str) -> list:
    (tmp_path / "photos").mkdir(exist_ok=True)
    (tmp_path / "photos" / "pole.jpg").write_bytes(PHOTO)
    lines = ["records:"] + [f"  - {{{record}}}" for record in records]
    (tmp_path / "records.yaml").write_text("\n".join(lines), "utf-8")
    return list(load_evidence(tmp_path, catalogue(), TODAY))


def record(item: str, requirement: str = "4.4.1-b", **more: str) -> str:
    fields = {
        "requirement": requirement,
        "item": item,
        "who": "张三",
        "when": "2026-03-01",
        "result": "conforms",
        "file": "photos/pole.jpg",
    } | more
    return ", ".join(f"{name}: {value}" for name, value in fields.items() if value != "-")


def only(requirement: str, records, **more):
    (finding,) = checklist_findings(catalogue()[requirement], records, TODAY, **more)
    return finding


def test_all_items_attested_is_a_pass(tmp_path: Path) -> None:
    found = only("4.4.1-b", evidence(tmp_path, record("strength"), record("no-sharp-edges")))
    assert found.verdict is Verdict.PASS
    assert found.reason.code == "checklist.conforms"
    assert [one.value for one in found.measurements] == ["conforms", "conforms"]
    picture = found.measurements[0].evidence["photos/pole.jpg"]
    assert picture.read() == PHOTO
    assert picture.media_type == "image/jpeg"


def test_nothing_attested_is_pending() -> None:
    found = only("4.4.1-b", [])
    assert found.verdict is Verdict.PENDING
    assert found.reason.code == "checklist.evidence-missing"
    assert [one.spoilt.code for one in found.measurements] == ["checklist.evidence-missing"] * 2


def test_one_missing_item_is_pending(tmp_path: Path) -> None:
    found = only("4.4.1-b", evidence(tmp_path, record("strength")))
    assert found.verdict is Verdict.PENDING
    assert found.reason.parameters["item"] == "no-sharp-edges"


@pytest.mark.parametrize(
    ("change", "verdict", "code"),
    [
        ({"result": "does-not-conform", "note": "支架松动"}, Verdict.FAIL, "does-not-conform"),
        ({"valid_until": "2026-05-31"}, Verdict.PENDING, "evidence-expired"),
        ({"valid_until": "2026-06-01"}, Verdict.PASS, "conforms"),
        ({"file": "photos/lost.jpg"}, Verdict.PENDING, "file-missing"),
        ({"sha256": "0" * 64}, Verdict.PENDING, "file-changed"),
        ({"sha256": hashlib.sha256(PHOTO).hexdigest().upper()}, Verdict.PASS, "conforms"),
        (
            {"result": "does-not-conform", "valid_until": "2026-05-31"},
            Verdict.PENDING,
            "evidence-expired",
        ),
    ],
)
def test_what_a_record_says(tmp_path: Path, change, verdict, code) -> None:
    records = evidence(tmp_path, record("strength", **change), record("no-sharp-edges"))
    found = only("4.4.1-b", records)
    assert (found.verdict, found.reason.code) == (verdict, f"checklist.{code}")
    assert found.reason.key in wordings()
    assert "{" not in text(found.reason.key, "zh", **found.reason.parameters)


def test_the_latest_record_counts(tmp_path: Path) -> None:
    records = evidence(
        tmp_path,
        record("strength", result="does-not-conform"),
        record("strength", when="2026-04-01"),
        record("no-sharp-edges"),
    )
    assert only("4.4.1-b", records).verdict is Verdict.PASS


def test_each_subject_needs_its_own_evidence(tmp_path: Path) -> None:
    records = evidence(
        tmp_path,
        record("strength", subject="p1"),
        record("no-sharp-edges", subject="all"),
    )
    found = checklist_findings(catalogue()["4.4.1-b"], records, TODAY, ("p1", "p2"))
    assert [one.verdict for one in found] == [Verdict.PASS, Verdict.PENDING]


@pytest.mark.parametrize(
    ("value", "verdict", "code"),
    [
        ("3.2", Verdict.PASS, "earth-resistance.within-limit"),
        ("10", Verdict.PASS, "earth-resistance.within-limit"),
        ("10.1", Verdict.FAIL, "earth-resistance.above-limit"),
    ],
)
def test_a_reading_is_compared_with_its_limit(tmp_path: Path, value, verdict, code) -> None:
    records = evidence(
        tmp_path,
        record("shock-protection", "4.4.1-c"),
        record(
            "earth-resistance",
            "4.4.1-c",
            result="-",
            file="-",
            reading=f"{{value: {value}, unit: Ω}}",
        ),
    )
    found = only("4.4.1-c", records)
    assert found.verdict is verdict
    assert verdict is Verdict.PASS or found.reason.code == code
    assert found.measurements[1].value == float(value)


def test_papers_alone_never_pass_what_also_needs_a_test(tmp_path: Path) -> None:
    records = evidence(tmp_path, record("wdr-report", "4.3.1-f1"))
    found = only("4.3.1-f1", records)
    assert (found.verdict, found.reason.code) == (
        Verdict.NOT_TESTED,
        "checklist.test-part-missing",
    )
    failing = evidence(tmp_path, record("wdr-report", "4.3.1-f1", result="does-not-conform"))
    assert only("4.3.1-f1", failing).verdict is Verdict.FAIL


def test_a_should_that_is_not_met_is_an_advice(tmp_path: Path) -> None:
    records = evidence(tmp_path, record("ac-declared", "4.3.1-m2", result="does-not-conform"))
    assert only("4.3.1-m2", records).verdict is Verdict.ADVISORY


def test_every_checklist_of_the_catalogue_can_be_judged() -> None:
    for requirement in catalogue():
        if requirement.checklist:
            assert only(requirement.id, []).verdict is Verdict.PENDING


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (record("strength", "4.4.1-zz"), "unknown-requirement"),
        (record("colour"), "unknown-item"),
        (record("strength", result="fine"), "not-one-of"),
        (record("strength", result="-"), "missing-field"),
        (record("strength", when="-"), "missing-field"),
        (record("strength", who="-"), "missing-field"),
        (record("strength", file="-"), "missing-field"),
        (record("strength", when="2026-06-02"), "in-the-future"),
        (record("strength", when="yesterday"), "expected-date"),
        (record("strength", file="../../etc/hostname"), "outside-folder"),
        (record("strength", photo="x"), "unknown-field"),
        (record("earth-resistance", "4.4.1-c", result="-"), "missing-field"),
        (
            record("earth-resistance", "4.4.1-c", reading="{value: 3, unit: mΩ}"),
            "not-one-of",
        ),
        (record("earth-resistance", "4.4.1-c", reading="{unit: Ω}"), "missing-field"),
    ],
)
def test_mistakes_are_named_by_line(tmp_path: Path, wrong, code) -> None:
    with pytest.raises(FaultyFileError) as caught:
        evidence(tmp_path, record("no-sharp-edges"), wrong)
    assert {(fault.file, fault.line) for fault in caught.value.faults} == {("records.yaml", 3)}
    assert code in [fault.code for fault in caught.value.faults]
    assert all(f"file.{fault.code}" in wordings() for fault in caught.value.faults)


def test_a_missing_folder_and_broken_files_are_faults(tmp_path: Path) -> None:
    with pytest.raises(FaultyFileError, match="no such folder"):
        load_evidence(tmp_path / "none", catalogue(), TODAY)
    (tmp_path / "a.yaml").write_text("records: [", "utf-8")
    (tmp_path / "b.yaml").write_text("record: []", "utf-8")
    with pytest.raises(FaultyFileError) as caught:
        load_evidence(tmp_path, catalogue(), TODAY)
    assert [fault.file for fault in caught.value.faults] == ["a.yaml", "b.yaml"]
