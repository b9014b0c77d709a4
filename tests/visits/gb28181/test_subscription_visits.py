"""Subscriptions, and what follows when nobody answers keepalives, over sockets."""

from __future__ import annotations

import asyncio

from assessment.measurement import Measurement
from probes.gb28181.alarm import measure_alarm
from probes.gb28181.keepalive import measure_keepalive
from probes.gb28181.registration import measure_registration
from tests.visits.gb28181.equipment import bench, steps

PROBES = {
    "alarm": measure_alarm,
    "keepalive": measure_keepalive,
    "registration": measure_registration,
}
#: Visit, behaviour: the reason that is found, and the departure that is listed.
EXPECTED = {
    ("alarm", "gb-subscription-shortened"): (set(), set()),
    ("alarm", "subscription-ignored"): ({"gb-alarm.not-by-subscription"}, set()),
    ("alarm", "subscription-not-refreshed"): ({"gb-alarm.refresh-refused"}, set()),
    ("alarm", "subscription-never-ends"): ({"gb-alarm.notified-after-end"}, {"notify-after-end"}),
    ("alarm", "notify-outside-dialog"): ({"gb-alarm.notify-outside-dialog"}, {"notify-dialog"}),
    ("keepalive", "platform-loss-ignored"): ({"gb-keepalive.loss-ignored"}, set()),
    ("registration", "forgotten-ignored"): (set(), {"keepalive-after-403"}),
}


def codes(measured: Measurement, name: str) -> set[str]:
    return {one["code"] for one in measured.details[name]}


def test_each_fault_of_a_subscription_or_of_loss_is_found_alone():
    async def visited(kind: str, behaviour: str) -> Measurement:
        # A keepalive each second, but for those that have to be missed.
        more = {"keepalive_s": 1.0} if kind == "keepalive" else {}
        async with bench(behaviour, **more) as made:
            return PROBES[kind](await made.visit(kind))

    async def scenario() -> list[Measurement]:
        return await asyncio.gather(*(visited(*one) for one in EXPECTED))

    for measured, (case, wanted) in zip(asyncio.run(scenario()), EXPECTED.items(), strict=True):
        found = codes(measured, "reasons") - {"gb-keepalive.irregular"}  # of a busy machine
        assert (found, codes(measured, "deviations")) == wanted, case
        if case[0] == "registration":
            assert "gb-registration.not-back-after-403" in codes(measured, "doubts")


def test_a_subscription_is_refreshed_runs_out_and_others_are_tried_meanwhile():
    async def scenario():
        async with bench(transport="tcp") as made:
            return await made.visit("alarm")

    recording = asyncio.run(scenario())
    assert measure_alarm(recording).details["deviations"] == []
    (refresh,) = steps(recording, "refresh")
    assert (refresh["status"], refresh["granted"]) == (200, 2)
    others = {one["command"]: one["status"] for one in steps(recording, "subscribe-other")}
    assert others == {"Catalog": 200, "MobilePosition": 200}
    assert steps(recording, "notified")[0]["ways"] == ["MESSAGE", "NOTIFY"]
    assert steps(recording, "raise-again")[0]["ways"] == ["MESSAGE"]
