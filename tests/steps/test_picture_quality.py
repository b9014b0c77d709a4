"""Pictures by a profile: accepted, rejected, in between, by night, with numbers missing."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from messages import text
from standard.catalogue import catalogue
from standard.quality_profile import ANALYSIS, GB_37300
from steps import picture_quality
from steps.acceptance import Acceptance, ScenarioRun
from targets.site import Point, Site

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
POINT = Point("61010200001320000001", "gate", "onvif://admin@127.0.0.1")
SOUND = {
    "burnt-out-share": 0.01,
    "drowned-share": 0.0,
    "mean-luma": 110.0,
    "covered-share": 0.0,
    "picture-blur": 0.8,
    "picture-contrast": 100.0,
    "colour-cast": 1.0,
    "picture-stripes": 0.0,
    "picture-noise": 1.5,
    "picture-blocking": 1.0,
    "picture-freeze": 0.0,
}


class Kept:
    """Findings in a list; recordings that hold nothing."""

    def __init__(self) -> None:
        self.findings: list = []

    def save_finding(self, finding, scenario: str) -> None:
        self.findings.append(finding)

    def visit_all(self, kind: str, points):
        return {one.id: Recording(kind, one.id, NOW, NOW) for one in points}

    def history(self, kind: str, point):
        return ()


def told(**changed: float | Reason) -> dict:
    readings = {}
    for quantity, usual in SOUND.items():
        value = changed.get(quantity.replace("-", "_"), usual)
        spoilt = value.within if isinstance(value, Reason) else None
        number = None if isinstance(value, Reason) else value
        readings[quantity] = {"spoilt": spoilt, "details": {}} | dict.fromkeys(
            ("value", "lower", "upper"), number
        )
    return readings


def judged(
    monkeypatch: pytest.MonkeyPatch,
    *,
    light: str = "day",
    requirement: str = "4.3.1-c5",
    which: str = "使用方",
    site: Site | None = None,
    signal: str = "present",
    **changed: float | Reason,
):
    def measure(recording: Recording) -> Measurement:
        return Measurement(
            "picture-signal", signal, "", "test/1", "method.picture-quality", recording.subject,
            NOW, NOW, details={"readings": told(**changed)},
        )  # fmt: skip

    monkeypatch.setattr(picture_quality, "measure_picture_quality", measure)
    kept = Kept()
    acceptance = Acceptance(
        site=site or Site("test", (POINT,)),
        catalogue=catalogue(),
        desk=kept,
        findings=kept,
        drawn=(POINT,),
        today=NOW.date(),
    )
    run = ScenarioRun(acceptance, catalogue()[requirement], "test", points=(POINT,))
    run.ask_for(f"stream:{light}")
    picture_quality.pictures_are_good_enough(run, which)
    (finding,) = kept.findings
    for lang in ("zh", "en"):
        assert "{" not in text(finding.reason.key, lang, **finding.reason.parameters)
    return finding


def test_a_sound_picture_passes_and_shows_every_number(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch)
    assert (found.verdict, found.reason.code) == (Verdict.PASS, "picture-quality.sound")
    assert {one.quantity for one in found.measurements} == {"picture-signal", *SOUND}


@pytest.mark.parametrize(
    ("changed", "verdict", "reason"),
    [
        ({"picture_blur": 5.0}, Verdict.FAIL, "picture-blur.above-limit"),
        ({"picture_blur": 2.8}, Verdict.INCONCLUSIVE, "picture-blur.straddles-limit"),
        ({"mean_luma": 12.0}, Verdict.FAIL, "mean-luma.below-limit"),
        ({"burnt_out_share": 0.5}, Verdict.INCONCLUSIVE, "burnt-out-share.straddles-limit"),
        ({"picture_contrast": 5.0}, Verdict.INCONCLUSIVE, "picture-contrast.weather"),
        ({"picture_freeze": 6.0, "picture_blur": 5.0}, Verdict.FAIL, "picture-freeze.above-limit"),
        (
            {"picture_blur": Reason("picture-blur.no-edges", {"tiles": 3})},
            Verdict.INCONCLUSIVE,
            "picture-blur.no-edges",
        ),
        (
            {"picture_blur": Reason("picture-blur.no-edges", {"tiles": 3}), "picture_noise": 20.0},
            Verdict.FAIL,
            "picture-noise.above-limit",
        ),
    ],
)
def test_what_is_found_by_day(
    monkeypatch: pytest.MonkeyPatch, changed: dict, verdict: Verdict, reason: str
) -> None:
    found = judged(monkeypatch, **changed)
    assert (found.verdict, found.reason.code) == (verdict, reason)
    assert {one.quantity for one in found.measurements} >= set(SOUND) - {"drowned-share"}


def test_by_night_the_dark_is_recorded_and_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, light="night", mean_luma=12.0, covered_share=0.9, colour_cast=30.0)
    assert found.verdict is Verdict.PASS
    assert {one.quantity: one.value for one in found.measurements}["mean-luma"] == 12.0
    assert judged(monkeypatch, light="night", picture_stripes=9.0).verdict is Verdict.FAIL


def test_what_little_light_can_cause_is_left_open_by_night(monkeypatch: pytest.MonkeyPatch) -> None:
    for changed in ({"picture_blur": 6.0}, {"picture_noise": 15.0}):
        found = judged(monkeypatch, light="night", **changed)
        assert (found.verdict, found.reason.code) == (
            Verdict.INCONCLUSIVE,
            "picture-quality.by-night",
        )


def test_a_lost_signal_is_a_fail_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, signal="lost", picture_blur=9.0)
    assert (found.verdict, found.reason.code) == (Verdict.FAIL, "picture-signal.lost")


def test_numbers_that_are_not_filled_in_are_pending_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = judged(monkeypatch, requirement="5.3-b", which="GB 37300-2018 5.3", picture_blur=9.0)
    assert (found.verdict, found.reason.code) == (Verdict.PENDING, "picture-profile.unfilled")
    said = text(found.reason.key, "zh", **found.reason.parameters)
    assert GB_37300.name in said
    assert "picture-blur.at_most" in said
    assert len(found.measurements) > len(SOUND)


def test_a_site_names_its_own_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    content = ANALYSIS.read_text("utf-8").replace("at_most: 2.4", "at_most: 0.5")
    own.write_text(content.replace("reject: 3.2", "reject: 0.6"), "utf-8")
    site = replace(Site("test", (POINT,)), picture_profile=own)
    assert judged(monkeypatch, site=site).reason.code == "picture-blur.above-limit"
