"""A zoom without effect, a survey that calls the lens fixed, and a marker in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assessment.evidence import Attestation
from assessment.recording import Recording
from assessment.verdicts import Verdict
from console.matrix.surveys import workbook_part
from steps.acceptance import ScenarioRun
from steps.lens_and_light import lens_zooms_and_refocuses, target_has_pixels_enough
from targets.site import Marker, Point
from tests.picture_recordings import lens_recording, recording_of
from tests.steps.test_acceptance import NOW, POINTS, MemoryDesk, scenario

POINT = POINTS[0]
HEADINGS = ["点位编号", "镜头", "传感器", "分辨率", "目标距离", "目标宽度", "目标像素"]
STREET = np.random.default_rng(3).integers(0, 255, (45, 80, 3), np.uint8).repeat(8, 0).repeat(8, 1)


def survey(lens: str, required: int = 100) -> Attestation:
    row = [POINT.id, lens, "5.6×3.15", "1920×1080", 20, 1.8, required]
    return Attestation(
        "4.3.1-e", "lens-against-survey", (POINT.id,), "王芳", NOW.date(), "conforms",
        file=workbook_part([HEADINGS, row]), file_name="survey.xlsx",
    )  # fmt: skip


def lens_scenario(*attestations: Attestation, point: Point = POINT) -> ScenarioRun:
    run = scenario("4.3.1-e")
    run.points = (point,)
    run.acceptance.attestations = attestations
    return run


@pytest.mark.parametrize(
    ("papers", "verdict", "code"),
    [
        ((), Verdict.FAIL, "lens-zoom.still"),
        ((survey("2.8-12mm"),), Verdict.FAIL, "lens-zoom.still"),
        ((survey("6mm"),), Verdict.PASS, "lens-zoom.fixed-by-survey"),
    ],
)
def test_a_lens_that_a_survey_calls_fixed_need_not_zoom(
    papers: tuple[Attestation, ...], verdict: Verdict, code: str
) -> None:
    run = lens_scenario(*papers)
    run.recordings["lens"] = {POINT.id: lens_recording(STREET, STREET)}
    lens_zooms_and_refocuses(run, "70")
    (finding,) = run.findings
    assert (finding.verdict, finding.reason.code) == (verdict, code)


class _Kept(MemoryDesk):
    def __init__(self, *kept: Recording) -> None:
        super().__init__()
        self.kept = kept

    def history(self, kind: str, point: Point) -> Sequence[Recording]:
        return self.kept if kind == "stream:day" else ()


@pytest.mark.parametrize(
    ("papers", "verdict", "code"),
    [
        ((), Verdict.PENDING, "checklist.evidence-missing"),
        ((survey("6mm"),), Verdict.PASS, "target-pixels.within-limit"),
        ((survey("6mm", 400),), Verdict.FAIL, "target-pixels.below-limit"),
        ((survey("2.8-12mm"),), Verdict.INCONCLUSIVE, "target-pixels.straddles-limit"),
    ],
)
def test_pixels_on_target_by_the_survey(
    papers: tuple[Attestation, ...], verdict: Verdict, code: str
) -> None:
    run = lens_scenario(*papers)
    target_has_pixels_enough(run)
    (finding,) = run.findings
    assert (finding.verdict, finding.reason.code) == (verdict, code)


def test_a_marker_that_is_not_seen_leaves_it_open() -> None:
    run = lens_scenario(survey("6mm"), point=replace(POINT, marker=Marker(0.6, 10.0)))
    target_has_pixels_enough(run)
    assert run.findings[-1].reason.code == "target-pixels.no-recording"
    run.acceptance.desk = _Kept(recording_of([STREET]))
    target_has_pixels_enough(run)
    assert run.findings[-1].reason.code == "target-pixels.marker-unseen"
    assert run.findings[-1].verdict is Verdict.INCONCLUSIVE
