from __future__ import annotations

import re
from pathlib import Path

import pytest

from messages import LANGUAGES, catalogue, text
from visits.desk import RECORDERS

ROOMS = ("targets", "visits")
ROOT = Path(__file__).parents[2]
#: What the places that raise each code say of it.
EXAMPLES: dict[str, dict[str, object]] = {
    "visit.unresolvable": {"detail": "x"},
    "visit.refused": {},
    "visit.timeout": {"seconds": 1.0, "waiting_for": "x"},
    "visit.unauthorised": {"where": "x"},
    "visit.certificate": {"detail": "x"},
    "visit.malformed": {"where": "x", "detail": "y"},
    "visit.too-much": {"bytes": 1},
    "visit.not-offered": {"what": "x", "detail": "y"},
    "visit.unreachable": {"detail": "x"},
    "visit.no-rig": {"light": "night"},
    "visit.no-scene-rig": {"what": "motion"},
    "visit.no-power-rig": {"point": "x"},
    "visit.rig-failed": {"wanted": "night", "detail": "HTTP 404"},
    "visit.needs-onvif": {},
    "visit.one-stream": {"what": "H.264"},
    "visit.no-wire": {},
    "visit.no-permission": {"what": "x"},
    "visit.needs-intrusive": {"what": "x"},
    "visit.no-platform": {},
    "visit.unanswered": {"what": "x"},
    "visit.trial-locked": {"service": "x"},
    "visit.trial-no-answer": {"service": "x"},
    "visit.trial-closed": {"service": "x"},
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", EXAMPLES)
def test_every_problem_has_words(code: str, lang: str) -> None:
    sentence = text(f"reason.{code}", lang, **EXAMPLES[code])
    assert code not in sentence
    assert "{" not in sentence
    assert bool(re.search("[\u4e00-\u9fff]", sentence)) == (lang == "zh")


def test_every_problem_in_the_code_is_listed_above() -> None:
    sources = [path.read_text() for room in ROOMS for path in (ROOT / room).glob("*.py")]
    raised = {code for source in sources for code in re.findall(r'"(visit\.[a-z-]+)"', source)}
    assert raised <= set(EXAMPLES)


def test_every_problem_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    assert [code for code in EXAMPLES if f"`{code}`" not in page] == []


def test_every_kind_of_visit_has_a_name() -> None:
    assert all(f"visit.kind.{kind}" in catalogue() for kind in RECORDERS)
