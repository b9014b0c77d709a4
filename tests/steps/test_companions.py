"""Probes of one recording run together, each once."""

from datetime import UTC, date, datetime

import pytest

from assessment.measurement import Measurement
from assessment.recording import Recording
from steps import companions
from steps.acceptance import Acceptance


def recording():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return Recording("stream:day", "point", now, now)


def probe(name, asked, fault=None):
    def measure(made):
        asked.append(name)
        if fault:
            raise fault
        return Measurement(
            name, None, "", f"{name}/1", "method.x", made.subject, made.started, made.ended
        )

    measure.__name__ = name
    return measure


@pytest.fixture
def acceptance():
    return Acceptance(None, None, None, None, (), date(2026, 11, 23))


def test_companions_are_measured_while_the_recording_is_open(monkeypatch, acceptance):
    asked = []
    first, second, other = (probe(name, asked) for name in ("first", "second", "other"))
    monkeypatch.setattr(companions, "_OF_THE_MAIN_STREAM", (first, second))
    assert acceptance.once(first, recording()).quantity == "first"
    assert asked == ["first", "second"]
    assert acceptance.once(second, recording()).quantity == "second"
    assert asked == ["first", "second"]
    assert acceptance.once(other, recording()).quantity == "other"
    assert asked == ["first", "second", "other"]


def test_a_companion_that_breaks_is_left_to_whom_it_concerns(monkeypatch, acceptance):
    asked = []
    sound, broken = probe("sound", asked), probe("broken", asked, ZeroDivisionError())
    monkeypatch.setattr(companions, "_OF_THE_MAIN_STREAM", (sound, broken))
    assert acceptance.once(sound, recording()).quantity == "sound"
    with pytest.raises(ZeroDivisionError):
        acceptance.once(broken, recording())
