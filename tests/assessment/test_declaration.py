from pathlib import Path

import pytest

from assessment.declaration import (
    ABILITIES,
    Declaration,
    declaration_for,
    declaration_of,
    read_declaration,
    read_declarations,
)
from messages import LANGUAGES, text
from standard.catalogue import catalogue
from standard.located_yaml import FaultyFileError

GOOD = """\
models: [SIM-2M, SIM-4M]
manufacturer: 示例厂
date: 2026-03-01
form: bullet
ip-code: IP66/IP67
video: {h264: yes, mjpeg: yes, h265: no}
events:
  motion: yes
  sound:
alarm: {inputs: 1}
supply: {dc-12v: yes, poe: yes, ac: no}
"""


def write(folder: Path, content: str, name: str = "camera.yaml") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def faults(*paths: Path, lang: str = "en") -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read_declarations(paths)
    return [fault.worded(lang) for fault in caught.value.faults]


def test_a_declaration_is_read_and_survives_storage(tmp_path: Path) -> None:
    declared = read_declaration(write(tmp_path, GOOD))
    assert declared.models == ("SIM-2M", "SIM-4M")
    assert declared.values["video.h265"] is False
    assert declared.values["alarm.inputs"] == 1
    assert declared.values["ip-code"] == "IP66/IP67"
    assert "events.sound" not in declared.values  # left open is not declared
    assert declared.covers(" sim-4m ")
    assert not declared.covers("SIM-8M")
    assert declared.stated("supply.dc-5v", "supply.dc-12v") is True
    assert declared.stated("supply.ac") is False
    assert declared.stated("interfaces.rj45") is None
    assert declaration_of(declared.document()) == declared


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("form: submarine", "camera.yaml:4: 'form' must be one of bullet, speed-dome, dome, other"),
        ("ip-code: waterproof", "camera.yaml:5: 'ip-code' is not in the expected form"),
        ("video: {h264: maybe}", "camera.yaml:6: 'h264' must be true or false"),
        ("video: {h624: yes}", "camera.yaml:6: unknown field 'h624'; expected: h264"),
        ("video: [h264]", "camera.yaml:6: a record of 'name: value' lines is expected here"),
        ("alarm: {inputs: many}", "camera.yaml:10: 'inputs' must be a whole number"),
        ("alarm: {inputs: -1}", "camera.yaml:10: 'inputs' must be one of 0–64"),
        ("events:\n  motion: yes\n  motion: no", "camera.yaml:9: 'motion' is given twice"),
        ("models: []", "camera.yaml:1: 'models' must not be empty"),
        ("models:", "camera.yaml:1: 'models' is missing"),
        ("date: tomorrow", "camera.yaml:3: 'date' must be a date"),
        ("abilities: {}", "unknown field 'abilities'"),
    ],
)
def test_a_mistake_is_named_by_line(tmp_path: Path, line: str, said: str) -> None:
    field = line.partition(":")[0]
    lines = GOOD.splitlines()
    start = next((n for n, one in enumerate(lines) if one.startswith(f"{field}:")), len(lines))
    end = start + (3 if field == "events" else 1)
    changed = "\n".join([*lines[:start], line, *lines[end:]]) + "\n"
    worded = faults(write(tmp_path, changed))
    assert any(said in one for one in worded), worded


def test_a_model_declared_twice_is_a_mistake_of_the_second_file(tmp_path: Path) -> None:
    first = write(tmp_path, GOOD, "first.yaml")
    second = write(tmp_path, "models: [sim-4m]\n", "second.yaml")
    assert faults(first, second) == ["second.yaml:1: sim-4m is already declared by first.yaml"]
    assert faults(first, second, lang="zh") == ["second.yaml:1: sim-4m 已由 first.yaml 声明"]


def test_a_device_is_found_by_file_then_by_model() -> None:
    one, other = Declaration("one.yaml", ("A",)), Declaration("other.yaml", ("B",))
    assert declaration_for((one, other), "other.yaml", "A") is other
    assert declaration_for((one, other), "", "", None, "b") is other
    assert declaration_for((one, other), "", "C") is None


def test_every_ability_has_a_requirement_and_a_name_in_both_languages() -> None:
    for ability in ABILITIES:
        assert ability.requirement in catalogue()
        for lang in LANGUAGES:
            assert text(f"ability.{ability.name}", lang)


def test_the_examples_of_the_documentation_can_be_read(tmp_path: Path) -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    page = (docs / "declaration.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    values = read_declaration(write(tmp_path, example)).values
    assert set(values) == {ability.name for ability in ABILITIES}
    assert read_declaration(docs / "example-declaration.yaml").models == ("SIM-2M",)
