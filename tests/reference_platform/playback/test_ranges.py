"""Parts of a file as HTTP asks for them."""

from __future__ import annotations

import pytest

from reference_platform.playback.ranges import Unsatisfiable, requested_part


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("", None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("Bytes = 5 - 6", (5, 7)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=-", None),
        ("bytes=١-٢", None),
    ],
)
def test_parts(header: str | None, part: tuple[int, int] | None) -> None:
    assert requested_part(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_parts_behind_the_end(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested_part(header, 100)
