"""Whatever code the platform's interface may give, its pages have a sentence for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import reference_platform
from messages import LANGUAGES
from reference_platform import pages
from reference_platform.people.operations import Operation
from reference_platform.playback.models import DownloadState
from reference_platform.ports import PresenceReason
from reference_platform.signalling.cascade.models import LinkState

_ROOM = Path(reference_platform.__file__).parent
_REFUSALS = {"PlatformError", "Denied", "Conflict"}


def raised() -> Iterator[str]:
    """The codes that are written where something is refused."""
    for file in _ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in _REFUSALS
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_a_sentence(lang: str) -> None:
    codes = {f"refusal.{code}" for code in (*raised(), "done", "access.denied", "request.invalid")}
    assert len(codes) > 40
    for group, kind in (("why", PresenceReason), ("link", LinkState), ("downloads", DownloadState)):
        codes |= {f"{group}.{code}" for code in get_args(kind) if code}
    codes |= {f"operation.{one.value}" for one in Operation}
    known = pages.wordings(lang)
    assert sorted(codes - set(known)) == []
    assert [code for code in codes if "{" in known[code]] == []


def test_every_group_that_a_page_words_by_code_is_there() -> None:
    groups = {
        group
        for path in pages.FOLDER.glob("*.js")
        for group in re.findall(r'\bcoded\("([a-z]+)"', path.read_text("utf-8"))
    }
    known = {key.partition(".")[0] for key in pages.wordings("zh") if "." in key}
    assert sorted(groups - known) == []
