"""Profiles of picture quality: the bundled ones, and mistakes named with file and line."""

from pathlib import Path

import pytest

from messages import catalogue as wordings
from standard.located_yaml import FaultyFileError
from standard.quality_profile import ANALYSIS, GB_37300, QUANTITIES, load_profile

OUTCOMES = ("within-limit", "above-limit", "below-limit", "straddles-limit", "no-interval")


def test_the_bundled_profile_limits_every_quantity_and_says_why() -> None:
    profile = load_profile(ANALYSIS)
    assert set(profile.limits) == set(QUANTITIES)
    assert profile.missing == ()
    assert all(limit.source for limit in profile.limits.values())


def test_no_number_of_gb_37300_is_made_up() -> None:
    profile = load_profile(GB_37300)
    assert profile.limits == {}
    assert profile.missing[0] == "text"
    assert len(profile.missing) == 1 + 2 * len(QUANTITIES)


def test_every_quantity_and_outcome_is_worded() -> None:
    wanted = {f"quantity.{one}" for one in QUANTITIES} | {f"method.{one}" for one in QUANTITIES}
    wanted |= {f"reason.{one}.{outcome}" for one in QUANTITIES for outcome in OUTCOMES}
    wanted |= {f"reason.{one}.not-measured" for one in QUANTITIES}
    assert wanted - set(wordings()) == set()


def changed(folder: Path, old: str, new: str) -> Path:
    content = ANALYSIS.read_text("utf-8")
    assert old in content
    file = folder / "own.yaml"
    file.write_text(content.replace(old, new, 1), "utf-8")
    return file


def line_of(file: Path, words: str) -> int:
    lines = file.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


@pytest.mark.parametrize(
    ("old", "new", "words", "zh", "en"),
    [
        ("reject: 3.2", "reject: 2.0", "reject: 2.0", "落在可接受的一侧", "on the accepted side"),
        ("at_most: 2.4", "at_most: much", "at_most: much", "应为数字", "must be a number"),
        ("unit: px", "unit: mm", "unit: mm", "应为下列之一", "must be one of px"),
        ("  picture-blur:", "  picture-blurr:", "limits:", "缺少“picture-blur”", "lacks"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    tmp_path: Path, old: str, new: str, words: str, zh: str, en: str
) -> None:
    file = changed(tmp_path, old, new)
    with pytest.raises(FaultyFileError) as caught:
        load_profile(file)
    place = f"own.yaml:{line_of(file, words)}: "
    for lang, part in (("zh", zh), ("en", en)):
        worded = [fault.worded(lang) for fault in caught.value.faults]
        assert any(line.startswith(place) and part in line for line in worded), worded


def test_a_quantity_can_be_taken_out_of_a_profile(tmp_path: Path) -> None:
    file = changed(tmp_path, "at_most: 2.4\n    reject: 3.2", "at_most: none\n    reject: none")
    profile = load_profile(file)
    assert "picture-blur" not in profile.limits
    assert profile.missing == ()
