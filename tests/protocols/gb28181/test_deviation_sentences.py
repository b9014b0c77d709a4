"""Every deviation that the parsers of this room name has a sentence."""

import ast
import json
from pathlib import Path

import messages
import protocols.gb28181

ROOM = Path(protocols.gb28181.__file__).parent
CATALOGUE = Path(messages.__file__).parent / "catalogue" / "gb28181-deviations-manscdp.json"


def codes_in(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        first = node.args[0]
        if name in ("Deviation", "add") and isinstance(first, ast.Constant):
            found.add(first.value)
    return {one for one in found if isinstance(one, str)}


def test_every_code_has_a_sentence_and_every_sentence_a_code():
    used = set().union(*(codes_in(path) for path in ROOM.glob("*.py")))
    told = {key.removeprefix("deviation.") for key in json.loads(CATALOGUE.read_text("utf-8"))}
    assert used - told == set()
    assert told - used == set()
