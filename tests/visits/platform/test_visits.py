"""Visits to a real platform: what they bring home, and that they leave nothing behind."""

from __future__ import annotations

import json

import pytest

from probes.platform.crossing import measure_crossing
from probes.platform.regions import measure_regions
from probes.platform.roles import measure_roles
from probes.platform.tokens import measure_tokens
from probes.platform.tree import measure_tree
from probes.platform.user_fields import measure_user_fields
from probes.platform.users import measure_users


async def test_management_is_tried_over_a_restart_and_put_back(visited) -> None:
    recording = await visited("platform:management")
    assert recording.problem is None
    assert recording.facts["restored"]["left"] == []
    assert measure_tree(recording).value == "conforms"
    assert {one["name"] for one in recording.facts["steps"]} >= {"restart", "put-back"}


async def test_accounts_are_tried_while_they_run(visited) -> None:
    recording = await visited("platform:accounts")
    assert recording.facts["restored"]["left"] == []
    for probe in (measure_roles, measure_users, measure_user_fields):
        assert probe(recording).value == "conforms"
    suspended = next(
        one
        for one in recording.facts["steps"]
        if one["name"] == "aftermath" and one["of"] == "suspended"
    )
    assert (suspended["stream"], suspended["events"]) == ("ended", "ended")


async def test_no_recording_holds_a_password_or_a_token(visited) -> None:
    recording = await visited("platform:tokens")
    assert measure_tokens(recording).value == "conforms"
    content = json.dumps(recording.facts)
    assert "Tq7+" not in content
    assert "Bearer" not in content


async def test_a_leak_between_regions_is_found(visited) -> None:
    recording = await visited("platform:regions", "region-leak")
    found = measure_regions(recording)
    assert found.details["reasons"][0]["code"] == "platform-regions.leak"


async def test_what_is_open_to_nobody_stays_so(visited) -> None:
    recording = await visited("platform:crossing")
    assert measure_crossing(recording).value == "conforms"


async def test_a_wrong_password_is_tried_once_and_is_a_problem(visited) -> None:
    recording = await visited("platform:management", password="wrong")
    assert recording.problem is not None
    assert recording.problem.code == "visit.unauthorised"


@pytest.mark.parametrize("kind", ["platform:absence"])
async def test_a_search_says_what_it_searched(visited, kind: str) -> None:
    recording = await visited(kind)
    assert set(recording.facts["searched"]) == {"interface", "pages", "host"}
    assert recording.facts["found"] == []
