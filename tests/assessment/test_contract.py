"""A contract may raise the limits of a run and never lowers them."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from assessment.checklists import checklist_findings
from assessment.contract import REQUIREMENT, Contract, contract_of, pages_missing, under_contract
from assessment.evidence import Attestation, load_evidence
from assessment.recording import Part
from assessment.verdicts import Verdict
from probes.papers.contract import measure_contract
from standard.catalogue import catalogue

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
    assert contract == Contract(30, 24, 95)
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


def test_terms_conform_with_their_pages() -> None:
    found = measure_contract(CLAUSES, whole(), TODAY, online_percent=85)
    assert found.value == "conforms"
    assert found.details["storage_days"] == 30
    assert found.details["pages"]["scope"] == "3"


def test_a_term_without_a_page_is_pending_and_named() -> None:
    records = [replace(one, page="") if one.item == "scope" else one for one in whole()]
    assert pages_missing(CLAUSES, records) == ("scope",)
    found = measure_contract(CLAUSES, records, TODAY, online_percent=85)
    assert found.spoilt is not None
    assert found.spoilt.code in CLAUSES.limits["contract-terms"].pending


def test_a_low_online_rate_deviates_and_nothing_recorded_decides_nothing() -> None:
    low = measure_contract(CLAUSES, whole(rate=80), TODAY, online_percent=85)
    assert low.details["reason"]["parameters"] == {"found": 80, "least": 85}
    none = measure_contract(CLAUSES, [], TODAY, online_percent=85)
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
