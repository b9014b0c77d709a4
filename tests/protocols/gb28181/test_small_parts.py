"""Identifiers, times, Note, versions."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.gb28181 import identifiers, note, times, versions

DEVICE = "61010200001327000042"


def test_an_identifier_is_taken_apart():
    one = identifiers.parse_identifier(DEVICE)
    assert (one.region, one.industry, one.type_code) == ("61010200", "00", 132)
    assert (one.network, one.serial, one.type_name) == (7, "000042", "IPC")
    assert one.domain == identifiers.domain_of(DEVICE) == "6101020000"
    assert identifiers.is_device_id(DEVICE)
    assert not identifiers.is_device_id("61010200002007000042")
    assert identifiers.is_region("610102")
    assert not identifiers.is_region("6101021")
    for text in ("", "6" * 19, "６" * 20):
        with pytest.raises(ProtocolError):
            identifiers.parse_identifier(text)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (DEVICE, []),
        ("61", []),
        ("6101020000", []),
        ("610102000013270000", ["identifier-rule-b"]),
        ("61010200000007000042", ["identifier-type"]),
        ("x", ["identifier-form"]),
    ],
)
def test_identifiers_are_judged(text, codes):
    assert [one.code for one in identifiers.judge_identifier(text)] == codes


@pytest.mark.parametrize(
    ("code", "name"), [(118, "NVR"), (215, "business group"), (700, "extension")]
)
def test_names_of_types(code, name):
    assert identifiers.type_name(code) == name


@given(st.integers(0, 4_000_000_000))
def test_times_come_back(seconds):
    assert times.parse_time(times.format_time(seconds)) == (seconds, ())


def test_times_are_those_of_beijing():
    assert times.format_time(0) == "1970-01-01T08:00:00"
    assert times.format_time(0.9996, milliseconds=True) == "1970-01-01T08:00:00.999"


@given(st.text(max_size=80))
def test_any_text_is_a_time_or_refused(text):
    try:
        times.parse_time(text)
    except ProtocolError:
        return


MESSAGE = note.DigestedMessage("<sip:a@b>;tag=1", "<sip:c@d>", "call", "2026-11-02T15:01:26", b"x")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256"])
def test_a_note_is_checked(algorithm):
    made = note.build_note(MESSAGE, "seed", algorithm=algorithm)
    read = note.parse_note(str(made))
    assert read == made

    def check(one, message=MESSAGE, seed="seed", date=1000.0):
        return note.check_note(one, message, seed, date=date, now=1100.0)

    assert check(read) == "correct"
    assert check(read, dataclasses.replace(MESSAGE, body=b"y")) == "wrong"
    assert check(read, seed="other") == "wrong"
    assert check(read, date=400.0) == check(read, date=None) == "stale"
    assert check(None) == "absent"
    assert check(dataclasses.replace(read, algorithm="SM3")) == "unsupported"
    assert check(dataclasses.replace(read, nonce="ü")) == "wrong"


def test_a_note_is_the_digest_of_the_joined_fields():
    import base64
    import hashlib

    joined = b"<sip:a@b>;tag=1<sip:c@d>call2026-11-02T15:01:26seedx"
    wanted = base64.b64encode(hashlib.md5(joined).digest()).decode()
    assert note.build_note(MESSAGE, "seed").nonce == wanted


@pytest.mark.parametrize("text", ["", "Digest", 'Basic nonce="x"', "Digest nonce=" + "x" * 2000])
def test_what_is_no_note_is_refused(text):
    with pytest.raises(ProtocolError):
        note.parse_note(text)


@pytest.mark.parametrize(
    ("value", "edition", "name", "codes"),
    [
        (None, "2016", "", []),
        ("2.0", "2016", "2016", []),
        ("3.0", "2022", "2022", []),
        ("4.0", "2022", "", ["gb-version"]),
        ("x", "2016", "", ["gb-version"]),
    ],
)
def test_versions(value, edition, name, codes):
    got = versions.read_version(value)
    assert got[:2] == (edition, name)
    assert [one.code for one in got[2]] == codes
    assert versions.version_of("2022") == "3.0"
