"""A platform judged from its device's side, on conversations with a known truth."""

from __future__ import annotations

import random
from typing import Any

import pytest

from assessment.reason import Reason
from probes.gb28181.platform_lines import Line
from probes.gb28181.platform_side import PlatformJudgement, judge_platform
from protocols.sip.dates import format_gb_date
from tests.gb28181_recordings import DEVICE, Talk, empty

KIND = "gb28181:device-side"
TIME_LINES = ("date", "clock")


def lines_of(judgement: PlatformJudgement) -> dict[str, Line]:
    return {one.name: one for one in judgement.lines}


def judged(talk: Talk, *steps: dict[str, Any], **facts: Any) -> dict[str, Line]:
    recording = talk.recording(KIND, steps, edition="2016", identifiers=[DEVICE], **facts)
    return lines_of(judge_platform(recording))


def registered(talk: Talk, headers: list[tuple[str, str]] | None = None) -> None:
    """A REGISTER that is accepted at once."""
    request = talk.request("REGISTER", outbound=True, headers=[("Expires", "3600")])
    told = [("Expires", "3600"), ("Date", format_gb_date(talk.at))] if headers is None else headers
    talk.answer(request, 200, told, outbound=False)


@pytest.mark.parametrize(
    ("shift", "error", "date", "clock"),
    [
        (0.0, 0.01, "met", "met"),
        (0.9, 0.01, "met", "met"),
        (0.995, 0.05, "met", "not-tried"),
        (1.3, 0.05, "met", "departs"),
        (-1.3, 0.05, "met", "departs"),
        (0.0, None, "met", "not-tried"),
        (1000.0, None, "met", "not-tried"),
        (-28_800.0, 0.01, "departs", "departs"),
        (-28_800.0, None, "departs", "departs"),
    ],
)
def test_time_is_judged_within_its_uncertainty(
    shift: float, error: float | None, date: str, clock: str
) -> None:
    talk = Talk()
    registered(talk, [("Expires", "3600"), ("Date", format_gb_date(talk.at + shift))])
    lines = judged(talk, reference={"error_s": error, "source": "ntp"})
    assert [lines[name].outcome for name in TIME_LINES] == [date, clock]


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("Tue, 02 Nov 2010 07:01:26 GMT", "sip-date-rfc1123"),
        ("2026-09-22T04:26:40.000Z", "sip-date-zone"),
        ("2026-09-22 12:26:40", "sip-date-form"),
    ],
)
def test_another_form_of_date_departs(date: str, code: str) -> None:
    talk = Talk()
    registered(talk, [("Expires", "3600"), ("Date", date)])
    line = judged(talk)["date"]
    assert [one.code for one in line.deviations] == [code]
    assert judged(talk)["sip"].outcome == "met"  # told once


def test_no_date_and_no_expires() -> None:
    talk = Talk()
    registered(talk, [])
    lines = judged(talk)
    assert [lines[name].outcome for name in TIME_LINES] == ["not-observed"] * 2
    assert [one.code for one in lines["expires"].reasons] == ["gb-platform.no-expires"]


@pytest.mark.parametrize(("waited", "outcome"), [(6.0, "departs"), (1.0, "not-observed")])
def test_what_had_no_time_to_be_answered_is_not_held_against_it(
    waited: float, outcome: str
) -> None:
    talk = Talk()
    talk.tells("Notify", "Keepalive", {"Status": "OK"}, outbound=True, status=0)
    talk.pass_time(waited)
    assert judged(talk)["keepalive"].outcome == outcome


def test_a_question_for_somebody_else_departs() -> None:
    talk = Talk()
    talk.tells("Query", "Catalog", device="61010200001320999999")
    assert [one.code for one in judged(talk)["catalog"].reasons] == ["gb-platform.device-unknown"]


@pytest.mark.parametrize(("edition", "outcome"), [("2016", "met"), ("2022", "departs")])
def test_the_character_set_is_demanded_by_the_later_edition_only(
    edition: str, outcome: str
) -> None:
    talk = Talk()
    talk.tells("Query", "ConfigDownload", {"ConfigType": "参数"}, charset="UTF-8")
    recording = talk.recording(KIND, edition=edition, identifiers=[DEVICE])
    assert lines_of(judge_platform(recording))["other-messages"].outcome == outcome


OFFER = (
    "v=0\r\no=61010200002000000001 0 0 IN IP4 127.66.0.9\r\ns=Play\r\n{c}t=0 0\r\n"
    "m=video {port} RTP/AVP 96\r\na={way}\r\na=rtpmap:96 PS/90000\r\n{y}"
)
SOUND = {
    "c": "c=IN IP4 127.66.0.9\r\n", "port": "6000", "way": "recvonly", "y": "y=0102000001\r\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, set()),
        ({"y": ""}, {"gb-platform.y-missing"}),
        ({"y": "y=1102000001\r\n"}, {"y-kind"}),
        ({"y": "y=0999990001\r\n"}, {"y-domain"}),
        ({"y": "y=abc\r\n"}, {"y-digits"}),
        ({"c": "c=IN IP4 0.0.0.0\r\n"}, {"gb-platform.media-address"}),
        ({"port": "0"}, {"gb-platform.media-port"}),
        ({"way": "sendonly"}, {"gb-platform.media-direction"}),
    ],
)
def test_the_offer_of_live_view(change: dict[str, str], expected: set[str]) -> None:
    talk = Talk()
    body = OFFER.format(**(SOUND | change)).encode()
    headers = [("Content-Type", "Application/SDP")]
    headers.append(("Subject", f"{DEVICE}:0102000001,61010200002000000001:0"))
    request = talk.request("INVITE", headers=headers, body=body)
    talk.answer(request, 488)
    lines = judged(talk)
    line = lines["live-offer"]
    assert {one.code for one in (*line.reasons, *line.deviations)} == expected
    assert lines["subject"].outcome == "departs"  # it was the server that was invited
    assert lines["ack"].outcome == lines["bye"].outcome == "not-observed"


def test_nothing_seen_is_nothing_met() -> None:
    judgement = judge_platform(empty(KIND, "visit.refused"))
    assert {one.outcome for one in judgement.lines} <= {"not-observed", "not-tried"}
    assert judgement.overall == "open"
    assert judgement.evidence == {}


def test_hostile_bytes_never_raise() -> None:
    rng = random.Random(7)
    talk = Talk()
    registered(talk)
    talk.tells("Query", "Catalog")
    talk.request("INVITE", body=OFFER.format(**SOUND).encode())
    sound = [one.data for one in talk.passed]
    for _ in range(300):
        data = bytearray(rng.choice(sound))
        for _ in range(rng.randrange(1, 9)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        talk.say(bytes(data), outbound=False)
    steps = [{"name": name, "at": talk.at, "ended": "soon"} for name in ("unknown-id", "refresh")]
    recording = talk.recording(KIND, steps, problem=Reason("visit.timeout"), identifiers="x")
    for line in judge_platform(recording).lines:
        assert line.as_json()["outcome"]
