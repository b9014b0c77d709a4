"""A contract may raise the limits of a run and never lowers them."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from assessment.checklists import checklist_findings
from assessment.contract import (
    REQUIREMENT,
    Contract,
    contract_of,
    least_terms,
    pages_missing,
    under_contract,
)
from assessment.evidence import Attestation, load_evidence
from assessment.recording import Part
from assessment.verdicts import Verdict
from probes.papers.contract import measure_contract
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError

TODAY = datetime.date(2026, 6, 1)
CLAUSES = catalogue()[REQUIREMENT]


def clause(item: str, reading: float | None = None, **more: object) -> Attestation:
    made = Attestation(
        *(REQUIREMENT, item, ("site",), "王芳", TODAY),
        result="conforms",
        reading=reading,
        file=Part.of(b"contract", "application/pdf"),
        file_name="contract.pdf",
        page="3",
    )
    return replace(made, **more)


def whole(days: float = 30, hours: float = 24, rate: float | None = 95) -> list[Attestation]:
    numbers = [("storage-time", days), ("recovery-limit", hours), ("quality", rate)]
    return [clause("scope"), *(clause(item, value) for item, value in numbers)]


def online_limit(contract: Contract) -> object:
    return under_contract(catalogue(), contract)["5.3-a"].limits["online-rate"].value


def test_the_numbers_of_the_contract_are_read_and_raise_the_online_rate() -> None:
    contract = contract_of(CLAUSES, whole(), TODAY)
    assert contract == Contract(30, 24, {"online-rate": 95})
    assert online_limit(contract) == 0.95
    assert catalogue()["5.3-a"].limits["online-rate"].value == 0.85


@pytest.mark.parametrize("rate", [None, 80, 85])
def test_a_contract_never_lowers_a_limit(rate: float | None) -> None:
    assert online_limit(contract_of(CLAUSES, whole(rate=rate), TODAY)) == 0.85


@pytest.mark.parametrize(
    "change", [{"valid_until": datetime.date(2026, 5, 31)}, {"file": None}, {"page": ""}]
)
def test_a_clause_that_does_not_stand_raises_nothing(change: dict[str, object]) -> None:
    records = [replace(one, **change) for one in whole()]
    assert contract_of(CLAUSES, records, TODAY) == Contract()


QUALITY_TERMS = [("frame-rate", "4.3.1-c2", 30), ("picture-long-side", "4.3.1-c1", 2560)]


@pytest.mark.parametrize(("term", "requirement", "asked"), QUALITY_TERMS)
def test_a_term_raises_its_limit_and_no_other(term: str, requirement: str, asked: float) -> None:
    quality = clause("quality", terms=((term, asked),))
    raised = under_contract(catalogue(), contract_of(CLAUSES, [quality], TODAY))
    changed = [one.id for one in catalogue() if one.limits != raised[one.id].limits]
    assert changed == [requirement]
    assert raised[requirement].limits[term].value == asked
    assert raised[requirement].limits[term].rule == catalogue()[requirement].limits[term].rule


@pytest.mark.parametrize(("term", "_requirement", "_asked"), QUALITY_TERMS)
def test_a_term_below_the_standard_deviates_and_lowers_nothing(term, _requirement, _asked) -> None:
    quality = clause("quality", terms=((term, 10.0),))
    found = measure_contract(CLAUSES, [quality], TODAY, least=least_terms(catalogue()))
    assert found.value == "deviates"
    assert found.details["reason"]["code"] == f"contract-terms.{term}-too-low"
    contract = contract_of(CLAUSES, [quality], TODAY)
    assert all(
        one.limits == under_contract(catalogue(), contract)[one.id].limits for one in catalogue()
    )


def test_what_the_standard_asks_is_in_the_units_of_a_contract() -> None:
    assert least_terms(catalogue()) == {
        "online-rate": 85,
        "frame-rate": 25,
        "picture-long-side": 1920,
        "picture-short-side": 1080,
    }


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ("{frames: {value: 30, unit: fps}}", "not-one-of"),
        ("{frame-rate: {value: 30, unit: Hz}}", "not-one-of"),
        ("{frame-rate: {unit: fps}}", "missing-field"),
        ("{frame-rate: 30}", "expected-mapping"),
    ],
)
def test_terms_with_mistakes_are_refused(tmp_path, terms: str, code: str) -> None:
    record = "requirement: 5.2-a, item: quality, who: W, when: 2026-05-01, result: conforms"
    (tmp_path / "contract.pdf").write_bytes(b"%PDF")
    (tmp_path / "records.yaml").write_text(
        f"records: [{{{record}, file: contract.pdf, page: 7, terms: {terms}}}]"
    )
    with pytest.raises(FaultyFileError) as caught:
        load_evidence(tmp_path, catalogue(), TODAY)
    assert code in [fault.code for fault in caught.value.faults]


def test_terms_conform_with_their_pages() -> None:
    found = measure_contract(CLAUSES, whole(), TODAY, least=least_terms(catalogue()))
    assert found.value == "conforms"
    assert found.details["storage_days"] == 30
    assert found.details["pages"]["scope"] == "3"


def test_a_term_without_a_page_is_pending_and_named() -> None:
    records = [replace(one, page="") if one.item == "scope" else one for one in whole()]
    assert pages_missing(CLAUSES, records) == ("scope",)
    found = measure_contract(CLAUSES, records, TODAY, least=least_terms(catalogue()))
    assert found.spoilt is not None
    assert found.spoilt.code in CLAUSES.limits["contract-terms"].pending


def test_a_low_online_rate_deviates_and_nothing_recorded_decides_nothing() -> None:
    low = measure_contract(CLAUSES, whole(rate=80), TODAY, least=least_terms(catalogue()))
    assert low.details["reason"]["parameters"] == {"found": 80, "least": 85}
    none = measure_contract(CLAUSES, [], TODAY, least=least_terms(catalogue()))
    assert none.spoilt is not None
    assert none.spoilt.code == "contract-terms.none"


def test_a_clause_that_is_not_there_is_recorded_without_a_reading(tmp_path) -> None:
    (tmp_path / "contract.pdf").write_bytes(b"%PDF")
    (tmp_path / "records.yaml").write_text(
        "records:\n  - {requirement: 5.2-a, item: storage-time, who: 王芳, when: 2026-05-01, "
        "result: does-not-conform, file: contract.pdf, page: 7, note: 全文未提存储时间}\n",
        encoding="utf-8",
    )
    (record,) = load_evidence(tmp_path, catalogue(), TODAY)
    assert (record.reading, record.page) == (None, "7")
    (finding,) = checklist_findings(CLAUSES, [record], TODAY)
    assert finding.verdict is Verdict.FAIL
    assert finding.reason.code == "checklist.does-not-conform"
