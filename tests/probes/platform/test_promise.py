"""Days that nobody looked at are not kept, whatever a contract that came later promises."""

from __future__ import annotations

import datetime

import pytest

from assessment.measurement import Measurement
from messages import catalogue as wordings
from probes.platform.capacity import within_promise

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("value", "days", "promised", "expected"),
    [
        ("conforms", 7, 0, "conforms"),
        ("conforms", 30, 30, "conforms"),
        ("conforms", 7, 30, None),
        ("deviates", 7, 30, "deviates"),
        (None, 7, 30, None),
    ],
)
def test_only_what_was_looked_at_counts(value, days, promised, expected) -> None:
    storage = Measurement(
        *("platform-storage", value, "", "i/1", "m", "P", NOW, NOW), details={"days": days}
    )
    found = within_promise(storage, promised)
    assert found.value == expected
    if found is not storage:
        assert found.spoilt is not None
        assert f"reason.{found.spoilt.code}" in wordings()
