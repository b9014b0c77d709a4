"""The matrix of rights: what belongs to which level, and what a cell that got through means."""

from __future__ import annotations

import pytest

from probes.platform.matrix import Cell
from probes.platform.rights import measure_grain, measure_levels, measure_rights
from tests.probes.platform.recordings import codes, doubts, recording, step

DATA, FUNCTION, MANAGEMENT = "data-access", "system-function", "system-management"
LIVE, MOVE, USERS = "GET /api/live/{id}", "POST /api/channels/{id}/control", "GET /api/users"


def cell(who: str, operation: str, status: int, about: str = "") -> dict[str, object]:
    return {"as": who, "operation": operation, "about": about, "status": status}


def sound() -> list[dict[str, object]]:
    cells = [
        cell(who, operation, 200 if who == level else 403, "own" if level != MANAGEMENT else "")
        for who in (DATA, FUNCTION, MANAGEMENT, "no-role")
        for operation, level in ((LIVE, DATA), (MOVE, FUNCTION), (USERS, MANAGEMENT))
    ]
    cells += [
        cell(who, operation, 403, about)
        for who in (DATA, FUNCTION)
        for operation in (LIVE, MOVE)
        for about in ("sibling", "foreign")
    ]
    cells += [cell(who, USERS, 401) for who in ("nobody", "suspended", "expired")]
    return [*cells, cell("only-live", "playback", 403, "own")]


def measured_with(*more: dict[str, object], probe=measure_rights):
    steps = [step("create", "roles", level) for level in (DATA, FUNCTION, MANAGEMENT)]
    return probe(recording("rights", cells=[*sound(), *more], steps=steps))


@pytest.mark.parametrize("probe", [measure_levels, measure_rights, measure_grain])
def test_a_sound_matrix_conforms(probe) -> None:
    measured = measured_with(probe=probe)
    assert (measured.value, measured.spoilt) == ("conforms", None)


@pytest.mark.parametrize(
    ("operation", "level"),
    [
        ("GET /api/live/{channel_id}", DATA),
        ("GET /api/live/{channel_id}/viewers", MANAGEMENT),
        ("POST /api/downloads", DATA),
        ("GET /api/downloads/history", ""),
        ("POST /api/channels/{channel_id}/control", FUNCTION),
        ("GET /api/channels/{channel_id}/control", ""),
        ("PATCH /api/channels/{channel_id}", MANAGEMENT),
        ("GET /api/channels", ""),
        ("DELETE /api/patrols/{patrol_id}", FUNCTION),
        ("POST /api/upper-platforms", MANAGEMENT),
        ("GET /api/playbacks/{playback_id}/stream", ""),
        ("GET /api/me", ""),
    ],
)
def test_an_operation_belongs_to_a_level_by_what_it_does(operation: str, level: str) -> None:
    assert Cell(DATA, operation, "", 200).level == level


def test_a_level_that_does_what_another_is_granted_crosses() -> None:
    crossing = measured_with(cell(DATA, USERS, 200), probe=measure_levels)
    assert codes(crossing) == ["crosses-level"]
    above = recording("rights", cells=[*sound(), cell(MANAGEMENT, LIVE, 200, "own")])
    assert codes(measure_levels(above)) == ["crosses-level"]
    assert measure_levels(above, governing="hierarchy").value != "deviates"


def test_a_level_that_cannot_be_made_is_missing() -> None:
    steps = [step("create", "roles", FUNCTION, "refused")]
    cells = [one for one in sound() if one["as"] != FUNCTION]
    assert codes(measure_levels(recording("rights", cells=cells, steps=steps))) == ["level-missing"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (cell(DATA, LIVE, 503, "foreign"), "not-enforced"),
        (cell("nobody", USERS, 200), "let-in"),
        (cell("suspended", LIVE, 200, "own"), "let-in"),
        (cell("no-role", USERS, 200), "without-role"),
        (cell("only-live", "playback", 201, "own"), "operation-not-enforced"),
    ],
)
def test_each_breach_is_named(more: dict[str, object], code: str) -> None:
    assert codes(measured_with(more)) == [code]


def test_a_request_that_was_malformed_is_no_breach() -> None:
    assert measured_with(cell(DATA, LIVE, 422, "foreign"), cell(DATA, USERS, 0)).value == "conforms"


def test_the_grain_is_the_channel() -> None:
    sibling = measured_with(cell(DATA, LIVE, 200, "sibling"), probe=measure_grain)
    assert codes(sibling) == ["sibling-open"]
    without = recording("rights", cells=[one for one in sound() if one["about"] != "sibling"])
    assert doubts(measure_grain(without)) == ["no-sibling"]


def test_a_refusal_of_everybody_proves_nothing() -> None:
    refused = [one | {"status": 403} for one in sound()]
    assert doubts(measure_grain(recording("rights", cells=refused))) == ["right-without-effect"]
