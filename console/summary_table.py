"""The verdict table that ends a run on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from assessment.summary import RunSummary
from assessment.verdicts import Verdict
from messages import text

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.ADVISORY: "yellow",
    Verdict.INCONCLUSIVE: "dark_orange",
    Verdict.PENDING: "blue",
    Verdict.NOT_TESTED: "dim",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.ERROR: "bold magenta",
}


def print_summary(summary: RunSummary, lang: str, console: Console) -> None:
    """What was not tested first, then every verdict that was reached."""
    untested = [one for one in summary.requirements if one.verdict is Verdict.NOT_TESTED]
    console.print()
    console.print(text("run.untested", lang, count=len(untested), all=len(summary.requirements)))
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "verdict", "wording", "reason"):
        table.add_column(text(f"table.{heading}", lang), overflow="fold")
    for one in summary.requirements:
        if one.verdict is Verdict.NOT_TESTED:
            continue
        table.add_row(
            one.requirement.id,
            f"[{_STYLES[one.verdict]}]{text(f'verdict.{one.verdict}', lang)}[/]",
            one.requirement.title(lang),
            text(one.reason.key, lang, **one.reason.parameters),
        )
    console.print(table)
    counts = "  ".join(
        f"[{_STYLES[verdict]}]{text(f'verdict.{verdict}', lang)} {count}[/]"
        for verdict, count in summary.counts.items()
    )
    console.print(counts)
    for fault in summary.faults:
        console.print(text(fault.key, lang, **fault.parameters), style="bold red")
    console.print(
        text("run.overall", lang, verdict=text(f"verdict.{summary.verdict}", lang)), style="bold"
    )
