"""What the steps of the clock conclude when there is nothing to compare."""

from __future__ import annotations

from assessment.reason import Reason
from assessment.recording import Recording
from assessment.verdicts import Verdict
from steps.clock import worst_error_stays_small
from tests.steps.test_acceptance import NOW, POINTS, scenario


def test_a_clock_that_cannot_be_asked_is_not_told_to_be_watched_longer() -> None:
    run = scenario("4.3.3.5-d")
    run.points = POINTS[:1]
    for kind in ("clock", "stream:sub"):
        problem = Reason("visit.needs-onvif")
        recording = Recording(kind, POINTS[0].id, NOW, NOW, problem=problem)
        run.recordings[kind] = {POINTS[0].id: recording}
    worst_error_stays_small(run)
    (finding,) = run.findings
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.reason.parameters["problem"]["code"] == "visit.needs-onvif"
    assert finding.settle is None
