"""From findings to one verdict a requirement, and from those to the verdict of the run."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assessment.finding import Finding
from assessment.reason import Reason
from assessment.sampling import Draw, decide_lot
from assessment.verdicts import Verdict, exit_code, governing
from assessment.waivers import Waiver, stale_waivers, unneeded_waivers
from standard.catalogue import Catalogue, Requirement

#: The order in which a summary counts: what is not known comes before what is.
COUNTING_ORDER = (
    Verdict.NOT_TESTED,
    Verdict.ERROR,
    Verdict.PENDING,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.ADVISORY,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)
_TOOL_FAULT = 3


@dataclass(frozen=True)
class RequirementSummary:
    """The verdict of one requirement and what it rests on.

    Attributes:
        requirement: from the catalogue.
        verdict: by the run's sampling plan.
        reason: why; the reason of the governing finding where only one subject was judged.
        findings: all findings of the requirement.
        subjects: the verdict of each subject that was judged.
        asked: whether the run was asked for it.
        waiver: who answers for a fail, if anybody does.
    """

    requirement: Requirement
    verdict: Verdict
    reason: Reason
    findings: tuple[Finding, ...] = ()
    subjects: Mapping[str, Verdict] | None = None
    asked: bool = True
    waiver: Waiver | None = None


@dataclass(frozen=True)
class RunSummary:
    """The whole run.

    Attributes:
        requirements: all requirements of the catalogue, in its order.
        verdict: never a pass while a "shall" anywhere in the catalogue has no verdict.
        counts: requirements by verdict, in ``COUNTING_ORDER``.
        exit_code: of the process, over what was asked for; waived fails are left out.
        unjudged: ids of the binding requirements without a verdict.
        faults: what makes the run itself unsound (a stale waiver, a finding of no requirement).
        notices: what somebody should look at.
    """

    requirements: tuple[RequirementSummary, ...]
    verdict: Verdict
    counts: Mapping[Verdict, int]
    exit_code: int
    unjudged: tuple[str, ...]
    faults: tuple[Reason, ...]
    notices: tuple[Reason, ...]


def summarise(
    findings: Iterable[Finding],
    catalogue: Catalogue,
    drawn: Draw | None,
    *,
    today: datetime.date,
    asked: Collection[str] | None = None,
    exclusions: Mapping[str, str] | None = None,
    waivers: Sequence[Waiver] = (),
) -> RunSummary:
    """Sum up one judgement of a run.

    ``asked`` are the ids that were selected (``None``: all), ``exclusions`` the requirements
    that the site declares as not applicable, with the reason.
    """
    by_requirement: dict[str, list[Finding]] = {}
    for finding in findings:
        by_requirement.setdefault(finding.requirement, []).append(finding)
    valid = {one.requirement: one for one in waivers if not one.stale(today)}
    summaries = tuple(
        _summary(
            requirement,
            tuple(by_requirement.get(requirement.id, ())),
            drawn,
            (exclusions or {}).get(requirement.id),
            asked is None or requirement.id in asked,
            valid.get(requirement.id),
        )
        for requirement in catalogue
    )
    verdicts = {one.requirement.id: one.verdict for one in summaries}
    faults = stale_waivers(waivers, today) + tuple(
        Reason("summary.unknown-requirement", {"requirement": identifier})
        for identifier in by_requirement
        if identifier not in catalogue
    )
    return RunSummary(
        requirements=summaries,
        verdict=governing(
            one.verdict for one in summaries if one.requirement.binding or one.findings
        ),
        counts={
            verdict: count
            for verdict in COUNTING_ORDER
            if (count := sum(one.verdict is verdict for one in summaries))
        },
        exit_code=_TOOL_FAULT if faults else exit_code(_counted(summaries)),
        unjudged=tuple(
            one.requirement.id
            for one in summaries
            if one.requirement.binding and not _judged(one.verdict)
        ),
        faults=faults,
        notices=unneeded_waivers(waivers, verdicts),
    )


def _judged(verdict: Verdict) -> bool:
    return verdict in (Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE)


def _counted(summaries: Iterable[RequirementSummary]) -> list[Verdict]:
    """The verdicts that make the exit code. A waived fail counts as excused, not as met."""
    return [
        Verdict.ADVISORY if one.waiver and one.verdict is Verdict.FAIL else one.verdict
        for one in summaries
        if one.asked
    ]


def _summary(
    requirement: Requirement,
    findings: tuple[Finding, ...],
    drawn: Draw | None,
    exclusion: str | None,
    asked: bool,
    waiver: Waiver | None,
) -> RequirementSummary:
    if exclusion is not None and not findings:
        reason = Reason("summary.excluded", {"reason": exclusion})
        return RequirementSummary(requirement, Verdict.NOT_APPLICABLE, reason, asked=asked)
    if not findings:
        code = "no-scenario" if requirement.scenario == "none-yet" else "no-finding"
        reason = Reason(f"summary.{code}" if asked else "summary.not-selected")
        return RequirementSummary(requirement, Verdict.NOT_TESTED, reason, asked=asked)
    subjects = _by_subject(findings)
    verdict, reason = _requirement_verdict(findings, subjects, drawn)
    return RequirementSummary(requirement, verdict, reason, findings, subjects, asked, waiver)


def _by_subject(findings: Iterable[Finding]) -> dict[str, Verdict]:
    verdicts: dict[str, list[Verdict]] = {}
    for finding in findings:
        verdicts.setdefault(finding.subject, []).append(finding.verdict)
    return {subject: governing(found) for subject, found in verdicts.items()}


def _requirement_verdict(
    findings: Sequence[Finding], subjects: Mapping[str, Verdict], drawn: Draw | None
) -> tuple[Verdict, Reason]:
    """The drawn units by the plan; what is judged as a whole (the site) by itself."""
    units = frozenset(drawn.drawn) if drawn is not None else frozenset()
    sampled = {subject: verdict for subject, verdict in subjects.items() if subject in units}
    whole = [verdict for subject, verdict in subjects.items() if subject not in units]
    if drawn is None or not sampled or len(subjects) == 1 == len(units):
        verdict = governing(subjects.values())
        return verdict, _governing_reason(findings, verdict)
    decision = decide_lot(drawn, sampled)
    verdict = governing([decision.verdict, *whole])
    if verdict is decision.verdict:
        return verdict, decision.reason
    return verdict, _governing_reason(findings, verdict)


def _governing_reason(findings: Iterable[Finding], verdict: Verdict) -> Reason:
    return next(finding.reason for finding in findings if finding.verdict is verdict)
