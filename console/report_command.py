"""``report``: writes the reports of a run again and seals its folder anew."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from assessment.reason import Reason
from assessment.store import RunStore
from console.preparation import BadInputError, Preparation, open_run, stored_preparation
from console.run_command import BAD_INPUT, finish
from console.summary_table import print_summary
from messages import text
from reports.manifest import ManifestError, changes

_MOST_NAMED = 20


def write_reports(run_path: Path, lang: str, console: Console) -> int:
    """Write all reports of the run in ``run_path``; the exit code of its summary."""
    try:
        store, prepared = open_stored(run_path, lang)
    except BadInputError as error:
        console.print(str(error), markup=False)
        return BAD_INPUT
    with store:
        note_unsealed_changes(store, lang, console)
        summary = finish(store, prepared.waivers, lang)
        print_summary(summary, lang, console)
        path = str(store.folder / "report.html")
        console.print(text("run.report", lang, path=path), markup=False)
        return summary.exit_code


def open_stored(folder: Path, lang: str) -> tuple[RunStore, Preparation]:
    """A finished run that is whole, and what it was prepared with.

    Raises:
        BadInputError: it is none, damaged, or its recordings were changed, worded.
    """
    store = open_run(folder, lang)
    try:
        if faults := store.verify():
            lines = [text(fault.key, lang, **fault.parameters) for fault in faults]
            raise BadInputError("\n".join([text("run-store.not-whole", lang), *lines]))
        return store, stored_preparation(store, lang, visits=False)
    except BadInputError:
        store.close()
        raise


def note_unsealed_changes(store: RunStore, lang: str, console: Console) -> None:
    """Say, and keep in the run, which files are not as they were sealed: the new seal hides it."""
    try:
        found = changes(store.folder)
    except ManifestError:
        return  # never sealed: the run was cut off before its report
    for change in found[:_MOST_NAMED]:
        store.note_event(Reason("run.changed-since-sealed", {"path": change.path}))
        console.print(text(f"verify.{change.what}", lang, path=change.path), markup=False)
