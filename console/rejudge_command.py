"""``rejudge``: judges an old run by today's instruments, limits and papers."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from assessment.changes import Change, changes
from assessment.finding import Finding
from assessment.reason import Reason
from assessment.store import RunStore, StoredFinding
from console.preparation import BadInputError, Preparation, with_contract
from console.report_command import note_unsealed_changes, open_stored
from console.run_command import BAD_INPUT, TOOL_FAULT, acceptance_of, finish, report_broken
from console.scenarios import run_scenarios
from console.stored_desk import StoredDesk
from console.stored_run import replace_evidence, replace_profile, site_document
from console.version import VERSION
from messages import text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError
from standard.quality_profile import load_profile


class _Verdicts:
    """The findings of a judgement until it is known to be whole."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], StoredFinding] = {}

    def save_finding(self, finding: Finding, scenario: str) -> None:
        """See ``steps.acceptance.FindingStore``."""
        key = (finding.requirement, scenario, finding.subject)
        self.found[key] = StoredFinding(finding, scenario, epoch=-1)


def rejudge_run(
    run_path: Path,
    lang: str,
    console: Console,
    evidence: Path | None = None,
    profile: Path | None = None,
) -> int:
    """Judge the run in ``run_path`` again without any visit.

    By other ``evidence``, and by the limits of GB 37300 in ``profile``, where they are given.
    Prints only what changed and why, writes the reports of the new judgement and seals the
    folder. The exit code is that of the new summary; 4 for a folder that holds no whole run.
    """
    try:
        store, prepared = open_stored(run_path, lang)
    except BadInputError as error:
        console.print(str(error), markup=False)
        return BAD_INPUT
    with store:
        note_unsealed_changes(store, lang, console)
        try:
            prepared = _with_papers(store, prepared, evidence, profile, lang)
        except BadInputError as error:
            console.print(str(error), markup=False)
            return BAD_INPUT
        before = store.findings()
        verdicts = _Verdicts()
        started = datetime.datetime.fromisoformat(store.meta["started"])
        acceptance = acceptance_of(
            prepared.site, verdicts, StoredDesk(store, started), prepared.drawn
        )
        plugin = run_scenarios(acceptance, prepared.selected, lang, lambda _line: None)
        if plugin.broken or not plugin.ran:
            report_broken(plugin, lang, console)
            return TOOL_FAULT
        after = tuple(verdicts.found.values())
        _keep(store, after)
        found = changes(before, after)
        summary = finish(store, prepared.waivers, lang)
        print_changes(found, prepared, after, lang, console)
        return summary.exit_code


def _with_papers(
    store: RunStore, prepared: Preparation, evidence: Path | None, profile: Path | None, lang: str
) -> Preparation:
    """The run with the papers that are given instead of those that it had; it keeps copies.

    Raises:
        BadInputError: they have mistakes, or cannot be copied; nothing was changed.
    """
    site = prepared.site
    try:
        if profile is not None:
            load_profile(profile)
        if evidence is not None:
            site = replace_evidence(site, evidence, store.folder)
        if profile is not None:
            site = replace_profile(site, profile, store.folder)
    except FaultyFileError as error:
        raise BadInputError("\n".join(one.worded(lang) for one in error.faults)) from error
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise BadInputError(text("rejudge.no-papers", lang, detail=detail)) from error
    if site is prepared.site:
        return prepared
    if evidence is not None:
        site = with_contract(site)
        store.note_event(Reason("run.other-evidence"))
    if profile is not None:
        store.note_event(Reason("run.other-profile", {"file": profile.name}))
    store.note_meta("declaration", site_document(site, store.folder))
    return replace(prepared, site=site)


def print_changes(
    found: Sequence[Change],
    prepared: Preparation,
    after: Sequence[StoredFinding],
    lang: str,
    console: Console,
) -> None:
    """One line a changed verdict, with its causes below."""
    names = {point.id: point.name for point in prepared.site.points}
    reasons = {(one.finding.requirement, one.scenario, one.finding.subject): one for one in after}
    for change in found:
        words = {
            name: text(f"verdict.{verdict}", lang) if verdict else "-"
            for name, verdict in (("before", change.before), ("after", change.after))
        }
        subject = names.get(change.subject, change.subject)
        title = catalogue()[change.requirement].title(lang)
        line = text(
            "rejudge.change", lang, id=change.requirement, title=title, subject=subject, **words
        )
        console.print(line, markup=False)
        for cause in change.causes:
            console.print("    " + text(cause.key, lang, **cause.parameters), markup=False)
        now = reasons.get((change.requirement, change.scenario, change.subject))
        if now is not None:
            reason = now.finding.reason
            console.print("    → " + text(reason.key, lang, **reason.parameters), markup=False)
    if not found:
        console.print(text("rejudge.nothing-changed", lang))


def _keep(store: RunStore, findings: Sequence[StoredFinding]) -> None:
    epoch = store.new_judgement(f"version {VERSION}")
    for one in findings:
        store.save_finding(one.finding, one.scenario, judged_in=epoch)
