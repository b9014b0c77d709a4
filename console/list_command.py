"""``list``: the requirements of the standard and how each is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from messages import text
from standard.catalogue import catalogue

FEATURES = Path(__file__).resolve().parent.parent / "features"


def feature_files() -> dict[str, Path]:
    """The feature file of each requirement, by id (the tag, not the file name, decides)."""
    known = {requirement.id for requirement in catalogue()}
    found: dict[str, Path] = {}
    for path in sorted(FEATURES.rglob("*.feature")):
        for line in path.read_text(encoding="utf-8").splitlines():
            for word in line.split():
                if word.startswith("@") and word[1:] in known:
                    found[word[1:]] = path
    return found


def listing() -> list[dict[str, Any]]:
    """Every requirement as JSON-able data."""
    files = feature_files()
    return [
        {
            "id": requirement.id,
            "obligation": requirement.obligation,
            "subject": requirement.subject,
            "method": list(requirement.method),
            "zh": requirement.zh,
            "en": requirement.en,
            "scenario": files[requirement.id].name if requirement.id in files else None,
            "kind": requirement.scenario,
            "checklist": [
                {"item": item.item, "expects": item.expects, "scope": item.scope}
                for item in requirement.checklist
            ],
            "defects": [defect.name for defect in requirement.defects],
        }
        for requirement in catalogue()
    ]


def print_listing(lang: str, console: Console) -> None:
    """Print the requirements as a table."""
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "obligation", "method", "scenario", "defects", "wording"):
        table.add_column(text(f"list.{heading}", lang), overflow="fold")
    for record in listing():
        table.add_row(
            record["id"],
            text(f"obligation.{record['obligation']}", lang),
            "+".join(text(f"method-word.{word}", lang) for word in record["method"]),
            text(f"scenario-kind.{record['kind']}", lang),
            str(len(record["defects"])),
            record[lang],
        )
    console.print(table)
