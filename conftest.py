"""The wiring of scenarios: their vocabulary, their markers, and the run they belong to."""

from __future__ import annotations

import pytest

from standard.catalogue import catalogue
from steps.acceptance import Acceptance, ScenarioRun
from steps.outcome import requirement_of

pytest_plugins = [
    "steps.scope",
    "steps.visiting",
    "steps.picture",
    "steps.picture_quality",
    "steps.stream",
    "steps.clock",
    "steps.wire",
    "steps.service",
    "steps.gb28181",
    "steps.events",
    "steps.composition",
    "steps.choice",
    "steps.platform",
    "steps.platform_video",
    "steps.papers",
    "steps.supply",
    "steps.lens_and_light",
]


def pytest_configure(config: pytest.Config) -> None:
    """Every requirement is a marker, so a tag that the catalogue does not know cannot be used."""
    for requirement in catalogue():
        config.addinivalue_line("markers", f"{requirement.id}: {requirement.en}")


@pytest.fixture(scope="session")
def acceptance(request: pytest.FixtureRequest) -> Acceptance:
    """The run that the scenarios belong to; ``accept.py`` makes it."""
    plugin = request.config.pluginmanager.get_plugin("tantou-acceptance")
    if plugin is None:
        pytest.exit("scenarios need a run to belong to: use 'python3 accept.py --only ID'", 3)
    run: Acceptance = plugin.acceptance
    return run


@pytest.fixture
def scenario_run(request: pytest.FixtureRequest, acceptance: Acceptance) -> ScenarioRun:
    """What this scenario asks and finds."""
    known = {requirement.id for requirement in acceptance.catalogue}
    tags = {marker.name for marker in request.node.iter_markers()}
    identifier = requirement_of(tags, known)
    return ScenarioRun(acceptance, acceptance.catalogue[identifier], request.node.name)
