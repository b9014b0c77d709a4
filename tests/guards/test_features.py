"""Guards over the features: identity from tags, nothing empty, nothing unbound."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from gherkin.parser import Parser

from standard.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[2]
FEATURES = sorted((ROOT / "features").rglob("*.feature"))
STEP_FILES = sorted((ROOT / "steps").glob("*.py"))


def parsed(path: Path) -> dict:
    return Parser().parse(path.read_text(encoding="utf-8"))["feature"]


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: path.stem)
def test_file_name_tag_and_title_carry_one_id(path: Path) -> None:
    feature = parsed(path)
    tags = [tag["name"].lstrip("@") for tag in feature["tags"]]
    assert len(tags) == 1
    assert tags[0] in {requirement.id for requirement in catalogue()}
    assert path.name.startswith(tags[0] + "-")
    assert feature["name"].startswith(tags[0] + " ")


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: path.stem)
def test_every_scenario_asks_and_compares(path: Path) -> None:
    for child in parsed(path)["children"]:
        steps = child["scenario"]["steps"]
        kinds = {step["keywordType"] for step in steps}
        assert "Outcome" in kinds, f"{path.name}: a scenario without a Then"
        assert "Context" in kinds, f"{path.name}: a scenario without a Given"


def test_no_two_features_share_a_requirement() -> None:
    tags = [parsed(path)["tags"][0]["name"] for path in FEATURES]
    assert len(tags) == len(set(tags))


def test_numbers_in_steps_are_those_of_the_catalogue() -> None:
    spoken = {
        "4.3.1-c2": (r"帧率不低于(\d+)帧", "frame-rate"),
        **{f"4.3.1-i{number}": (r"在(\d+)秒内通知", "event-delay") for number in range(1, 6)},
        "5.3-a": (r"在线率不低于(\d+)%", "online-rate"),
        "4.3.3.5-d": (r"时钟误差小于(\d+)秒", "worst-clock-error"),
    }
    for path in FEATURES:
        feature = parsed(path)
        identifier = feature["tags"][0]["name"].lstrip("@")
        if identifier not in spoken:
            continue
        pattern, quantity = spoken[identifier]
        numbers = set(re.findall(pattern, path.read_text(encoding="utf-8").split("场景", 1)[1]))
        bound = catalogue()[identifier].limits[quantity].value
        assert isinstance(bound, int | float)
        scale = 100 if quantity == "online-rate" else 1
        assert numbers == {str(int(bound * scale))}


@pytest.mark.parametrize("path", STEP_FILES, ids=lambda path: path.name)
def test_step_modules_stay_short_and_thens_only_compare(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        decorators = [ast.unparse(one) for one in node.decorator_list]
        if any(one.startswith("then(") for one in decorators):
            called = {
                ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)
            }
            assert not any(name.endswith("ask_for") for name in called), f"{node.name} acts"
            assert any("judge" in name or "conclude" in name for name in called), (
                f"{node.name} compares nothing"
            )
