"""Which cameras are looked at, and what their verdicts say of the lot.

Three plans: all; single sampling under normal inspection by GB/T 2828.1 (ISO 2859-1); a fixed
share with a minimum, where all that were drawn must conform. Plan, seed and drawn cameras are
part of the run, and anybody can draw again and get the same.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assessment.reason import Reason
from assessment.verdicts import Verdict, governing

LEVELS = ("S-1", "S-2", "S-3", "S-4", "I", "II", "III")
ACCEPTANCE_QUALITY_LIMITS = (0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0)

_LETTERS = "ABCDEFGHJKLMNPQR"
_SAMPLE_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000)
#: Largest lot of each row of table 1, and its code letters in the order of ``LEVELS``.
_CODE_LETTERS: tuple[tuple[float, str], ...] = (
    (8, "AAAAAAB"),
    (15, "AAAAABC"),
    (25, "AABBBCD"),
    (50, "ABBCCDE"),
    (90, "BBCCCEF"),
    (150, "BBCDDFG"),
    (280, "BCDEEGH"),
    (500, "BCDEFHJ"),
    (1_200, "CCEFGJK"),
    (3_200, "CDEGHKL"),
    (10_000, "CDFGJLM"),
    (35_000, "CDFHKMN"),
    (150_000, "DEGJLNP"),
    (500_000, "DEGJMPQ"),
    (math.inf, "DEHKNQR"),
)
#: Acceptance numbers along a diagonal of table 2-A. The steps 1 and 2 are arrows: the first
#: points up to the step before, the second down to the step after.
_STAIRCASE: tuple[int | None, ...] = (0, None, None, 1, 2, 3, 5, 7, 10, 14, 21)


@dataclass(frozen=True)
class SinglePlan:
    """A cell of table 2-A with its arrow resolved.

    Attributes:
        letter: code letter whose sample size and numbers are used.
        size: sample size.
        accept: largest number of nonconforming units that accepts the lot (Ac).
        reject: smallest number that rejects it (Re).
    """

    letter: str
    size: int
    accept: int
    reject: int


@dataclass(frozen=True)
class Plan:
    """How a sample is drawn and judged.

    Attributes:
        kind: ``all``, ``gbt2828`` or ``share``.
        level: inspection level of ``gbt2828``, one of ``LEVELS``.
        aql: acceptance quality limit of ``gbt2828`` in percent nonconforming.
        share: of ``share``, 0 to 1.
        minimum: of ``share``, the fewest that are drawn; all when there are fewer.
    """

    kind: Literal["all", "gbt2828", "share"] = "all"
    level: str = "II"
    aql: float = 4.0
    share: float = 0.2
    minimum: int = 3


@dataclass(frozen=True)
class Draw:
    """A plan carried out on a lot: what was drawn and by which seed.

    Attributes:
        plan: see ``Plan``.
        seed: with which the order of the lot was made.
        lot: number of units in the lot.
        drawn: the drawn units in the order of the inventory.
        accept: largest number of nonconforming units among them that accepts the lot.
        letter: code letter of ``gbt2828``, ``""`` otherwise.
    """

    plan: Plan
    seed: int
    lot: int
    drawn: tuple[str, ...]
    accept: int = 0
    letter: str = ""

    def document(self) -> dict[str, Any]:
        """All of it as JSON-able values, for the run store and the report."""
        return {
            "plan": vars(self.plan),
            "seed": self.seed,
            "lot": self.lot,
            "drawn": list(self.drawn),
            "accept": self.accept,
            "letter": self.letter,
        }


@dataclass(frozen=True)
class LotDecision:
    """What the verdicts of the drawn units say of the lot."""

    verdict: Verdict
    reason: Reason


def code_letter(lot: int, level: str) -> str:
    """The code letter of table 1.

    Raises:
        ValueError: a lot below 2 or an unknown level.
    """
    if lot < 2 or level not in LEVELS:
        raise ValueError(f"no code letter for a lot of {lot} at level {level}")
    column = LEVELS.index(level)
    return next(letters[column] for largest, letters in _CODE_LETTERS if lot <= largest)


def single_plan(letter: str, aql: float) -> SinglePlan:
    """Sample size, Ac and Re of single sampling under normal inspection (table 2-A).

    Raises:
        ValueError: an unknown letter or an AQL outside ``ACCEPTANCE_QUALITY_LIMITS``.
    """
    if letter not in _LETTERS or len(letter) != 1 or aql not in ACCEPTANCE_QUALITY_LIMITS:
        raise ValueError(f"no plan for letter {letter} at AQL {aql}")
    first = 5 - ACCEPTANCE_QUALITY_LIMITS.index(aql)
    row = first + _resolve(_LETTERS.index(letter) - first, first)
    accept = _STAIRCASE[row - first]
    assert accept is not None
    return SinglePlan(_LETTERS[row], _SAMPLE_SIZES[row], accept, accept + 1)


def _resolve(step: int, first: int) -> int:
    """The step that a cell's arrow points to; ``first`` is the row of step 0."""
    if step == 1 and first >= 0:
        return 0
    if 0 < step < 3:
        return 3
    return min(max(step, 0), len(_STAIRCASE) - 1)


