"""Sampling plans: the tables, the draw, and what a sample says of its lot."""

import math
import random
from collections import Counter

import pytest

from assessment.sampling import (
    ACCEPTANCE_QUALITY_LIMITS,
    LEVELS,
    Plan,
    code_letter,
    decide_lot,
    draw,
    single_plan,
)
from assessment.verdicts import Verdict
from messages import catalogue as wordings

LETTERS = "ABCDEFGHJKLMNPQR"
SIZES = dict(
    zip(LETTERS, (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000), strict=True)
)
#: Table 2-A as printed, a row a letter: the letter that is used and its acceptance number, at
#: AQL 0.65, 1.0, 1.5, 2.5, 4.0, 6.5 and 10.
PRINTED = (
    "F0 E0 D0 C0 B0 A0 C1",
    "F0 E0 D0 C0 B0 A0 C1",
    "F0 E0 D0 C0 B0 D1 C1",
    "F0 E0 D0 C0 E1 D1 D2",
    "F0 E0 D0 F1 E1 E2 E3",
    "F0 E0 G1 F1 F2 F3 F5",
    "F0 H1 G1 G2 G3 G5 G7",
    "J1 H1 H2 H3 H5 H7 H10",
    "J1 J2 J3 J5 J7 J10 J14",
    "K2 K3 K5 K7 K10 K14 K21",
    "L3 L5 L7 L10 L14 L21 K21",
    "M5 M7 M10 M14 M21 L21 K21",
    "N7 N10 N14 N21 M21 L21 K21",
    "P10 P14 P21 N21 M21 L21 K21",
    "Q14 Q21 P21 N21 M21 L21 K21",
    "R21 Q21 P21 N21 M21 L21 K21",
)
POINTS = tuple(f"6101000000132000{number:04}" for number in range(1, 1001))
EXPECTED_DRAW = ["0048", "0335", "0356", "0525", "0528"]


@pytest.mark.parametrize(("letter", "row"), list(zip(LETTERS, PRINTED, strict=True)))
def test_master_table(letter, row) -> None:
    for aql, cell in zip(ACCEPTANCE_QUALITY_LIMITS, row.split(), strict=True):
        plan = single_plan(letter, aql)
        assert (plan.letter, plan.accept) == (cell[0], int(cell[1:])), (letter, aql)
        assert plan.size == SIZES[cell[0]]
        assert plan.reject == plan.accept + 1


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("aql", ACCEPTANCE_QUALITY_LIMITS)
def test_operating_characteristic_at_the_aql(letter, aql) -> None:
    plan = single_plan(letter, aql)
    share = aql / 100
    accepted = sum(
        math.comb(plan.size, bad) * share**bad * (1 - share) ** (plan.size - bad)
        for bad in range(plan.accept + 1)
    )
    assert 0.87 < accepted < 0.995


def test_operating_characteristic_of_a_known_plan() -> None:
    plan = single_plan("J", 4.0)
    points = {0.0506: 0.95, 0.0955: 0.50, 0.142: 0.10}
    for share, expected in points.items():
        accepted = sum(
            math.comb(plan.size, bad) * share**bad * (1 - share) ** (plan.size - bad)
            for bad in range(plan.accept + 1)
        )
        assert accepted == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize(
    ("lot", "level", "letter"),
    [
        (2, "II", "A"),
        (8, "III", "B"),
        (9, "II", "B"),
        (1000, "II", "J"),
        (300, "I", "F"),
        (1200, "II", "J"),
        (1201, "II", "K"),
        (91, "S-4", "D"),
        (35_001, "S-1", "D"),
        (500_001, "III", "R"),
        (3_200, "S-3", "E"),
    ],
)
def test_code_letters(lot, level, letter) -> None:
    assert code_letter(lot, level) == letter


def test_code_letters_never_fall_with_lot_or_level() -> None:
    lots = [2, 9, 16, 26, 51, 91, 151, 281, 501, 1201, 3201, 10_001, 35_001, 150_001, 500_001]
    for level in LEVELS:
        letters = [code_letter(lot, level) for lot in lots]
        assert letters == sorted(letters)
    for lot in lots:
        assert code_letter(lot, "I") <= code_letter(lot, "II") <= code_letter(lot, "III")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: code_letter(1, "II"),
        lambda: code_letter(100, "IV"),
        lambda: single_plan("I", 4.0),
        lambda: single_plan("", 4.0),
        lambda: single_plan("J", 3.0),
        lambda: draw(Plan(), (), 1),
        lambda: draw(Plan(), ("a", "a"), 1),
        lambda: draw(Plan("share", share=0), ("a", "b"), 1),
        lambda: draw(Plan("share", share=1.5), ("a", "b"), 1),
    ],
)
def test_plans_outside_the_tables_are_refused(ask) -> None:
    with pytest.raises(ValueError):
        ask()


