"""The one place that decides, on rights made in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from protocols.time_source import VirtualTime
from reference_platform.errors import Denied, PlatformError
from reference_platform.people.access import (
    DATA_ROLE_CAN_MANAGE,
    DEVICE_LEVEL_ONLY,
    EXPIRED_USER_LOGS_IN,
    REGION_LEAK,
    REVOKED_RIGHT_STILL_WORKS,
    RIGHTS_NOT_ENFORCED_ON_API,
    SUSPENDED_USER_KEEPS_STREAM,
    Access,
    Grant,
    Place,
    Principal,
    Rights,
    UserRights,
)
from reference_platform.people.operations import Level, Operation

EAST_1, EAST_2, WEST_1 = (f"3402000000131000000{number}" for number in (1, 2, 3))
DATA = frozenset({Operation.LIVE, Operation.PLAYBACK})
VIEWER = UserRights(
    id="viewer",
    name="viewer",
    display_name="",
    organisation="east",
    ptz_level=3,
    active=True,
    valid_from=None,
    valid_until=None,
    must_change_password=False,
    levels=frozenset({Level.DATA}),
    operations=DATA,
    grants=(Grant(EAST_1, None, None),),
)
MANAGER = replace(
    VIEWER,
    id="manager",
    levels=frozenset({Level.MANAGEMENT}),
    operations=frozenset(each for each in Operation if each.level is Level.MANAGEMENT),
    grants=(),
)


class Bench:
    """Access with two regions, a viewer and a manager in the east, and a clock."""

    def __init__(self, *behaviours: str) -> None:
        self.time = VirtualTime()
        self.ended: set[str] = set()
        self.access = Access(
            self.time,
            lambda session: "session.ended" if session in self.ended else None,
            frozenset(behaviours),
        )
        self.put(VIEWER, MANAGER)

    def put(self, *users: UserRights) -> None:
        self.access.update(
            Rights(
                users={user.id: user for user in users},
                parents={"root": None, "east": "root", "west": "root", "east-1": "east"},
                places={
                    EAST_1: Place("one", "east-1"),
                    EAST_2: Place("one", "east-1"),
                    WEST_1: Place("two", "west"),
                },
            )
        )

    def may(self, user: str, operation: Operation, channel: str | None = None, **more: str) -> bool:
        return self.access.decide(principal(user), operation, channel, **more) is None


def principal(user: str) -> Principal:
    return Principal(user, user, "", f"session of {user}", "127.0.0.1", "east")


def test_a_right_is_of_one_operation_and_one_channel() -> None:
    bench = Bench()
    assert bench.may("viewer", Operation.LIVE, EAST_1)
    assert not bench.may("viewer", Operation.DOWNLOAD, EAST_1)
    assert not bench.may("viewer", Operation.CONTROL, EAST_1)
    assert not bench.may("viewer", Operation.LIVE, EAST_2)
    assert not bench.may("viewer", Operation.LIVE, WEST_1)
    assert not bench.may("viewer", Operation.LIVE, "34020000001310009999")
    assert bench.access.visible_channels(principal("viewer")) == {EAST_1}


def test_a_grant_of_an_organisation_holds_for_all_below() -> None:
    bench = Bench()
    bench.put(replace(VIEWER, grants=(Grant(None, "east", frozenset({Operation.LIVE})),)))
    assert bench.may("viewer", Operation.LIVE, EAST_2)
    assert not bench.may("viewer", Operation.PLAYBACK, EAST_2)
    assert not bench.may("viewer", Operation.LIVE, WEST_1)
    seen = bench.access.visible_channels(principal("viewer"), Operation.LIVE)
    assert seen == {EAST_1, EAST_2}


def test_no_level_contains_another() -> None:
    bench = Bench()
    assert not bench.may("manager", Operation.LIVE, EAST_1)
    assert not bench.may("viewer", Operation.USERS)


def test_management_ends_at_the_own_organisation() -> None:
    bench = Bench()
    assert bench.may("manager", Operation.DEVICES, organisation_id="east-1")
    assert bench.may("manager", Operation.DEVICES, EAST_1)
    assert not bench.may("manager", Operation.DEVICES, organisation_id="west")
    assert not bench.may("manager", Operation.DEVICES, organisation_id="root")
    assert not bench.may("manager", Operation.DEVICES, WEST_1)
    assert not bench.may("manager", Operation.SECURITY), "the whole platform's"
    assert bench.access.scope(principal("manager")) == {"east", "east-1"}
    assert bench.access.visible_channels(principal("manager")) == {EAST_1, EAST_2}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"active": False}, "account.suspended"),
        ({"valid_until": VirtualTime().now()}, "account.expired"),
        ({"valid_from": VirtualTime().now() + 1}, "account.not-yet-valid"),
        ({"must_change_password": True}, "password.must-change"),
    ],
)
def test_an_account_that_may_not_be_used_may_nothing(change: dict[str, object], code: str) -> None:
    bench = Bench()
    bench.put(replace(VIEWER, **change))  # type: ignore[arg-type]
    with pytest.raises(Denied) as caught:
        bench.access.require(principal("viewer"), Operation.LIVE, EAST_1)
    assert caught.value.code == code


def test_an_ended_session_may_nothing() -> None:
    bench = Bench()
    bench.ended.add("session of viewer")
    with pytest.raises(PlatformError) as caught:
        bench.access.require(principal("viewer"), Operation.LIVE, EAST_1)
    assert (caught.value.code, caught.value.status) == ("session.ended", 401)


@pytest.mark.parametrize("loss", ["right", "account", "session", "time", "camera"])
async def test_what_runs_ends_when_its_right_ends(loss: str) -> None:
    bench = Bench()
    bench.put(replace(VIEWER, valid_until=bench.time.now() + 60))
    try:
        with bench.access.watch(principal("viewer"), Operation.LIVE, EAST_1) as watch:
            await asyncio.sleep(0)
            assert not watch.ended.is_set()
            if loss == "right":
                bench.put(replace(VIEWER, operations=frozenset({Operation.PLAYBACK})))
            elif loss == "account":
                bench.put(replace(VIEWER, active=False))
            elif loss == "session":
                bench.ended.add("session of viewer")
            elif loss == "time":
                bench.time.advance(61)
            else:
                bench.access.place({EAST_1: None})
            await asyncio.wait_for(watch.ended.wait(), 1)
            assert watch.reason
    finally:
        await bench.access.close()


async def test_what_runs_is_refused_at_once_without_a_right() -> None:
    with pytest.raises(Denied):
        Bench().access.watch(principal("viewer"), Operation.LIVE, WEST_1)


def test_rights_not_enforced_on_api_leaves_lists_right() -> None:
    bench = Bench(RIGHTS_NOT_ENFORCED_ON_API)
    assert bench.may("viewer", Operation.LIVE, WEST_1)
    assert bench.access.visible_channels(principal("viewer")) == {EAST_1}


def test_device_level_only_opens_the_devices_other_channel() -> None:
    bench = Bench(DEVICE_LEVEL_ONLY)
    assert bench.may("viewer", Operation.LIVE, EAST_2)
    assert not bench.may("viewer", Operation.LIVE, WEST_1)


def test_data_role_can_manage() -> None:
    bench = Bench(DATA_ROLE_CAN_MANAGE)
    assert bench.may("viewer", Operation.USERS)
    assert not bench.may("manager", Operation.LIVE, EAST_1)


def test_region_leak_shows_the_other_region() -> None:
    bench = Bench(REGION_LEAK)
    assert bench.may("manager", Operation.DEVICES, organisation_id="west")
    assert WEST_1 in bench.access.visible_channels(principal("viewer"))
    assert not bench.may("viewer", Operation.LIVE, WEST_1), "only what is shown and managed"


def test_expired_user_is_let_in() -> None:
    bench = Bench(EXPIRED_USER_LOGS_IN)
    bench.put(replace(VIEWER, valid_until=bench.time.now() - 1))
    assert bench.may("viewer", Operation.LIVE, EAST_1)


def test_revoked_right_still_works_in_the_old_session() -> None:
    bench = Bench(REVOKED_RIGHT_STILL_WORKS)
    bench.access.session_opened("session of viewer", "viewer")
    bench.put(replace(VIEWER, operations=frozenset()))
    assert bench.may("viewer", Operation.LIVE, EAST_1)
    fresh = replace(principal("viewer"), session="another")
    assert bench.access.decide(fresh, Operation.LIVE, EAST_1) == "access.denied"


async def test_suspended_user_keeps_stream_but_begins_nothing() -> None:
    bench = Bench(SUSPENDED_USER_KEEPS_STREAM)
    try:
        with bench.access.watch(principal("viewer"), Operation.LIVE, EAST_1) as watch:
            bench.put(replace(VIEWER, active=False))
            assert not watch.ended.is_set()
            assert not bench.may("viewer", Operation.LIVE, EAST_1)
    finally:
        await bench.access.close()
