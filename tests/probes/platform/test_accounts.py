"""Roles, users and their fields: each fault alone."""

from __future__ import annotations

from typing import Any

import pytest

from probes.platform.roles import measure_roles
from probes.platform.user_fields import measure_user_fields
from probes.platform.users import measure_users
from tests.probes.platform.recordings import codes, doubts, recording, step

Step = dict[str, Any]
FIELDS = {
    "organisation": "root",
    "phone": "139",
    "ptz_level": 3,
    "valid_from": "2026-11-01T00:00:00+08:00",
    "valid_until": "2026-12-01T00:00:00+08:00",
    "state": "active",
    "cameras": [{"channel": "1"}],
    "roles": ["r"],
}


def sound() -> list[Step]:
    shown = FIELDS | {"valid_from": "2026-10-31T16:00:00Z"}
    return [
        step("create", "roles", "watchers"),
        step("change", "roles", "managers", wanted={"operations": ["a", "b"]}),
        step("read", "roles", "managers", found={"operations": ["b", "a"]}),
        step("remove", "roles", "short-lived"),
        step("read-removed", "roles", "short-lived", "absent"),
        step("create", "users", "watcher", wanted=FIELDS),
        step("read", "users", "watcher", found=shown),
        step("change", "users", "watcher", wanted={"phone": "138"}),
        step("read-changed", "users", "watcher", found={"phone": "138"}),
        step("query", "users", own=[{"id": "u"}], count=1),
        step("query-nobody", "users", own=[], count=0),
        {"name": "secrets", "found": []},
        {"name": "try", "of": "with the right", "live": 200, "playback": 201, "listed": True},
        {"name": "aftermath", "of": "right revoked", "stream": "ended"},
        {"name": "try", "of": "right revoked", "live": 403},
        {"name": "try", "of": "right given back", "live": 200},
        {"name": "try", "of": "camera taken away", "live": 403, "listed": False},
        {"name": "aftermath", "of": "suspended", "stream": "ended", "session_status": 401},
        step("log-in", "users", "suspended", "refused"),
        {"name": "aftermath", "of": "expired", "events": "ended", "session_status": 403},
        step("log-in", "users", "expired", "refused"),
        step("command", "control", "high", status=200),
        step("command", "control", "low", "refused", status=409),
        step("command", "control", "none", "refused", status=403),
        step("remove", "users", "watcher"),
        {"name": "aftermath", "of": "deleted", "session_status": 401},
        step("log-in", "users", "deleted", "refused"),
    ]


def with_change(name: str, of: str, **more: Any) -> Any:
    steps = sound()
    chosen = next(one for one in steps if one["name"] == name and one.get("of", "") == of)
    chosen.update(more)
    return recording("accounts", steps=steps)


def test_a_sound_platform_conforms() -> None:
    sounds = recording("accounts", steps=sound())
    for probe in (measure_roles, measure_users, measure_user_fields):
        measured = probe(sounds)
        assert (measured.value, measured.spoilt) == ("conforms", None)


@pytest.mark.parametrize(
    ("name", "of", "more", "code"),
    [
        ("create", "watchers", {"state": "refused"}, "cannot-be-made"),
        ("read", "managers", {"found": {"operations": ["a"]}}, "change-not-kept"),
        ("read-removed", "short-lived", {"state": "done"}, "deleted-still-there"),
        ("try", "right revoked", {"live": 200}, "revoked-right-works"),
        ("aftermath", "right revoked", {"stream": "runs"}, "revoked-right-works"),
        ("try", "right given back", {"live": 403}, "given-right-refused"),
        ("try", "camera taken away", {"listed": True}, "camera-still-reached"),
    ],
)
def test_each_fault_of_roles_is_named(name: str, of: str, more: Step, code: str) -> None:
    assert codes(measure_roles(with_change(name, of, **more))) == [code]


def test_a_right_that_never_worked_proves_nothing() -> None:
    measured = measure_roles(with_change("try", "with the right", live=403))
    assert doubts(measured) == ["right-never-worked"]


@pytest.mark.parametrize(
    ("name", "of", "more", "code"),
    [
        ("create", "watcher", {"state": "refused"}, "cannot-be-added"),
        ("read", "watcher", {"found": {"roles": []}}, "role-not-linked"),
        ("read-changed", "watcher", {"found": {"phone": "139"}}, "change-not-kept"),
        ("query", "", {"own": []}, "not-found-by-query"),
        ("secrets", "", {"found": [{"field": "hash", "form": "crypt"}]}, "secret-shown"),
        ("log-in", "deleted", {"state": "done"}, "deleted-user-logs-in"),
        ("aftermath", "deleted", {"session_status": 200}, "deleted-user-session-works"),
    ],
)
def test_each_fault_of_users_is_named(name: str, of: str, more: Step, code: str) -> None:
    assert codes(measure_users(with_change(name, of, **more))) == [code]


@pytest.mark.parametrize(
    ("name", "of", "more", "code"),
    [
        ("read", "watcher", {"found": {"phone": "139"}}, "field-missing"),
        ("read", "watcher", {"found": FIELDS | {"ptz_level": 1}}, "field-not-kept"),
        ("log-in", "expired", {"state": "done"}, "expired-logs-in"),
        ("aftermath", "suspended", {"session_status": 200}, "suspended-session-works"),
        ("aftermath", "suspended", {"stream": "runs"}, "suspended-runs-on"),
        ("aftermath", "expired", {"events": "runs"}, "expired-runs-on"),
        ("command", "none", {"status": 503}, "ptz-level-ignored"),
        ("command", "low", {"status": 200}, "ptz-level-ignored"),
    ],
)
def test_each_fault_of_fields_is_named(name: str, of: str, more: Step, code: str) -> None:
    assert codes(measure_user_fields(with_change(name, of, **more))) == [code]


def test_without_a_camera_to_steer_the_level_is_open() -> None:
    measured = measure_user_fields(with_change("command", "high", status=404))
    assert doubts(measured) == ["ptz-level-not-tried"]