@pytest.mark.parametrize(
    ("plan", "lot", "size", "accept", "letter"),
    [
        (Plan(), 7, 7, 0, ""),
        (Plan("gbt2828", "II", 4.0), 1000, 80, 7, "J"),
        (Plan("gbt2828", "I", 2.5), 300, 20, 1, "F"),
        (Plan("gbt2828", "II", 0.65), 12, 12, 0, "F"),
        (Plan("gbt2828", "II", 4.0), 1, 1, 0, ""),
        (Plan("share", share=0.2, minimum=3), 100, 20, 0, ""),
        (Plan("share", share=0.2, minimum=3), 101, 21, 0, ""),
        (Plan("share", share=0.2, minimum=3), 10, 3, 0, ""),
        (Plan("share", share=0.2, minimum=3), 2, 2, 0, ""),
        (Plan("share", share=0.1, minimum=3), 1000, 100, 0, ""),
    ],
)
def test_sample_sizes(plan, lot, size, accept, letter) -> None:
    drawn = draw(plan, POINTS[:lot], 7)
    assert len(drawn.drawn) == len(set(drawn.drawn)) == size
    assert (drawn.accept, drawn.letter, drawn.lot) == (accept, letter, lot)


def test_draw_is_the_same_everywhere_and_for_ever() -> None:
    drawn = draw(Plan("share", share=0.005, minimum=3), POINTS, 20260101)
    assert [point[-4:] for point in drawn.drawn] == EXPECTED_DRAW
    shuffled = list(POINTS)
    random.Random(1).shuffle(shuffled)
    again = draw(Plan("share", share=0.005, minimum=3), shuffled, 20260101)
    assert set(again.drawn) == set(drawn.drawn)
    other = draw(Plan("share", share=0.005, minimum=3), POINTS, 20260102)
    assert set(other.drawn) != set(drawn.drawn)


def test_every_camera_has_the_same_chance() -> None:
    hits: Counter[str] = Counter()
    for seed in range(400):
        hits.update(draw(Plan("share", share=0.2), POINTS[:50], seed).drawn)
    chi_square = sum((hits[point] - 80) ** 2 / 80 for point in POINTS[:50])
    assert chi_square < 90


def test_the_draw_is_recorded_whole() -> None:
    drawn = draw(Plan("gbt2828", "I", 2.5), POINTS[:300], 5)
    document = drawn.document()
    assert document["plan"] == {
        "kind": "gbt2828",
        "level": "I",
        "aql": 2.5,
        "share": 0.2,
        "minimum": 3,
    }
    assert (document["seed"], document["lot"], document["letter"]) == (5, 300, "F")
    assert len(document["drawn"]) == 20


PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("plan", "failed", "rest", "verdict", "code"),
    [
        (Plan(), 0, PASS, PASS, "all-conform"),
        (Plan(), 1, PASS, FAIL, "rejected"),
        (Plan(), 0, OPEN, OPEN, "open"),
        (Plan(), 1, OPEN, FAIL, "rejected"),
        (Plan(), 0, Verdict.ERROR, Verdict.ERROR, "open"),
        (Plan(), 0, Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE, "not-applicable"),
        (Plan(), 0, Verdict.ADVISORY, Verdict.ADVISORY, "rejected"),
        (Plan("gbt2828", "I", 2.5), 1, PASS, PASS, "accepted"),
        (Plan("gbt2828", "I", 2.5), 2, PASS, FAIL, "rejected"),
        (Plan("gbt2828", "I", 2.5), 1, OPEN, OPEN, "open"),
        (Plan("share"), 1, PASS, FAIL, "rejected"),
    ],
)
def test_lot_decision(plan, failed, rest, verdict, code) -> None:
    drawn = draw(plan, POINTS[:300], 5)
    verdicts = dict.fromkeys(drawn.drawn, rest)
    verdicts |= dict.fromkeys(drawn.drawn[:failed], FAIL)
    decision = decide_lot(drawn, verdicts)
    assert (decision.verdict, decision.reason.code) == (verdict, f"sampling.{code}")
    assert decision.reason.key in wordings()


def test_a_drawn_camera_without_a_verdict_is_no_conforming_one() -> None:
    drawn = draw(Plan(), ("a", "b"), 1)
    decision = decide_lot(drawn, {"a": PASS})
    assert decision.verdict is Verdict.NOT_TESTED
    assert decision.reason.parameters["open"] == 1


def test_what_does_not_apply_leaves_the_sample() -> None:
    drawn = draw(Plan(), ("a", "b"), 1)
    decision = decide_lot(drawn, {"a": PASS, "b": Verdict.NOT_APPLICABLE})
    assert decision.verdict is PASS
    assert decision.reason.parameters["sample"] == 1
