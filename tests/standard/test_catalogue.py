"""The data of the catalogue is whole and consistent."""

import re
import shutil
from pathlib import Path

import pytest

from messages import catalogue as wordings
from standard.catalogue import FOLDER, catalogue, load
from standard.located_yaml import FaultyFileError

VISITS = Path(__file__).parents[2] / "docs" / "recordings.md"
AUTOMATIC = {
    *("4.1-1", "4.1-2", "4.1-3", "4.3.1-c5", "5.3-b"),
    *("4.1-5", "4.3.1-b", "4.3.1-c1", "4.3.1-c2", "4.3.1-c3", "4.3.1-c4", "4.3.1-g1", "4.3.1-g2"),
    *(
        "4.3.1-h",
        *(f"4.3.1-j{number}" for number in range(1, 9)),
        "4.3.3.5-a",
        "4.3.3.5-b",
        "4.3.3.5-c",
    ),
    *(f"4.3.1-i{number}" for number in range(1, 6)),
    *("4.3.2-a1", "4.3.2-a2", "4.3.2-b2", "4.3.2-b3"),
    *("4.3.1-d", "4.3.1-e", "4.3.1-f1", "4.3.1-f2"),
    *("4.3.1-m1", "4.3.1-m2", "4.3.1-n1", "4.3.1-n2"),
    *("4.3.1-a", "4.3.1-k", "4.3.1-l", "4.3.3.5-d", "4.4.1-a", "4.4.2-a", "4.4.2-b", "5.3-a"),
    *("4.1-4", "4.1-7", "4.1-8", "4.1-9", "4.3.3.1-g", "4.4.2-c", "4.4.2-d", "4.4.3-a", "4.4.3-b"),
    *(f"4.3.3.1-{part}" for part in ("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "c")),
    *(f"4.3.3.1-{part}" for part in ("d1", "d2", "e1", "e2", "f1", "f2", "f3")),
    *("4.3.3.2-a", "4.3.3.2-b"),
    *(f"4.3.3.6-{part}" for part in ("a1", "a2", "b", "c", "d", "e", "f")),
}


def test_all_128_requirements_are_there_once() -> None:
    ids = [requirement.id for requirement in catalogue()]
    assert len(ids) == len(set(ids)) == len(catalogue()) == 128
    assert catalogue().markers() == tuple(ids)
    assert "4.3.1-c2" in catalogue()
    assert "4.3.1-c9" not in catalogue()


def test_chapters_come_in_the_order_of_the_standard() -> None:
    chapters = [chapter.id for chapter in catalogue().chapters]
    assert chapters[:3] == ["4.1", "4.2", "4.3.1"]
    assert chapters[-1] == "5.4"
    assert next(requirement.id for requirement in catalogue()) == "4.1-1"


@pytest.mark.parametrize("requirement", catalogue(), ids=lambda requirement: requirement.id)
def test_requirement_is_complete(requirement) -> None:
    assert re.search("[\u4e00-\u9fff]|[A-Z0-9]", requirement.zh)
    assert not re.search("[\u4e00-\u9fff]", requirement.en)
    assert requirement.version >= 1
    assert requirement.id.startswith(requirement.chapter + "-")
    names = [defect.name for defect in requirement.defects]
    assert len(names) == len(set(names))
    if requirement.binding and "test" in requirement.method:
        assert requirement.defects, "a shall that is tested needs a defect that it catches"
    if requirement.scenario == "automatic":
        assert requirement.visits
        assert requirement.limits
        assert all(
            defect.stage and defect.verdict and defect.reason for defect in requirement.defects
        )
    if "inspection" in requirement.method:
        assert requirement.checklist
    items = [item.item for item in requirement.checklist]
    assert len(items) == len(set(items))
    for item in requirement.checklist:
        assert (item.limit is not None) == (item.expects == "reading")
    for defect in requirement.defects:
        if defect.verdict == "fail":
            assert requirement.binding
        if defect.verdict == "advisory":
            assert not requirement.binding


def test_the_automatic_requirements_are_those_with_scenarios() -> None:
    found = {requirement.id for requirement in catalogue() if requirement.scenario == "automatic"}
    assert found == AUTOMATIC


def test_every_visit_is_a_kind_of_recording() -> None:
    documented = set(re.findall(r"`([a-z0-9-]+(?::[a-z0-9-]+)?)`", VISITS.read_text("utf-8")))
    for requirement in catalogue():
        assert set(requirement.visits) <= documented, requirement.id


def test_limits_have_units_and_words() -> None:
    for requirement in catalogue():
        for limit in requirement.limits.values():
            if isinstance(limit.value, float):
                assert limit.unit, (requirement.id, limit.quantity)
            assert (limit.tolerance > 0) == (limit.rule == "tolerance")
            assert f"quantity.{limit.quantity}" in wordings(), limit.quantity


def test_every_ruling_is_cited_or_about_the_whole_run() -> None:
    cited = {ruling for requirement in catalogue() for ruling in requirement.rulings}
    assert set(catalogue().rulings) - cited == {"R-028"}


def test_rulings_are_numbered_without_gaps_and_worded_twice() -> None:
    rulings = catalogue().rulings
    assert list(rulings) == [f"R-{number:03}" for number in range(1, len(rulings) + 1)]
    for ruling in rulings.values():
        readings = (ruling.question, ruling.reading, ruling.why, *ruling.alternatives)
        assert all(re.search("[\u4e00-\u9fff]", reading.zh) for reading in readings)
        assert all(not re.search("[\u4e00-\u9fff]", reading.en) for reading in readings)
        names = [ruling.reading.name, *(reading.name for reading in ruling.alternatives)]
        assert len(names) == len(set(names))


def test_a_site_may_choose_another_reading() -> None:
    chosen = catalogue().with_readings({"R-001": "exact", "R-032": "four-ohm", "R-005": "either"})
    assert chosen["4.3.1-c2"].limits["frame-rate"].rule == "guarded"
    (reading,) = [item.limit for item in chosen["4.4.1-c"].checklist if item.limit]
    assert reading.value == 4.0
    assert catalogue()["4.3.1-c2"].limits["frame-rate"].rule == "tolerance"
    assert catalogue().with_readings({"R-001": "nominal"})["4.3.1-c2"] == catalogue()["4.3.1-c2"]
    assert chosen.markers() == catalogue().markers()


@pytest.mark.parametrize("choice", [{"R-999": "exact"}, {"R-001": "sloppy"}])
def test_a_reading_that_is_not_there_cannot_be_chosen(choice) -> None:
    with pytest.raises(ValueError, match="R-"):
        catalogue().with_readings(choice)


def test_readings_change_only_limits_that_are_there() -> None:
    for ruling in catalogue().rulings.values():
        for reading in ruling.alternatives:
            for identifier, limit in reading.limits:
                requirement = catalogue()[identifier]
                assert ruling.id in requirement.rulings
                items = {item.item for item in requirement.checklist if item.limit}
                assert limit.quantity in requirement.limits.keys() | items


def test_titles_follow_the_language() -> None:
    assert catalogue()["4.3.1-c2"].title("zh") == "帧率不低于 25 fps"
    assert catalogue()["4.3.1-c2"].title("en") == "at least 25 frames per second"


def test_every_mistake_is_named_with_file_and_line(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "requirements", tmp_path / "requirements")
    shutil.copy(FOLDER / "rulings.yaml", tmp_path)
    path = next((tmp_path / "requirements").glob("4.3.1-*.yaml"))
    lines = path.read_text("utf-8").splitlines()
    wrong = {
        "rulings: [R-001, R-002]": "rulings: [R-001, R-999]",
        "frame-rate: {at_least: 25, unit: fps, rule: tolerance, tolerance: 0.05}": (
            "frame-rate: {at_least: many, unit: fps, rule: tolerance, tolerance: 0.05}"
        ),
        "visits: ['stream:day', 'stream:night']": "visit: ['stream:day', 'stream:night']",
    }
    expected = []
    for number, line in enumerate(lines, 1):
        if line.strip() in wrong:
            lines[number - 1] = line.replace(line.strip(), wrong.pop(line.strip()))
            expected.append(f"{path.name}:{number}: ")
    assert len(expected) == 3
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(FaultyFileError) as caught:
        load(tmp_path)
    for place in expected:
        assert place in str(caught.value)
    assert "there is no ruling R-999" in str(caught.value)
    assert "expected: visits" in str(caught.value)


def test_a_requirement_twice_is_a_mistake(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "requirements", tmp_path / "requirements")
    shutil.copy(FOLDER / "rulings.yaml", tmp_path)
    path = tmp_path / "requirements" / "4.2-interconnection.yaml"
    path.write_text(path.read_text("utf-8").replace("id: 4.2-2", "id: 4.2-1"), "utf-8")
    with pytest.raises(FaultyFileError, match=r"the id 4\.2-1 is already in use"):
        load(tmp_path)