def draw(plan: Plan, lot: Sequence[str], seed: int) -> Draw:
    """Draw a simple random sample from ``lot``.

    The units are put in the order of SHA-256 over ``seed``, a line feed and the unit's name, and
    the first ones are taken: the same on every machine, whatever the order of the inventory.

    Raises:
        ValueError: an empty lot, a unit twice, or a plan that the tables do not hold.
    """
    if not lot or len(set(lot)) != len(lot):
        raise ValueError("a lot holds at least one unit, and each once")
    size, accept, letter = _size(plan, len(lot))
    chosen = frozenset(sorted(lot, key=lambda unit: _rank(unit, seed))[:size])
    drawn = tuple(unit for unit in lot if unit in chosen)
    return Draw(plan, seed, len(lot), drawn, accept, letter)


def _size(plan: Plan, lot: int) -> tuple[int, int, str]:
    if plan.kind == "all" or lot == 1:
        return lot, 0, ""
    if plan.kind == "gbt2828":
        single = single_plan(code_letter(lot, plan.level), plan.aql)
        return min(single.size, lot), single.accept, single.letter
    if not 0 < plan.share <= 1 or plan.minimum < 1:
        raise ValueError(f"a share of {plan.share} with a minimum of {plan.minimum} is no plan")
    exact = round(plan.share * lot, 9)
    return min(max(math.ceil(exact), plan.minimum), lot), 0, ""


def _rank(unit: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{unit}".encode()).digest()


def decide_lot(drawn: Draw, verdicts: Mapping[str, Verdict]) -> LotDecision:
    """The verdict on the lot from those of its drawn units.

    Rejected as soon as more than Ac do not conform, whatever else is open. Accepted only when
    every drawn unit has a verdict: one that could not be judged is no conforming one. Units to
    which the requirement does not apply leave the sample.
    """
    found = {unit: verdicts.get(unit, Verdict.NOT_TESTED) for unit in drawn.drawn}
    counts = Counter(found.values())
    sample = len(found) - counts[Verdict.NOT_APPLICABLE]
    nonconforming = counts[Verdict.FAIL] + counts[Verdict.ADVISORY]
    parameters = {
        "sample": sample,
        "lot": drawn.lot,
        "nonconforming": nonconforming,
        "accept": drawn.accept,
    }
    if sample == 0:
        return LotDecision(Verdict.NOT_APPLICABLE, Reason("sampling.not-applicable"))
    if nonconforming > drawn.accept:
        verdict = Verdict.FAIL if counts[Verdict.FAIL] else Verdict.ADVISORY
        return LotDecision(verdict, Reason("sampling.rejected", parameters))
    still_open = {
        verdict: count
        for verdict, count in counts.items()
        if verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PENDING, Verdict.NOT_TESTED)
    }
    if still_open:
        parameters["open"] = sum(still_open.values())
        return LotDecision(governing(still_open), Reason("sampling.open", parameters))
    code = "sampling.accepted" if nonconforming else "sampling.all-conform"
    return LotDecision(Verdict.PASS, Reason(code, parameters))
