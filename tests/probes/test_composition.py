"""Where things stand and how they are reached."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assessment.recording import Recording
from probes.access_type import measure_access_type
from probes.network_side import measure_network_side

NOW = datetime(2026, 9, 21, tzinfo=UTC)
WIRE = Recording("wire", "p", NOW, NOW, facts={"camera": "192.0.2.7", "platform": ["192.0.2.9"]})


@pytest.mark.parametrize(
    ("police", "found"),
    [
        (["10.0.0.0/8"], "conforms"),
        (["192.0.2.7/32"], "network-side.camera-inside"),
        (["192.0.2.8/31"], "network-side.platform-inside"),
        ([], "network-side.undeclared"),
    ],
)
def test_network_side(police: list[str], found: str) -> None:
    measured = measure_network_side(WIRE, [("platform", "192.0.2.9")], police)
    if measured.spoilt is not None:
        assert measured.spoilt.code == found
    elif measured.value == "deviates":
        assert measured.details["reason"]["code"] == found
    else:
        assert measured.value == found


@pytest.mark.parametrize(
    ("declared", "kinds", "found"),
    [
        ("ethernet", ["ethernet"], None),
        ("fibre", ["ethernet"], None),
        ("5g", ["ethernet", "4g"], None),
        ("wifi", ["ethernet"], "access-type.contradicted"),
        ("", ["ethernet"], "access-type.undeclared"),
        ("wifi", ["unknown"], "access-type.unread"),
    ],
)
def test_access_type(declared: str, kinds: list[str], found: str | None) -> None:
    facts = {"interfaces": [{"kind": kind} for kind in kinds]}
    measured = measure_access_type(Recording("description", "p", NOW, NOW, facts=facts), declared)
    assert (measured.spoilt.code if measured.spoilt else None) == found
    assert (measured.value == "conforms") == (found is None)
