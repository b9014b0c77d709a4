"""Tickets: the longest repair counts, force majeure with its proof does not, doubts are named."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from assessment.contract import Contract, under_contract
from assessment.decision import decide
from assessment.measurement import Measurement
from assessment.recording import Part
from assessment.verdicts import Verdict
from console.matrix.surveys import tickets_part
from probes.papers.judging import Paper
from probes.papers.tickets import measure_tickets
from probes.papers.values import moment
from standard.catalogue import catalogue

LOOKED = datetime.datetime(2026, 1, 20, 16, tzinfo=datetime.UTC)


def measured(part: Part, allowed: float = 48.0) -> dict[str, Measurement]:
    paper = Paper(part, "tickets", LOOKED - datetime.timedelta(days=1), LOOKED)
    return {one.quantity: one for one in measure_tickets(paper, allowed)}


def table(*rows: str) -> Part:
    return Part.of("\n".join(("单号,上报时间,恢复时间,不可抗力,证明", *rows)).encode(), "text/csv")


def reason(part: Part, allowed: float = 48.0) -> str:
    found = measured(part, allowed)["repair-tickets"]
    if found.spoilt is not None:
        return str(found.spoilt.code)
    noted = found.details["reason"]
    return noted["code"] if noted else str(found.value)


def test_the_longest_repair_is_found_with_its_ticket() -> None:
    found = measured(tickets_part("tickets-in-time"))
    longest = found["longest-repair"]
    assert (longest.value, longest.details["point"]) == (36.25, "Sheet:4 G-2")
    assert found["repair-tickets"].value == "conforms"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a,2026-01-05 08:00,2026-01-05 09:00,,", "conforms"),
        ("a,2026-01-05 08:00,2026-01-15 09:00,是,见公告", "conforms"),
        ("a,2026-01-05 08:00,2026-01-15 09:00,是,无", "force-majeure-unproven"),
        ("a,2026-01-05 08:00,2026-01-05 09:00,是,", "conforms"),  # in time anyway
        ("a,2026-01-05 08:00,,,", "not-repaired"),
        ("a,2026-01-20 20:00,,,", "conforms"),  # open for less than the limit
        ("a,05.01.2026 08:00,2026-01-05 09:00,,", "time-unclear"),
        ("a,2026-01-05,2026-01-05 09:00,,", "time-unclear"),
        ("a,,2026-01-05 09:00,,", "time-unclear"),
        ("a,2026-01-05 08:00,2026-13-05 09:00,,", "time-unclear"),
        ("a,2026-01-05 08:00,2026-01-04 09:00,,", "restored-before-report"),
        (",,,,", "no-tickets"),
    ],
)
def test_what_a_ticket_comes_to(row: str, code: str) -> None:
    assert reason(table(row)).removeprefix("repair-tickets.") == code


def test_a_table_of_something_else_is_no_list_of_tickets() -> None:
    assert reason(Part.of(b"name,value\na,b", "text/csv")) == "repair-tickets.no-heading"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01 08:30", (8, 30)),
        ("2026/3/1 8:05:59", (8, 5, 59)),
        ("2026年3月1日8时30分", (8, 30)),
        ("2026年3月1日 8点", (8, 0)),
        ("２０２６-03-01T08:30", (8, 30)),
    ],
)
def test_times_as_people_write_them(text: str, expected: tuple[int, ...]) -> None:
    assert moment(text) == datetime.datetime(2026, 3, 1, *expected)


def test_a_contract_with_fewer_hours_tightens_the_limit_and_never_loosens_it() -> None:
    def hours(contract: Contract) -> object:
        return under_contract(catalogue(), contract)["5.4-a1"].limits["longest-repair"].value

    assert hours(Contract(recovery_hours=24)) == 24
    assert hours(Contract(recovery_hours=72)) == 48
    assert hours(Contract()) == 48


def test_a_run_under_such_a_contract_fails_what_the_standard_would_pass() -> None:
    longest = measured(tickets_part(""))["longest-repair"]
    limit = catalogue()["5.4-a1"].limits["longest-repair"]
    assert decide(limit, longest).verdict is Verdict.PASS
    assert decide(replace(limit, value=24.0), longest).verdict is Verdict.FAIL
