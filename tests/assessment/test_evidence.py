"""Evidence records: pending when absent, fail when they say so, pending again when run out."""

import datetime
import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from assessment.checklists import Subject, checklist_findings
from assessment.evidence import load_evidence
from assessment.verdicts import Verdict
from messages import catalogue as wordings
from messages import text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError

TODAY = datetime.date(2026, 6, 1)
_CONTENT = io.BytesIO()
Image.new("RGB", (16, 12), "grey").save(_CONTENT, "JPEG")
PHOTO = _CONTENT.getvalue()
ONE = "61010200001320000001"
TWO = "61010200001320000002"


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


def of_points(requirement: str, records: list, model: str = "", firmware: str = "") -> list:
    subjects = [Subject(one, model, firmware) for one in (ONE, TWO)]
    found = checklist_findings(catalogue()[requirement], records, TODAY, subjects)
    return [(one.verdict, one.reason.code.removeprefix("checklist.")) for one in found]


def test_each_point_needs_a_record_that_names_it(tmp_path: Path) -> None:
    both = f"[{ONE}, {TWO}]"
    records = evidence(
        tmp_path,
        record("strength", subject=ONE),
        record("no-sharp-edges", subjects=both),
    )
    assert of_points("4.4.1-b", records) == [
        (Verdict.PASS, "conforms"),
        (Verdict.PENDING, "other-subject"),
    ]


@pytest.mark.parametrize("subject", ["site", "all"])
def test_a_photograph_of_the_site_is_not_that_of_a_point(tmp_path: Path, subject: str) -> None:
    records = [record(item, subject=subject) for item in ("strength", "no-sharp-edges")]
    found = of_points("4.4.1-b", evidence(tmp_path, *records))
    assert found == [(Verdict.PENDING, "scope-too-wide")] * 2


def test_one_photograph_is_not_that_of_two_points(tmp_path: Path) -> None:
    items = ("strength", "no-sharp-edges")
    records = [record(item, subject=point) for item in items for point in (ONE, TWO)]
    found = of_points("4.4.1-b", evidence(tmp_path, *records))
    assert found == [(Verdict.PENDING, "photo-of-another-point")] * 2


def test_a_file_that_is_no_picture_is_no_photograph(tmp_path: Path) -> None:
    records = evidence(tmp_path, record("strength"), record("no-sharp-edges"))
    (tmp_path / "photos" / "pole.jpg").write_bytes(PHOTO[:-200])
    records = list(load_evidence(tmp_path, catalogue(), TODAY))
    assert only("4.4.1-b", records).reason.code == "checklist.not-a-photo"


@pytest.mark.parametrize(
    ("named", "model", "code"),
    [
        ("DS-2CD2T47G2", "DS-2CD2T47G2", "conforms"),
        ("ds 2cd2t47g2、X1", "DS-2CD2T47G2", "conforms"),
        ("DS-2CD*", "DS-2CD2T47G2", "conforms"),
        ("DS-2CD系列", "DS-2CD2T47G2", "conforms"),
        ("DS-2CD", "DS-2CD2T47G2", "other-model"),
        ("IPC-B1", "DS-2CD2T47G2", "other-model"),
        ("DS-2CD*", "", "model-unknown"),
    ],
)
def test_a_data_sheet_speaks_of_the_models_that_it_names(tmp_path, named, model, code) -> None:
    records = evidence(tmp_path, record("ac-declared", "4.3.1-m2", model=named))
    verdict = Verdict.PASS if code == "conforms" else Verdict.PENDING
    assert of_points("4.3.1-m2", records, model) == [(verdict, code)] * 2


@pytest.mark.parametrize(
    ("family", "firmware", "code"),
    [
        ("V5.7", "V5.7.3 build 260112", "conforms"),
        ("5.7.x", "5.7.3", "conforms"),
        ("V5.7", "V5.70.1", "other-firmware"),
        ("V5.7.4", "V5.7.3", "other-firmware"),
        ("V5.7", "", "firmware-unknown"),
        ("", "V5.7.3", "firmware-not-named"),
    ],
)
def test_a_report_speaks_of_a_firmware_family(tmp_path, family, firmware, code) -> None:
    more = {"model": "SIM*"} | ({"firmware": family} if family else {})
    records = evidence(tmp_path, record("wdr-report", "4.3.1-f1", **more))
    assert {one[1] for one in of_points("4.3.1-f1", records, "SIM-2M", firmware)} == {code}


def test_of_one_day_the_graver_record_counts(tmp_path: Path) -> None:
    worse = record("strength", result="does-not-conform")
    for records in ((record("strength"), worse), (worse, record("strength"))):
        found = only("4.4.1-b", evidence(tmp_path, *records, record("no-sharp-edges")))
        assert found.verdict is Verdict.FAIL


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
    needs_a_test = replace(catalogue()["4.4.5-c"], method=("inspection", "test"))
    records = evidence(tmp_path, record("training", "4.4.5-c"))
    (found,) = checklist_findings(needs_a_test, records, TODAY)
    assert (found.verdict, found.reason.code) == (
        Verdict.NOT_TESTED,
        "checklist.test-part-missing",
    )
    failing = evidence(tmp_path, record("training", "4.4.5-c", result="does-not-conform"))
    assert checklist_findings(needs_a_test, failing, TODAY)[0].verdict is Verdict.FAIL


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
        (record("strength", subject=ONE, model="x"), "one-way-only"),
        (record("strength", firmware="V5"), "missing-field"),
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


def test_a_finding_carries_who_when_where_and_until_when(tmp_path: Path) -> None:
    more = {"where": "东门", "valid_until": "2027-01-01", "note": "牢固"}
    records = evidence(tmp_path, record("strength", **more), record("no-sharp-edges"))
    details = only("4.4.1-b", records).measurements[0].details
    shown = {name: details[name] for name in ("who", "when", "where", "until", "note", "file")}
    assert shown == {
        "who": "张三",
        "when": "2026-03-01",
        "where": "东门",
        "until": "2027-01-01",
        "note": "牢固",
        "file": "photos/pole.jpg",
    }
