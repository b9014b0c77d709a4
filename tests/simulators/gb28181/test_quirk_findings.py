"""Every quirk, alone: the harness goes on as the table says, and reports what the table says.

All devices are visited side by side in one event loop, once for the module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from assessment.decision import decide
from assessment.measurement import Measurement
from assessment.recording import Part, Recording
from probes.clock_offset import measure_clock_offset
from probes.gb28181.control import measure_control
from probes.gb28181.conversation import PART
from probes.gb28181.keepalive import measure_keepalive
from probes.gb28181.live import measure_live
from probes.gb28181.platform_side import judge_platform
from probes.gb28181.queries import measure_queries
from probes.gb28181.records import measure_records
from probes.gb28181.registration import measure_refresh, measure_registration
from probes.gb28181.system import measure_system
from protocols.gb28181.sdp import parse_session
from protocols.sip.capture import write_conversation
from protocols.sip.message import SipRequest, parse_message
from protocols.sip.passed import PassedMessage
from simulators.behaviours import registry
from simulators.camera.gb28181 import quirks
from simulators.camera.gb28181.quirk_findings import FINDINGS
from simulators.platform import lower_platform
from standard.catalogue import catalogue
from tests.visits.gb28181.cascade import CAMERA, LOWER, cascade
from tests.visits.gb28181.equipment import QUICK, bench, warm
from visits.gb28181.script import PCAPNG

PROBES: Mapping[str, Sequence[Callable[[Recording], Measurement]]] = {
    "clock": [measure_clock_offset],
    "control": [measure_control],
    "keepalive": [measure_keepalive],
    "live": [measure_live],
    "platform": [measure_system],
    "queries": [measure_queries],
    "records": [measure_records],
    "registration": [measure_registration, measure_refresh],
}
"""Where each kind of visit is judged."""
OVER_TCP = {quirks.NO_LISTENER}
LENGTHS = replace(QUICK, gb_live=0.8, gb_after_bye=1.3)
#: Longer where no keepalive is waited for: on a busy machine some come late.
KEEPALIVE_S = {"keepalive": 1.0, "registration": 0.4}
#: So many devices at once keep two processors busy and no more.
AT_ONCE = 12


@dataclass
class Outcome:
    """What became of one visit."""

    recording: Recording
    measurements: list[Measurement]
    passed: Sequence[PassedMessage] = ()

    def codes(self, name: str) -> set[str]:
        """The codes under one name of the details of all measurements."""
        return {one["code"] for each in self.measurements for one in each.details.get(name, ())}


def names() -> list[str]:
    return [one for one in registry() if one.startswith("quirk-")]


async def visited(kind: str, name: str) -> Outcome:
    """One visit of one kind of a device or platform with one quirk; without any for ""."""
    behaviours = [name] if name else []
    passed: Sequence[PassedMessage] = ()
    if kind in ("platform", "clock"):
        async with cascade(*behaviours) as made:
            recording, passed = await made.visit(kind), made.passed
    else:
        transport = "tcp" if name in OVER_TCP else "udp"
        more = {"transport": transport, "keepalive_s": KEEPALIVE_S.get(kind, 5.0)}
        async with bench(*behaviours, intrusive=kind == "control", **more) as device:
            device.desk._circumstances = replace(device.desk._circumstances, lengths=LENGTHS)
            recording = await device.visit(kind)
    measurements = [await asyncio.to_thread(probe, recording) for probe in PROBES[kind]]
    return Outcome(recording, measurements, passed)


Outcomes = dict[tuple[str, str], Outcome]


@contextmanager
def looked_at(outcomes: Outcomes, kind: str, name: str) -> Iterator[tuple[Outcome, Outcome]]:
    """A quirk's visit and the one without any; a second look at a failure visits both anew."""
    keys = (kind, name), (kind, "")
    for key in keys:
        if key not in outcomes:
            outcomes[key] = asyncio.run(visited(*key))
    try:
        yield outcomes[keys[0]], outcomes[keys[1]]
    except AssertionError:
        for key in keys:
            outcomes.pop(key, None)
        raise


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """Every quirk in its visit, and each kind of visit without any quirk, under ""."""
    wanted = [(one.visit, name) for name, one in FINDINGS.items()]
    wanted += [(kind, "") for kind in PROBES]
    # The long visits first, so that none is left alone at the end.
    wanted.sort(key=lambda one: ("keepalive", "records", "control").count(one[0]), reverse=True)

    async def all_of_them() -> list[Outcome]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(kind: str, name: str) -> Outcome:
            async with room:
                return await visited(kind, name)

        return await asyncio.gather(*(one(kind, name) for kind, name in wanted))

    warm(set(), {quirks.MAP_SAYS_H264})
    return dict(zip(wanted, asyncio.run(all_of_them()), strict=True))


