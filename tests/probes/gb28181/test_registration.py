"""Registration: what is proven by a conversation, and what stays open."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.registration import (
    measure_refresh,
    measure_registration,
    measure_unregistration,
)
from tests.gb28181_recordings import START, Talk, empty

KIND = "gb28181:registration"
RIGHT: dict[str, Any] = {"realm_matches": True, "nonce_matches": True, "correct": True}
WRONG = RIGHT | {"correct": False}


def reasons(measured: Measurement) -> list[str]:
    return [one["code"].partition(".")[2] for one in measured.details["reasons"]]


def registered(answers: Any = (RIGHT,), **more: Any) -> Recording:
    talk = Talk()
    talk.register(**more)
    steps = [{"name": "initial", "at": START, "ended": talk.at, "registered": True}]
    return talk.recording(KIND, steps, answers=list(answers))


def test_a_sound_registration_conforms_and_is_drawn() -> None:
    measured = measure_registration(registered())
    assert (measured.value, measured.spoilt) == ("conforms", None)
    assert set(measured.evidence) >= {"conversation.pcapng", "ladder.svg", "ladder.txt"}
    assert b"REGISTER" in measured.evidence["ladder.txt"].read()


def test_another_realm_is_a_fault() -> None:
    measured = measure_registration(registered([RIGHT | {"realm_matches": False}], realm="mine"))
    assert measured.value == "deviates"
    assert reasons(measured)[0] == "realm-ignored"


def test_credentials_that_never_come_are_a_fault_only_after_several_challenges() -> None:
    for count, value in ((1, None), (3, "deviates")):
        talk = Talk()
        for _ in range(count):
            talk.register(credentials=False)
            talk.pass_time(60)
        measured = measure_registration(talk.recording(KIND, answers=[]))
        assert measured.value == value
    assert reasons(measured) == ["no-credentials"]


def test_a_digest_that_was_never_right_may_be_another_password() -> None:
    measured = measure_registration(registered([WRONG, WRONG], status=403))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == "gb-registration.never-authenticated"


def test_a_digest_that_is_right_and_wrong_is_a_fault() -> None:
    assert reasons(measure_registration(registered([RIGHT, WRONG]))) == ["digest-sometimes-wrong"]


def test_an_identifier_of_18_digits_is_a_fault() -> None:
    talk = Talk(device="610102000013200001")
    talk.register()
    measured = measure_registration(talk.recording(KIND, answers=[RIGHT]))
    assert reasons(measured) == ["id-malformed"]


def test_a_stale_nonce_must_not_be_used_on() -> None:
    talk = Talk()
    talk.register()
    begun = talk.pass_time(5)
    for _ in range(5):
        talk.register(nonce="n2", used_nonce="n1", status=401, stale=True)
        talk.pass_time(5)
    step = {"name": "stale-nonce", "at": begun, "ended": talk.at}
    measured = measure_registration(talk.recording(KIND, [step], answers=[RIGHT]))
    assert reasons(measured) == ["stale-not-followed"]


@pytest.mark.parametrize("code", ["visit.no-gb28181", "visit.not-registered"])
@pytest.mark.parametrize("probe", [measure_registration, measure_refresh, measure_unregistration])
def test_without_a_device_the_visit_says_why(probe: Any, code: str) -> None:
    measured = probe(empty(KIND, code))
    assert measured.value is None
    assert measured.spoilt is not None
    assert measured.spoilt.code == code


def watched(seconds: float, refresh_after: float | None, *, beats: bool = True) -> Recording:
    talk = Talk()
    talk.register(expires=3600, granted=20)
    at = talk.at
    moments = [at + 5 * n for n in range(1, int(seconds // 5))] if beats else []
    if refresh_after is not None:
        moments.append(at + refresh_after)
    for one in sorted(moments):
        talk.at = max(talk.at, one)
        if one == at + (refresh_after or -1):
            talk.register(expires=3600, granted=20)
        else:
            talk.tells("Notify", "Keepalive", {"Status": "OK"})
    talk.at = at + seconds
    step = {"name": "refresh", "at": at + 0.1, "ended": talk.at, "watched_s": seconds}
    return talk.recording(KIND, [step])


def test_a_refresh_in_time_conforms() -> None:
    measured = measure_refresh(watched(30, 14.5))
    assert measured.value == "conforms"
    assert measured.details["after_s"] == pytest.approx(14.5, abs=0.1)


def test_no_refresh_is_a_fault_when_the_device_was_heard() -> None:
    assert reasons(measure_refresh(watched(30, None))) == ["none"]
    silent = measure_refresh(watched(30, None, beats=False))
    assert silent.spoilt is not None
    assert silent.spoilt.code == "gb-refresh.nothing-heard"


def test_a_late_refresh_is_a_fault_unless_the_requested_time_governs() -> None:
    assert reasons(measure_refresh(watched(60, 40.5))) == ["late"]
    assert measure_refresh(watched(60, 40.5), governing="requested").value == "conforms"


def left(*, register: bool, beats: int, by: str = "rig") -> Recording:
    talk = Talk()
    talk.register()
    begun = talk.pass_time(5)
    if register:
        talk.register(expires=0)
    for _ in range(beats):
        talk.pass_time(5)
        talk.tells("Notify", "Keepalive", {"Status": "OK"})
    talk.pass_time(5)
    step = {"name": "unregister", "at": begun, "ended": talk.at, "by": by}
    return talk.recording(KIND, [step])


def test_leaving_is_an_expires_of_zero_and_then_silence() -> None:
    assert measure_unregistration(left(register=True, beats=0)).value == "conforms"
    assert reasons(measure_unregistration(left(register=True, beats=3))) == ["goes-on"]
    assert reasons(measure_unregistration(left(register=False, beats=3))) == ["ignored"]
    for recording in (left(register=False, beats=0), left(register=True, beats=0, by="none")):
        assert measure_unregistration(recording).value is None
