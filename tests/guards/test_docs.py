"""The pages for people stay true: links resolve, examples work, lists follow the catalogue."""

from __future__ import annotations

import datetime
import io
import re
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from assessment.checklists import Subject, checklist_findings
from assessment.evidence import load_evidence
from assessment.verdicts import Verdict
from console.app import COMMANDS
from console.plan_command import print_plan
from console.preparation import RunOptions, prepare
from standard.catalogue import catalogue
from targets.inventory import _HEADINGS as HEADINGS
from targets.site_file import _POINT_FIELDS, _SITE_FIELDS
from tests.guards.not_tested import PAGE, with_tables

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "example-site.yaml"
READMES = ("README.md", "README.zh-CN.md")


def tracked() -> list[Path]:
    """The files of the repository, as git has them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


PAGES = sorted(path for path in tracked() if path.suffix == ".md")


def anchors(page: Path) -> set[str]:
    """The names of the headings of a page, as they are linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    content = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", content):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name}: {target}"


def test_no_file_names_a_folder_of_one_machine() -> None:
    forbidden = re.compile(rb"/" + rb"(?:work|root)/")
    found = [
        str(path.relative_to(ROOT)) for path in tracked() if forbidden.search(path.read_bytes())
    ]
    assert found == []


def test_the_list_of_what_is_not_tested_is_the_catalogue_s() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run: python -m tests.guards.not_tested"


def test_the_example_site_can_be_planned_and_prepared() -> None:
    said = io.StringIO()
    assert print_plan((), EXAMPLE, (), "zh", Console(file=said, width=200)) == 0, said.getvalue()
    prepared = prepare(RunOptions(site=EXAMPLE), "en")
    assert len(prepared.site.points) == 3
    assert prepared.site.evidence is not None


def test_the_example_evidence_is_met() -> None:
    today = datetime.date(2026, 11, 23)
    records = load_evidence(EXAMPLE.parent / "example-evidence", catalogue(), today)
    (finding,) = checklist_findings(catalogue()["4.4.5-c"], records, today)
    assert finding.verdict is Verdict.PASS
    point = Subject("61010200001320000001")
    (earth,) = checklist_findings(catalogue()["4.4.1-c"], records, today, [point])
    assert earth.reason.parameters["item"] == "shock-protection"
    assert earth.verdict is Verdict.PENDING  # its photograph is still missing


@pytest.mark.parametrize("name", ["site-file.md", "站点文件.md"])
def test_the_page_on_the_site_file_names_every_field(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for record in ("terms", "printed", "where", "scores", "subjects", "firmware", "valid_until"):
        assert f"`{record}`" in page, record
    for field in {*_SITE_FIELDS, *_POINT_FIELDS} - {"password"}:
        assert f"`{field}`" in page, field
    for column, headings in HEADINGS.items():
        assert f"`{column}`" in page, column
        assert [heading for heading in headings if heading not in page] == []


@pytest.mark.parametrize("name", READMES)
def test_a_readme_names_every_command_and_exit_code(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    for command in COMMANDS:
        assert re.search(rf"accept\.py( {command}\b|`)", page), command
    for code in (0, 1, 2, 3, 4, 130):
        assert re.search(rf"^\| {code} \|", page, re.MULTILINE), code
