"""A platform that a person works: the same visits, the same probes, no interface asked."""

from __future__ import annotations

import pytest

from probes.platform.areas import measure_areas
from probes.platform.cameras import measure_cameras
from probes.platform.roles import measure_roles
from probes.platform.tree import measure_tree
from probes.platform.users import measure_users


async def test_management_by_a_person_is_judged_alike(visited) -> None:
    recording = await visited("platform:management", attended=True)
    assert recording.problem is None
    assert recording.facts["platform"]["adapter"] == "attended"
    assert {one.get("who") for one in recording.facts["steps"] if "who" in one} == {"机器人"}
    for probe in (measure_tree, measure_cameras, measure_areas):
        measured = probe(recording)
        assert (measured.value, measured.details["reasons"]) == ("conforms", [])
    assert recording.facts["restored"]["left"] == []


@pytest.mark.parametrize(
    ("behaviour", "probe", "code"),
    [
        ("deleted-user-can-log-in", measure_users, "deleted-user-logs-in"),
        ("revoked-right-still-works", measure_roles, "revoked-right-works"),
    ],
)
async def test_a_defect_shows_to_a_person_too(visited, behaviour, probe, code) -> None:
    recording = await visited("platform:accounts", behaviour, attended=True)
    found = [one["code"].partition(".")[2] for one in probe(recording).details["reasons"]]
    assert found[0] == code


async def test_what_needs_an_interface_is_left_to_one(visited) -> None:
    recording = await visited("platform:rights", attended=True)
    assert recording.problem is not None
    assert recording.problem.code == "visit.not-offered"
