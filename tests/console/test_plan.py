"""The plan of the day: what disturbs, and the way past the points that the sampling plan drew."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console

from assessment.sampling import Plan
from console.plan_command import disturbance_of, needs_of, print_plan
from console.preparation import RunOptions, drawn_points, prepare
from console.route import route
from messages import catalogue as wordings
from standard.catalogue import catalogue
from targets.site import Point, Site
from visits.desk import INTRUSIVE


@pytest.mark.parametrize("kind", sorted(INTRUSIVE))
def test_whatever_needs_leave_disturbs(kind: str) -> None:
    assert disturbance_of(kind) in wordings()


def test_the_alarm_output_is_said_to_disturb() -> None:
    assert "plan.output" in needs_of(catalogue()["4.3.1-l"]).disturbs
    assert disturbance_of("description") == ""


def points(count: int) -> list[Point]:
    draw = np.random.default_rng(7)
    return [
        Point(
            f"6101020000132{number:07d}",
            f"点位{number}",
            f"onvif://admin@127.30.0.{number + 1}",
            longitude=108.9 + draw.random() / 20,
            latitude=34.2 + draw.random() / 20,
        )
        for number in range(count)
    ]


def length(way: list[Point]) -> float:
    places = [np.array([one.longitude * 0.827, one.latitude]) for one in way]
    return float(sum(np.linalg.norm(here - there) for here, there in pairwise(places)))


def test_the_way_passes_every_point_once_and_is_short() -> None:
    given = points(40)
    way = [stop.point for stop in route(given)]
    assert sorted(one.id for one in way) == sorted(one.id for one in given)
    assert length(way) < length(given) / 3
    assert route(given) == route(given)


def test_points_without_a_place_come_last_by_their_address() -> None:
    blind = [Point(f"p{n}", f"p{n}", "", location=f"路{9 - n}号") for n in range(3)]
    way = route([*blind, *points(2)])
    assert [stop.point.id for stop in way[2:]] == ["p2", "p1", "p0"]
    assert [stop.metres is None for stop in way] == [True, False, True, True, True]
    assert route([]) == ()


def test_a_line_of_points_is_walked_from_end_to_end() -> None:
    line = [
        Point(str(number), "", "", longitude=108.9 + number / 1000, latitude=34.2)
        for number in (3, 0, 4, 1, 2)
    ]
    walked = [stop.point.id for stop in route(line)]
    assert walked in (["0", "1", "2", "3", "4"], ["4", "3", "2", "1", "0"])


def test_the_plan_shows_the_points_that_the_run_will_draw(tmp_path: Path) -> None:
    cameras = [
        {"id": one.id, "name": one.name, "uri": one.uri, "longitude": one.longitude}
        | {"latitude": one.latitude}
        for one in points(30)
    ]
    sampling = {"plan": "share", "share": 0.2, "minimum": 3}
    site_file = tmp_path / "site.yaml"
    site_file.write_text(
        yaml.safe_dump({"name": "s", "cameras": cameras, "sampling": sampling}, allow_unicode=True)
    )
    said = io.StringIO()
    assert print_plan((), site_file, ("4.4.1-b",), "en", Console(file=said, width=200)) == 0
    drawn = prepare(RunOptions(site=site_file), "en").drawn.drawn
    assert len(drawn) == 6
    assert "6 of 30" in said.getvalue()
    listed = [line.split()[1] for line in said.getvalue().splitlines() if ". 6101" in line]
    assert sorted(listed) == sorted(drawn)


def test_a_site_without_cameras_has_no_way() -> None:
    assert drawn_points(Site("s", (), sampling=Plan())) == ()
    assert drawn_points(None) == ()