def test_every_quirk_is_in_the_table() -> None:
    assert sorted(FINDINGS) == sorted(names())
    assert len(FINDINGS) == 49
    assert {one.visit for one in FINDINGS.values()} <= set(PROBES)


@pytest.mark.parametrize("name", FINDINGS)
def test_a_quirk_is_met_worked_through_and_told(name: str, outcomes: Outcomes) -> None:
    row = FINDINGS[name]
    with looked_at(outcomes, row.visit, name) as (found, usual):
        assert found.codes("deviations") - usual.codes("deviations") == set(row.departures)
        assert fails(found) - fails(usual) - set(row.also) == set(row.fails)
        assert set(row.open) <= found.codes("doubts")
        assert not {*row.fails, *row.also, *row.open} & (fails(usual) | usual.codes("doubts"))
        assert whole(row.visit, found) is row.whole


@pytest.mark.parametrize("kind", PROBES)
def test_without_a_quirk_nothing_is_told(kind: str, outcomes: Outcomes) -> None:
    with looked_at(outcomes, kind, "") as (usual, _):
        assert usual.codes("deviations") == set()
        assert whole(kind, usual)


def test_passwords_of_a_session_are_not_kept(outcomes: Outcomes) -> None:
    with looked_at(outcomes, "live", quirks.PASSWORD_IN_ANSWER) as (found, _):
        kept = [part.read() for part in found.recording.parts.values()]
    assert any(b"a=password:********" in one for one in kept)
    assert not any(b"a=password:1" in one for one in kept)


def fails(outcome: Outcome) -> set[str]:
    """The reasons for which a requirement fails."""
    if outcome.recording.kind != "clock":
        return outcome.codes("reasons")
    measured = outcome.measurements[0]
    limits = (one.limits.get(measured.quantity) for one in catalogue())
    decision = decide(next(one for one in limits if one is not None), measured)
    return {decision.reason.code} if decision.verdict.value == "fail" else set()


def whole(kind: str, outcome: Outcome) -> bool:
    """Whether a visit got all it came for."""
    details = outcome.measurements[0].details
    if outcome.recording.problem is not None:
        return False
    if kind in ("live", "records"):
        pictures = [one["first_picture_s"] for one in details["sessions"].values()]
        return len(pictures) == (3 if kind == "live" else 2) and None not in pictures
    if kind == "queries":
        return details["answered"] >= 5 and details["catalog"]["found"] == 6
    if kind == "platform":
        return details["cameras"] == 1 and details["packets"] > 0
    if kind == "clock":
        return outcome.measurements[0].value is not None
    steps = {one["name"]: one for one in outcome.recording.facts["steps"]}
    if kind == "keepalive":
        return bool(steps["device-status"]["answered"])
    return bool(steps["return"]["registered"])


@pytest.mark.parametrize(
    ("name", "ordered", "host"),
    [
        ("", True, "127.66."),
        (lower_platform.NO_Y, False, "127.66."),
        (lower_platform.DOMAIN_IN_URI, True, "6101020000"),
    ],
)
def test_the_call_of_a_lower_platform_to_its_camera(
    name: str, ordered: bool, host: str, outcomes: Outcomes
) -> None:
    with looked_at(outcomes, "platform", name) as (found, _):
        messages = [parse_message(one.data) for one in found.passed]
    call = next(one for one in messages if isinstance(one, SipRequest) and one.method == "INVITE")
    answer = next(
        one
        for one in messages
        if one.headers.get("CSeq") == "1 INVITE" and one.body and one is not call
    )
    assert call.uri.startswith(f"sip:{CAMERA}@{host}")
    assert (parse_session(call.body).ssrc is not None) is ordered
    assert parse_session(answer.body).ssrc is not None


@pytest.mark.parametrize("name", [n for n in FINDINGS if n in vars(lower_platform).values()])
def test_a_platform_is_told_of_as_its_devices_see_it(name: str, outcomes: Outcomes) -> None:
    with looked_at(outcomes, "platform", name) as (found, usual):
        told = as_device(found) - as_device(usual)
        assert told == set(FINDINGS[name].as_device)


def as_device(outcome: Outcome) -> set[str]:
    """What the harness reports of a platform from what one of its devices heard and said."""
    heard = replace(
        outcome.recording,
        kind="gb28181:device-side",
        facts={"server": {"id": LOWER, "domain": LOWER[:10]}, "device": {"id": CAMERA}},
        parts={PART: Part.of(write_conversation(outcome.passed), PCAPNG)},
    )
    lines = judge_platform(heard).lines
    return {one.code for line in lines if line.outcome == "departs" for one in line.reasons}
