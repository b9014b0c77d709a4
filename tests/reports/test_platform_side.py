"""The page on a platform: every line is worded in both languages, and what it sent stays text."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from messages import catalogue
from probes.gb28181.platform_lines import Line
from probes.gb28181.platform_side import judge_platform
from protocols.deviation import Deviation
from reports.platform_side import platform_page
from tests.gb28181_recordings import empty

HOSTILE = "<script>alert(1)</script>[/red]"


def document(*lines: Line) -> dict[str, Any]:
    return {
        "platform": {"id": HOSTILE, "address": "192.0.2.9", "port": 5060},
        "device": {"id": "61010200001320000001", "address": "192.0.2.1"},
        "transport": "udp",
        "edition": "2016",
        "charset": "GB2312",
        "started": "2026-03-01T02:00:00+00:00",
        "ended": "2026-03-01T02:01:00+00:00",
        "version": "1",
        "overall": "departs",
        "problem": {"code": "visit.refused", "parameters": {}},
        "counts": {"met": 0, "departs": 1},
        "lines": [one.as_json() for one in lines],
        "evidence": {"ladder.txt": {"sha256": "0" * 64, "media_type": "text/plain", "size": 1}},
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_a_platform_sent_stays_text(lang: str) -> None:
    line = Line("subject", "GB/T 28181-2016 annex K")
    line.look()
    line.depart("subject-unreadable", found=HOSTILE)
    line.deviate([Deviation("sdp-name", "GB/T 28181-2016 annex F", HOSTILE)])
    page = platform_page(document(line), lang, "<svg></svg>")
    assert "<script>" not in page
    assert unescape(page).count(HOSTILE) == 4  # title, heading facts, reason, deviation
    assert "gb-platform" not in page  # no key is left unworded


def test_every_line_is_worded() -> None:
    worded = catalogue()
    for line in judge_platform(empty("gb28181:device-side")).lines:
        assert f"gb-platform-line.{line.name}" in worded
    page = platform_page(document(*judge_platform(empty("gb28181:device-side")).lines), "en", "")
    assert "gb-platform" not in page
