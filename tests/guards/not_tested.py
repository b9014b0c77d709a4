"""The part of docs/not-tested.md that follows from the catalogue.

``python -m tests.guards.not_tested`` writes it anew; a test holds the page to it.
"""

from __future__ import annotations

from pathlib import Path

from standard.catalogue import catalogue

PAGE = Path(__file__).resolve().parents[2] / "docs" / "not-tested.md"
BEGIN, END = "<!-- from the catalogue -->", "<!-- end -->"


def table() -> str:
    """Every requirement that has no check yet, by chapter."""
    missing = [one for one in catalogue() if one.scenario == "none-yet"]
    lines = [f"{len(missing)} of {len(catalogue())} requirements have no check yet.", ""]
    lines += ["| id | judged on | requirement |", "| --- | --- | --- |"]
    lines += [f"| {one.id} | {one.subject} | {one.en} · {one.zh} |" for one in missing]
    return "\n".join(lines)


def open_parts() -> str:
    """Requirements whose papers are checked while the measurement that they need as well is not."""
    partly = [
        one
        for one in catalogue()
        if one.scenario == "checklist" and {"test", "demonstration"} & set(one.method)
    ]
    return ", ".join(one.id for one in partly)


def with_tables(page: str) -> str:
    """``page`` with its generated part made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    generated = (
        f"{table()}\n\nAttested by papers so far, while a measurement belongs to it as well (never "
        f"more than *not tested*): {open_parts()}."
    )
    return f"{before}{BEGIN}\n\n{generated}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
