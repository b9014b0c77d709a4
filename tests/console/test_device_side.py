"""Stays at platforms with one fault each: it is found, for its own reason, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from console.device_side import DeviceSide
from probes.gb28181.platform_side import PlatformJudgement, judge_platform
from simulators import certificates
from simulators.camera.gb28181.settings import GbSettings
from simulators.platform.upper_platform import UpperPlatform

SERVER, DEVICE = "61010200002000000001", "61010200001320000055"
PASSWORD = "Kestrel-lamp-4410"
_NUMBERS: Iterator[int] = count(1)
QUESTIONS = ("catalog", "device-info", "device-status", "record-info", "control")


async def stay(
    *behaviours: str,
    least_s: float = 0.0,
    intrusive: bool = True,
    tls: bool = False,
    password: str = PASSWORD,
    entered: str = DEVICE,
    **settings: Any,
) -> PlatformJudgement:
    """The judgement of a simulated platform with ``behaviours``."""
    number = next(_NUMBERS)
    address, own = f"127.90.2.{number}", f"127.90.3.{number}"
    context = certificates.server_context(address) if tls else None
    platform = UpperPlatform(
        address, SERVER, {entered: PASSWORD}, behaviours=behaviours, server_tls=context
    )
    await platform.start()
    port = platform.endpoint.tls_port if tls else platform.endpoint.port
    page = GbSettings(
        address, SERVER, DEVICE, password, port or 0, SERVER[:10], local_port=0, **settings
    )
    reference = {"error_s": 0.05, "source": "ntp"}
    side = DeviceSide(page, own, seconds=20, intrusive=intrusive, reference=reference)

    async def end() -> None:
        await platform.done.wait()
        await asyncio.sleep(least_s)
        side.enough()

    ending = asyncio.create_task(end())
    try:
        await side.record()
        return judge_platform(side.draft.seal())
    finally:
        ending.cancel()
        await platform.stop()


def departures(judgement: PlatformJudgement) -> dict[str, set[str]]:
    """Codes by line, of the lines that depart."""
    return {
        line.name: {one.code.removeprefix("gb-platform.") for one in line.reasons}
        | {one.code for one in line.deviations}
        for line in judgement.lines
        if line.outcome == "departs"
    }


@pytest.mark.parametrize(
    ("edition", "charset"), [("2016", "GB2312"), ("2022", "GB18030"), ("2016", "UTF-8")]
)
async def test_a_sound_platform_meets_all(edition: str, charset: str) -> None:
    judgement = await stay(edition=edition, charset=charset, least_s=2.1)
    assert departures(judgement) == {}
    assert {line.name: line.outcome for line in judgement.lines if line.outcome != "met"} == {}
    assert judgement.overall == "met"
    assert {"conversation.pcapng", "ladder.svg", "messages.txt"} <= set(judgement.evidence)
    for part in judgement.evidence.values():
        assert PASSWORD.encode() not in part.read()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_over_a_connection(transport: str) -> None:
    tls = transport == "tls"
    judgement = await stay(
        transport=transport, tls=tls, ca_file=str(certificates.authority_file()) if tls else ""
    )
    assert departures(judgement) == {}
    assert judgement.overall == "open"  # only that challenges so near share no nonce is open
    unmet = {line.name for line in judgement.lines if line.outcome != "met"}
    assert unmet == {"fresh-nonce"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("platform-does-not-challenge", {"challenge": {"not-challenged"}}),
        ("platform-takes-any-password", {"wrong-password": {"wrong-password-accepted"}}),
        ("platform-takes-any-nonce", {"forged-nonce": {"forged-nonce-accepted"}}),
        ("platform-takes-any-device", {"unknown-id": {"unknown-id-accepted"}}),
        ("platform-grants-more", {"expires": {"expires-longer"}}),
        ("platform-refuses-keepalive", {"keepalive": {"keepalive-refused"}}),
        ("platform-refuses-farewell", {"unregister": {"refused-later"}}),
        ("platform-refuses-refresh", {"refresh": {"refused-later"}}),
        ("quirk-37-date-in-utc", {"date": {"date-zone"}, "clock": {"clock-off"}}),
        (
            "quirk-04-upper-platform-sends-no-y",
            {"live-offer": {"y-missing"}, "playback-offer": {"y-missing"}},
        ),
        ("platform-y-of-history", {"live-offer": {"y-kind"}}),
        ("platform-ptz-checksum-wrong", {"ptz": {"ptz-checksum"}}),
        ("platform-sn-zero", {name: {"manscdp-sn-range"} for name in QUESTIONS}),
        ("platform-sends-no-subject", {"subject": {"subject-missing"}}),
        ("platform-subject-of-another", {"subject": {"subject-sender"}}),
        ("platform-refuses-answers", {"answers": {"answer-refused"}}),
        ("platform-playback-control-broken", {"playback-control": {"info-unreadable"}}),
    ],
)
async def test_each_fault_is_found_and_nothing_else(
    fault: str, expected: dict[str, set[str]]
) -> None:
    judgement = await stay(fault)
    assert departures(judgement) == expected
    assert judgement.overall == "departs"


async def test_a_nonce_that_is_always_the_same_is_found() -> None:
    assert departures(await stay("platform-nonce-constant", least_s=2.1)) == {
        "fresh-nonce": {"nonce-repeated"}
    }


async def test_an_invitation_that_is_never_acknowledged_is_found() -> None:
    assert departures(await stay("platform-sends-no-ack", least_s=5.1)) == {"ack": {"no-ack"}}


async def test_a_session_that_is_left_open_is_not_held_to_be_ended() -> None:
    judgement = await stay("platform-sends-no-bye", intrusive=False)
    assert departures(judgement) == {}
    outcomes = {line.name: line for line in judgement.lines}
    assert outcomes["bye"].outcome == "not-observed"
    assert outcomes["bye"].as_json()["reasons"][0]["code"] == "gb-platform.still-open"
    for name in ("wrong-password", "unknown-id"):
        assert outcomes[name].as_json()["reasons"][0]["code"] == "gb-platform.needs-intrusive"


async def test_a_password_that_is_refused_accuses_nobody() -> None:
    judgement = await stay(password="not-that-one")
    outcomes = {line.name: line.outcome for line in judgement.lines}
    assert departures(judgement) == {}
    assert outcomes["challenge"] == "met"
    assert outcomes["registration"] == "not-tried"
    assert outcomes["catalog"] == "not-observed"
    assert judgement.overall == "open"


async def test_an_id_that_nobody_entered_accuses_nobody() -> None:
    judgement = await stay(entered=DEVICE[:-1] + "6", intrusive=False)
    assert departures(judgement) == {}
    assert {
        one.outcome for one in judgement.lines if one.name in ("challenge", "registration")
    } == {"not-tried"}
    assert judgement.overall == "open"
