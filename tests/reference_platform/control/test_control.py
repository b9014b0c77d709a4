from __future__ import annotations

import asyncio

import pytest

from reference_platform.control.locks import Hand, Locks
from reference_platform.errors import Conflict
from tests.reference_platform.control.bench import HOLD_S, dome

LOW, MIDDLE, HIGH = Hand("l", "low", 3), Hand("m", "middle", 6), Hand("h", "high", 9)
OTHER = Hand("o", "other", 6)


def locks(*behaviours):
    return Locks(15.0, set(behaviours).__contains__)


def refused(call, *arguments):
    with pytest.raises(Conflict) as caught:
        call(*arguments)
    assert caught.value.code == "control.held"
    return caught.value.parameters


def test_the_higher_takes_over_and_the_lower_is_told_who_holds():
    held = locks()
    assert held.take("c", MIDDLE, 0.0) is None
    told = refused(held.take, "c", LOW, 5.0)
    assert told == {"holder": "middle", "level": 6, "remaining_s": 10.0}
    assert refused(held.take, "c", OTHER, 5.0) == told, "equal levels: by time"
    ended = held.take("c", HIGH, 6.0)
    assert ended.hand == MIDDLE
    assert refused(held.take, "c", MIDDLE, 6.0)["holder"] == "high"


def test_a_lock_ends_after_the_last_command():
    held = locks()
    held.take("c", MIDDLE, 0.0)
    held.take("c", MIDDLE, 10.0)
    assert held.get("c", 24.9).hand == MIDDLE
    assert held.expired(24.9) == []
    assert [channel for channel, _ in held.expired(25.0)] == ["c"]
    assert held.take("c", LOW, 25.0) is None


def test_one_lets_go_of_the_own_and_of_a_lower_lock():
    held = locks()
    held.take("c", MIDDLE, 0.0)
    refused(held.release, "c", LOW, 1.0)
    refused(held.release, "c", OTHER, 1.0)
    assert held.release("c", HIGH, 1.0).hand == MIDDLE
    assert held.release("c", HIGH, 1.0) is None


def test_seeded_locks():
    low = locks("low-beats-high")
    low.take("c", HIGH, 0.0)
    assert low.take("c", LOW, 1.0).hand == HIGH
    never = locks("no-takeover")
    never.take("c", LOW, 0.0)
    refused(never.take, "c", HIGH, 1.0)
    kept = locks("lock-never-released")
    kept.take("c", MIDDLE, 0.0)
    refused(kept.take, "c", LOW, 1e6)
    assert kept.take("c", HIGH, 1e6).hand == MIDDLE
    equal = locks("ptz-level-ignored")
    equal.take("c", LOW, 0.0)
    refused(equal.take, "c", HIGH, 1.0)


async def test_commands_are_seen_at_the_camera(new_platform, client):
    async with dome(new_platform, client) as one:
        status, state = await one.steer("middle", pan=1.0, tilt=0.5)
        assert status == 200, state
        assert (state["holder"], state["level"]) == ("用户 middle", 6)
        assert 0 < state["remaining_s"] <= HOLD_S
        await one.until(lambda: one.position.pan > 0.02 and one.position.tilt > 0.01)
        await one.steer("middle", "stop")
        await one.until(lambda: not one.moving)
        await one.steer("middle", "zoom", zoom=1.0)
        await one.until(lambda: one.position.zoom > 1.05)
        await one.steer("middle", "stop")
        for command, seen in (("wiper", "wiper_on"), ("alarm-output", "output_on")):
            await one.steer("middle", command, on=True)
            await one.until(lambda name=seen: getattr(one.device.memory, name))
        assert (await one.steer("middle", "light"))[1]["error"]["code"] == "control.incomplete"


async def test_levels_at_the_api(new_platform, client):
    async with dome(new_platform, client) as one:
        assert (await one.steer("middle", pan=0.1))[0] == 200
        status, answer = await one.steer("low", pan=-0.1)
        assert (status, answer["error"]["code"]) == (409, "control.held")
        assert answer["error"]["parameters"]["level"] == 6
        assert "用户 middle" in answer["error"]["message"]
        assert (await one.steer("none"))[1]["error"]["code"] == "control.no-level"
        assert (await one.steer("high", pan=-0.1))[1]["level"] == 9
        assert (await one.steer("middle"))[0] == 409
        path = f"/api/channels/{one.channel}/control"
        assert (await one.users["low"].ok("GET", path))["holder"] == "用户 high"
        await one.users["high"].ok("POST", f"{path}/release")
        assert (await one.steer("low"))[0] == 200


async def test_a_camera_that_is_left_stops_and_goes_home_after_a_low_user(new_platform, client):
    async with dome(new_platform, client) as one:
        await one.put_presets(0.0)
        await one.steer("low", pan=0.5)
        await one.until(lambda: one.position.pan > 0.05)
        await one.until(lambda: not one.moving and one.position.pan == 0.0)
        # A user of a higher level leaves it where it is, and it does not turn on for ever.
        await one.steer("high", pan=0.5)
        await one.until(lambda: one.position.pan > 0.05)
        await one.until(lambda: not one.moving)
        await asyncio.sleep(0.2)
        assert one.position.pan > 0.05


async def test_presets_are_set_called_named_and_deleted(new_platform, client):
    async with dome(new_platform, client) as one:
        path = f"/api/channels/{one.channel}/presets"
        await one.admin.ok("POST", path, {"number": 7, "name": "南门"})
        await one.until(lambda: 7 in one.head.presets)
        found = await one.admin.ok("GET", path)
        assert found == [{"number": 7, "name": "南门", "home": False}]
        await one.admin.ok("POST", f"/api/channels/{one.channel}/control/release")
        await one.steer("high", pan=1.0)
        await one.until(lambda: one.position.pan > 0.05)
        await one.steer("high", "preset-goto", preset=7)
        await one.until(lambda: one.position.pan == 0.0)
        await one.users["high"].ok("DELETE", f"{path}/7")
        await one.until(lambda: 7 not in one.head.presets)
        assert await one.admin.ok("GET", path) == []


async def test_a_suspended_holder_loses_the_camera_at_once(new_platform, client):
    async with dome(new_platform, client) as one:
        one.platform.control.locks._hold_s = 30.0
        await one.steer("middle", pan=0.5)
        await one.until(lambda: one.moving)
        users = await one.admin.ok("GET", "/api/users")
        row = next(each for each in users if each["name"] == "middle")
        change = {"version": row["version"], "state": "suspended"}
        await one.admin.ok("PATCH", f"/api/users/{row['id']}", change)
        await one.until(lambda: not one.moving, 1.0)
        assert (await one.steer("low"))[0] == 200


# Defects


async def test_control_not_forwarded(new_platform, client):
    async with dome(new_platform, client, "control-not-forwarded") as one:
        assert (await one.steer("middle", pan=1.0))[0] == 200
        await asyncio.sleep(0.2)
        assert not one.head.used


async def test_no_return_home(new_platform, client):
    async with dome(new_platform, client, "no-return-home") as one:
        await one.put_presets(0.0)
        await one.steer("low", pan=0.5)
        await one.until(lambda: one.position.pan > 0.05)
        await one.until(lambda: not one.moving)
        await asyncio.sleep(HOLD_S)
        assert one.position.pan > 0.05


async def test_ptz_level_ignored(new_platform, client):
    async with dome(new_platform, client, "ptz-level-ignored") as one:
        assert (await one.steer("none", pan=0.1))[0] == 200
        assert (await one.steer("high", pan=0.1))[0] == 409
