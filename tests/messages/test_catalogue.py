"""The message catalogue: one place a key, both languages, the same parameters in each."""

import json
import string
from collections import Counter
from pathlib import Path

import pytest

import messages

FILES = sorted((Path(messages.__file__).parent / "catalogue").glob("*.json"))


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_no_key_is_defined_twice() -> None:
    counted: Counter[str] = Counter()
    for path in FILES:
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
        counted.update(key for key, _ in pairs)
    assert [key for key, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_languages_are_there_with_the_same_parameters(path: Path) -> None:
    for key, wordings in json.loads(path.read_text(encoding="utf-8")).items():
        assert set(wordings) == {"zh", "en"}, key
        assert all(wordings.values()), key
        own = {lang: fields(wordings[lang]) - {lang} for lang in ("zh", "en")}  # {zh} in zh only
        assert own["zh"] == own["en"], key


def test_a_sentence_never_breaks_a_report() -> None:
    assert messages.text("no.such-key", "zh", number=3) == "no.such-key (number=3)"
    assert "{" in messages.text("run.overall", "en")
    assert messages.text("run.overall", "en", verdict="pass") == "Overall: pass"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANGUAGE": "zh"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], expected: str) -> None:
    assert messages.default_language(environment) == expected


def test_a_reason_within_a_reason_is_worded_too():
    inner = {"code": "visit.refused", "parameters": {}}
    worded = messages.text("reason.weak-password.visit-failed", "en", problem=inner)
    assert messages.text("reason.visit.refused", "en") in worded
