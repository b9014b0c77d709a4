"""The eight verdicts, which of them governs when several meet, and a run's exit code."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What is said of one requirement and one subject."""

    PASS = "pass"
    FAIL = "fail"
    ADVISORY = "advisory"
    INCONCLUSIVE = "inconclusive"
    PENDING = "pending"
    NOT_TESTED = "not-tested"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


#: From the one that governs most to the one that governs least. A proven fail stays a fail
#: whatever else went wrong beside it; then our own faults, then what is still open.
_PRECEDENCE = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.PENDING,
    Verdict.NOT_TESTED,
    Verdict.ADVISORY,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)


def governing(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of the whole when its parts have ``verdicts``.

    Nothing judged is ``NOT_TESTED``, never a pass.
    """
    present = set(verdicts)
    return next((verdict for verdict in _PRECEDENCE if verdict in present), Verdict.NOT_TESTED)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """The process exit code of a run: 3 tool fault, 1 fail, 2 something open, 0 all met.

    No verdict at all is a tool fault: nothing measured is never green.
    """
    present = set(verdicts)
    if not present or Verdict.ERROR in present:
        return 3
    if Verdict.FAIL in present:
        return 1
    if present & {Verdict.INCONCLUSIVE, Verdict.PENDING, Verdict.NOT_TESTED}:
        return 2
    return 0
