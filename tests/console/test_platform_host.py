"""The host of reference platforms: its plan crosses a process border; no store keeps a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.bundled_platform import bundled_platform, host_plan
from console.platform_plan import PlatformHostPlan
from console.stored_run import site_document, site_of
from simulators.site_plan import Ground
from targets.site import Site

GROUND = Ground(own_addresses=True, standard_ports=True)


def plan() -> PlatformHostPlan:
    made = bundled_platform(0, GROUND, name="x", network="127.20", behaviours=("http-open",))
    return host_plan((made,), GROUND, "127.20")


def test_a_plan_reads_back_and_is_stored_without_passwords() -> None:
    whole = plan()
    assert PlatformHostPlan.from_document(json.loads(whole.to_json())) == whole
    stored = json.dumps(whole.document())
    assert "password" not in stored
    assert PlatformHostPlan.from_document(json.loads(stored)).platforms[0].behaviours == (
        "http-open",
    )


@pytest.mark.parametrize("document", [{}, {"platforms": [{}]}, {"platforms": 7, "control": []}])
def test_what_is_no_plan_is_refused(document: dict) -> None:
    with pytest.raises(ValueError, match="not a plan"):
        PlatformHostPlan.from_document(document)


def test_platforms_stand_apart() -> None:
    made = [bundled_platform(number, GROUND, name="x", network="127.21") for number in range(40)]
    assert len({one.hosted.address for one in made}) == len(made)
    assert len({one.point.id for one in made}) == len(made)


def test_a_stored_site_has_its_platform_again(tmp_path: Path) -> None:
    made = bundled_platform(0, GROUND, name="x", network="127.20")
    site = Site(name="s", points=(made.point,))
    again = site_of(json.loads(json.dumps(site_document(site, tmp_path))), tmp_path)
    assert again.platforms == site.platforms
