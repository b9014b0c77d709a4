"""Every reason that the probes give is worded, with the parameters that it comes with."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from messages import catalogue

FOLDER = Path(__file__).parents[3] / "probes" / "gb28181"
MODULES = sorted(FOLDER.glob("*.py"))
_CALL = re.compile(r"judgement\.(?:fault|doubt|note)\(\s*(f?)\"([a-z{}-]+)\"(.*?)\)\n", re.DOTALL)
_QUANTITY = re.compile(r"begin\(recording, \"([a-z-]+)\"|Judgement\(recording, \"([a-z-]+)\"")


def quantities(source: str) -> list[str]:
    return sorted({one or two for one, two in _QUANTITY.findall(source)})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_reasons_are_worded(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    known = quantities(source)
    if not known:
        return
    worded = catalogue()
    for quantity in known:
        assert {f"quantity.{quantity}", f"method.{quantity}"} <= set(worded)
    for formatted, code, rest in _CALL.findall(source):
        if formatted:
            continue
        keys = [f"reason.{quantity}.{code}" for quantity in known]
        found = [worded[key] for key in keys if key in worded]
        assert found, f"{path.name}: {keys}"
        if "**" in rest:
            continue
        given = set(re.findall(r"(\w+)=", rest))
        for wording in found:
            used = {name for _, name, _, _ in string.Formatter().parse(wording["en"]) if name}
            assert used <= given | {"code"}, f"{path.name}: {code} needs {used - given}"


def test_playback_words_what_live_view_finds() -> None:
    source = (FOLDER / "live.py").read_text(encoding="utf-8")
    for _, code, _ in _CALL.findall(source):
        if code not in ("transport-untested", "nothing-sent"):
            assert f"reason.gb-records.{code}" in catalogue(), code


def test_departures_of_a_whole_conversation_are_worded() -> None:
    used = {
        code
        for path in MODULES
        for code in re.findall(r"Deviation\(\s*\"([a-z0-9-]+)\"", path.read_text(encoding="utf-8"))
    }
    told = {one for one in catalogue() if one.startswith("deviation.")}
    assert {f"deviation.{code}" for code in used} <= told
