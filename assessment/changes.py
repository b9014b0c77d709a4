"""What judging again changed: the verdicts that differ, and what made them differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.store import StoredFinding
from assessment.verdicts import Verdict

#: The reason of a finding for which somebody has yet to fill in the limits.
_UNFILLED = "picture-profile.unfilled"


@dataclass(frozen=True)
class Change:
    """One verdict that differs between two judgements of the same recordings.

    Attributes:
        requirement, scenario, subject: whose verdict it is.
        before, after: the verdicts; ``None`` where that judgement has no finding.
        causes: the check, limit, rule, ruling or instrument that changed; never empty.
    """

    requirement: str
    scenario: str
    subject: str
    before: Verdict | None
    after: Verdict | None
    causes: tuple[Reason, ...]


def changes(before: Iterable[StoredFinding], after: Iterable[StoredFinding]) -> tuple[Change, ...]:
    """All verdicts that differ, in the order of ``after``, then those that are gone."""
    old = {_key(one): one.finding for one in before}
    new = {_key(one): one.finding for one in after}
    found = []
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        earlier, later = (None if one is None else one.verdict for one in (was, now))
        if earlier is not later:
            found.append(Change(*key, earlier, later, _causes(was, now)))
    return tuple(found)


def _key(one: StoredFinding) -> tuple[str, str, str]:
    return one.finding.requirement, one.scenario, one.finding.subject


def _causes(was: Finding | None, now: Finding | None) -> tuple[Reason, ...]:
    if was is None:
        return (Reason("change.new"),)
    if now is None:
        return (Reason("change.gone"),)
    found = tuple(_differences(was, now))
    return found or (Reason("change.unexplained"),)


def _differences(was: Finding, now: Finding) -> Iterator[Reason]:
    if _UNFILLED in (was.reason.code, now.reason.code):
        yield Reason("change.profile")
        return
    if was.check_version != now.check_version:
        yield _difference("check-version", was.check_version, now.check_version)
    if _limit(was) != _limit(now):
        yield _difference("limit", _limit(was), _limit(now))
    if was.rule != now.rule:
        yield _difference("rule", was.rule, now.rule)
    if was.rulings != now.rulings:
        yield _difference("rulings", ", ".join(was.rulings), ", ".join(now.rulings))
    instruments = _instruments(was), _instruments(now)
    if instruments[0] != instruments[1]:
        yield _difference("instrument", *(", ".join(sorted(names)) for names in instruments))
    elif _recordings(was) != _recordings(now):
        yield Reason("change.recordings")
    elif _papers(was) != _papers(now):
        yield Reason("change.papers")
    elif _values(was) != _values(now):
        yield _difference("value", _values(was), _values(now))
    elif was.reason.code != now.reason.code and now.reason.code.endswith("-expired"):
        yield Reason("change.expired")


def _difference(what: str, was: Any, now: Any) -> Reason:
    return Reason(f"change.{what}", {"before": was, "after": now})


def _limit(finding: Finding) -> str:
    if finding.limit is None:
        return ""
    shown = {"value": "", "unit": ""} | dict(finding.limit.parameters)
    return f"{shown['value']} {shown['unit']}".strip()


def _instruments(finding: Finding) -> frozenset[str]:
    return frozenset(one.instrument for one in finding.measurements)


def _recordings(finding: Finding) -> frozenset[str]:
    return frozenset(name for one in finding.measurements for name in one.recordings)


def _papers(finding: Finding) -> frozenset[str]:
    """The files that people handed in; those of a recording come with it."""
    return frozenset(
        file.digest
        for one in finding.measurements
        if not one.recordings
        for file in one.evidence.values()
    )


def _values(finding: Finding) -> str:
    return ", ".join(str(one.value) for one in finding.measurements)
