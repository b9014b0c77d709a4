"""Then: the quality of the pictures by a profile of limits, and what stays open."""

from __future__ import annotations

from pathlib import Path

from pytest_bdd import parsers, then

from assessment.decision import decide
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict
from probes.picture_quality.quality import measure_picture_quality, readings_of
from standard.quality_profile import ANALYSIS, GB_37300, QualityLimit, QualityProfile, load_profile
from steps.acceptance import ScenarioRun
from steps.conclusion import Conclusion, gravest
from targets.site import Point

#: What the light of the scene alone can make of a picture by night: measured, and not judged.
_BY_DAY_ONLY = ("mean-luma", "covered-share", "picture-contrast", "colour-cast")
#: What little light can make of a picture by night: never a fail of the night alone.
_NOT_BY_NIGHT = ("picture-blur", "picture-noise")
#: What the weather can make of a picture: never a fail.
_OF_THE_WEATHER = "picture-contrast"


@then(parsers.re(r"每台摄像机的画面质量符合(?P<which>使用方|GB 37300-2018 5\.3)的限值"))
def pictures_are_good_enough(scenario_run: ScenarioRun, which: str) -> None:
    site = scenario_run.acceptance.site
    chosen: Path = (
        site.picture_profile or ANALYSIS if which == "使用方" else site.gb37300_profile or GB_37300
    )
    profile = load_profile(chosen)
    scenario_run.judge_each(lambda point: _judge(scenario_run, profile, point))


def _judge(run: ScenarioRun, profile: QualityProfile, point: Point) -> Conclusion:
    recording = run.recording(run.main_stream, point)
    measured = run.acceptance.once(measure_picture_quality, recording)
    readings = tuple(readings_of(measured))
    if profile.missing:
        keys = {"file": profile.file, "keys": ", ".join(profile.missing)}
        reason = Reason("picture-profile.unfilled", keys)
        settle = Reason("settle.fill-profile")
        return Conclusion(Verdict.PENDING, reason, (measured, *readings), settle=settle)
    signal = run.compare(measured)
    if signal.verdict is not Verdict.PASS:
        return signal
    by_night = run.main_stream == "stream:night"
    judged = [
        _compare(profile.limits[one.quantity], one, by_night)
        for one in readings
        if one.quantity in profile.limits and not (by_night and one.quantity in _BY_DAY_ONLY)
    ]
    if not judged:
        return Conclusion.open("picture-quality.nothing-limited", profile=profile.name)
    found = gravest([*_in_order(judged, profile), signal])
    if found.verdict is Verdict.PASS:
        return Conclusion.met(
            "picture-quality.sound", measured, *readings, count=len(judged), profile=profile.name
        )
    return found.with_more(*(one for one in readings if one not in found.measurements))


def _in_order(judged: list[Conclusion], profile: QualityProfile) -> list[Conclusion]:
    """What spoils other figures comes first: a frozen picture, then its light, then its edges."""
    order = list(profile.limits)
    return sorted(judged, key=lambda one: order.index(one.measurements[0].quantity))


def _compare(limit: QualityLimit, measured: Measurement, by_night: bool) -> Conclusion:
    """Accepted, rejected, or in between, where somebody has to look."""
    accepted = decide(limit.accept, measured)
    if accepted.verdict is Verdict.PASS or measured.spoilt is not None or measured.value is None:
        return Conclusion.of(accepted, measured)
    rejected = decide(limit.reject, measured)
    if measured.quantity == _OF_THE_WEATHER:
        return Conclusion.open("picture-contrast.weather", measured, found=accepted.reason.within)
    if rejected.verdict is Verdict.FAIL and by_night and measured.quantity in _NOT_BY_NIGHT:
        return Conclusion.open("picture-quality.by-night", measured, found=accepted.reason.within)
    if rejected.verdict is Verdict.FAIL:
        return Conclusion.of(rejected, measured)
    between = {**accepted.reason.parameters, "reject": rejected.reason.parameters["limit"]}
    return Conclusion.open(f"{measured.quantity}.straddles-limit", measured, **between)
