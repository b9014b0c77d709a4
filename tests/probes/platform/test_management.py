"""Organisations, cameras and areas: each fault alone, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from assessment.reason import Reason
from probes.platform.areas import AREAS, measure_areas
from probes.platform.cameras import measure_cameras
from probes.platform.tree import measure_tree
from tests.probes.platform.recordings import codes, doubts, recording, step

Step = dict[str, Any]
RENAMED = {"name": "level-3-changed"}


def own(*levels: int) -> list[Step]:
    return [
        {"id": f"{level}", "parent": "root" if level == 1 else f"{level - 1}", "name": f"l{level}"}
        for level in levels
    ]


def tree_steps() -> list[Step]:
    every = range(1, 6)
    return [
        *(step("create", "organisations", f"level-{level}", id=f"{level}") for level in every),
        step("change", "organisations", "level-3", wanted=RENAMED),
        step("read", "organisations", "level-3", found={"id": "3", **RENAMED}),
        step("read-tree", "organisations", own=own(*every)),
        {"name": "restart", "at": 1.0, "ended": 2.0, "by": "rig"},
        step("read-again-tree", "organisations", own=own(*every)),
        step("read-again", "organisations", "level-3", found={"id": "3", **RENAMED}),
        step("remove", "organisations", "level-3", "refused", status=409),
        step("tree-after-parent", "organisations", own=own(*every)),
        step("log-in", "users", "tenant"),
        step("tree-after-all", "organisations", own=[]),
    ]


def changed(steps: list[Step], name: str, of: str = "", **more: Any) -> list[Step]:
    """The steps with one of them changed."""
    for one in steps:
        if one["name"] == name and (not of or one.get("of") == of):
            one.update(more)
            return steps
    raise AssertionError(name)


def test_a_sound_tree_conforms() -> None:
    measured = measure_tree(recording("management", steps=tree_steps()))
    assert (measured.value, measured.spoilt) == ("conforms", None)
    assert measured.details["levels"] == 5


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("create", "level-5", {"state": "refused"}), "not-deep-enough"),
        (("read-tree", "", {"own": own(1, 2, 3, 5)}), "level-missing"),
        (("change", "level-3", {"state": "refused"}), "change-refused"),
        (("read", "level-3", {"found": {"name": "as-before"}}), "change-not-kept"),
        (("read-again-tree", "", {"own": own(1, 2)}), "lost-at-restart"),
        (("read-again", "level-3", {"found": {"name": "as-before"}}), "lost-at-restart"),
        (("tree-after-parent", "", {"own": own(1, 2, 4, 5)}), "orphan"),
        (("tree-after-all", "", {"own": own(1)}), "cannot-be-deleted"),
    ],
)
def test_each_fault_of_a_tree_is_named(change: tuple[str, str, Step], code: str) -> None:
    name, of, more = change
    measured = measure_tree(recording("management", steps=changed(tree_steps(), name, of, **more)))
    assert measured.value == "deviates"
    assert code in codes(measured)


def test_children_that_outlive_their_parent_are_orphans() -> None:
    steps = changed(tree_steps(), "remove", state="done", status=204)
    changed(steps, "tree-after-parent", own=own(1, 2))
    assert codes(measure_tree(recording("management", steps=steps))) == ["orphan"]
    changed(steps, "log-in", state="refused")
    assert measure_tree(recording("management", steps=steps)).value == "conforms"


def test_a_platform_that_nobody_restarted_stays_open() -> None:
    steps = changed(tree_steps(), "restart", by="none")
    measured = measure_tree(recording("management", steps=steps))
    assert measured.value is None
    assert measured.spoilt == Reason("platform-tree.not-restarted")


def test_the_problem_of_the_visit_shows_where_nothing_was_tried() -> None:
    problem = Reason("visit.unauthorised", {"where": "platform"})
    for probe in (measure_tree, measure_cameras, measure_areas):
        measured = probe(recording("management", problem))
        assert measured.value is None
        assert measured.spoilt is not None


def camera_steps() -> list[Step]:
    live = {"live:1": {"status": 503}}
    return [
        step("create", "devices", "camera", id="1"),
        step("change", "devices", "camera", wanted={"name": "new"}),
        step("read", "devices", "camera", found={"name": "new"}),
        {"name": "restart", "at": 1.0, "ended": 2.0, "by": "rig"},
        step("read-again", "devices", "camera", found={"name": "new"}),
        {"name": "views-before", "views": {"device-list": True, **live}, "channels": ["1"]},
        step("remove", "devices", "camera"),
        {
            "name": "views-after",
            "views": {"device-list": False, "device": {"status": 403}, "live:1": {"status": 404}},
            "channels": ["1"],
        },
    ]


def test_a_deleted_camera_must_be_gone_everywhere() -> None:
    assert measure_cameras(recording("management", steps=camera_steps())).value == "conforms"
    for left in ({"device-list": True}, {"live:1": {"status": 503}}, {"device": {"status": 200}}):
        steps = changed(camera_steps(), "views-after", views=left)
        assert codes(measure_cameras(recording("management", steps=steps))) == ["still-viewable"]


def test_cameras_are_kept_and_changed() -> None:
    lost = changed(camera_steps(), "read-again", state="absent")
    assert codes(measure_cameras(recording("management", steps=lost))) == ["lost-at-restart"]
    closed = changed(camera_steps(), "create", state="refused")
    assert codes(measure_cameras(recording("management", steps=closed))) == ["cannot-be-added"]


def area_steps() -> list[Step]:
    steps = []
    for area in AREAS:
        single = area in ("network", "security")
        steps.append(step("read" if single else "create", area, area))
        steps.append(step("change", area, area, wanted={"x": 1}))
        steps.append(step("read", area, area, found={"x": 1}))
    return steps


@pytest.mark.parametrize("area", AREAS)
def test_each_area_is_needed(area: str) -> None:
    assert measure_areas(recording("management", steps=area_steps())).value == "conforms"
    without = [
        step(one["name"], area, area, "absent", status=404) if one["kind"] == area else one
        for one in area_steps()
    ]
    assert codes(measure_areas(recording("management", steps=without))) == ["area-missing"]


def test_an_area_that_could_not_be_tried_is_open() -> None:
    steps = [one for one in area_steps() if one["kind"] != "services"]
    assert doubts(measure_areas(recording("management", steps=steps))) == ["area-not-tried"]
