"""Allure results hold the scenario as the feature says it, and what each step found."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEATURE = """# language: zh-CN
功能: 4.3.1-c2 帧率不低于25fps

  只计不重复的画面。

  场景: 白天每秒不少于25幅
    假如 抽取摄像机
    当 录制主码流
    那么 帧率不低于25帧每秒
"""
CONFTEST = """
from pathlib import Path
from types import SimpleNamespace
import os, sys
import pytest
from pytest_bdd import given, when, then
from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict
from reports.allure_steps import AllureSteps
from standard.catalogue import catalogue
from steps.outcome import settle_outcome
from tests.reports.synthetic import measured, png

VERDICT = os.environ["VERDICT"]
POINTS = [SimpleNamespace(id="6101", name="东门\\u202e\\x00")]

def pytest_configure(config):
    steps = AllureSteps("zh", lambda request: request.getfixturevalue("scenario_run"))
    config.pluginmanager.register(steps)


def pytest_bdd_after_scenario(request):
    run = request.getfixturevalue("scenario_run")
    if VERDICT != "error":
        settle_outcome(run, "zh")

@pytest.fixture
def scenario_run():
    return SimpleNamespace(requirement=catalogue()["4.3.1-c2"], findings=[], points=POINTS)

@given("抽取摄像机")
def _draw(scenario_run): pass

@when("录制主码流")
def _visit(scenario_run):
    if VERDICT == "error":
        raise KeyError("secret value of the exception")

@then("帧率不低于25帧每秒")
def _judge(scenario_run):
    numbers = {"measured": 20.0, "uncertainty": 0.1, "unit": "fps", "limit": 25.0}
    code = {"fail": "below-limit", "pass": "within-limit", "inconclusive": "straddles-limit"}
    shown = measured("frame-rate", 20.0, "fps", evidence={"picture.jpg": png()})
    reason = Reason("frame-rate." + code[VERDICT], numbers)
    scenario_run.findings.append(
        Finding("4.3.1-c2", "6101", Verdict(VERDICT), reason, 1, (shown,))
    )
"""


def run(folder: Path, verdict: str) -> tuple[dict[str, Any], Path]:
    (folder / "rate.feature").write_text(FEATURE, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_rate.py").write_text(
        "from pytest_bdd import scenarios\nscenarios('rate.feature')\n", encoding="utf-8"
    )
    results = folder / "allure-results"
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(folder), "--rootdir", str(folder)),
            *("-p", "no:cacheprovider", "-p", "no:asyncio", "-c", str(folder / "pytest.ini")),
            *("--alluredir", str(results)),
        ],
        env={"PYTHONPATH": str(ROOT), "VERDICT": verdict, "PATH": "/usr/bin", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = list(results.glob("*-result.json"))
    assert len(found) == 1, finished.stdout + finished.stderr
    document: dict[str, Any] = json.loads(found[0].read_text(encoding="utf-8"))
    return document, results


def test_a_fail_shows_its_steps_its_findings_and_its_picture(tmp_path: Path) -> None:
    result, folder = run(tmp_path, "fail")
    assert result["status"] == "failed"
    assert result["name"] == "白天每秒不少于25幅"
    assert result["description"] == "只计不重复的画面。"
    labels = {label["name"]: label["value"] for label in result["labels"]}
    assert labels["requirement"] == "4.3.1-c2"
    assert labels["feature"] == labels["suite"] == "4.3.1-c2 帧率不低于25fps"
    steps = [(step["name"], step["status"]) for step in result["steps"]]
    assert steps == [
        ("假如 抽取摄像机", "passed"),
        ("当 录制主码流", "passed"),
        ("那么 帧率不低于25帧每秒", "failed"),
    ]
    found = result["steps"][2]["steps"][0]
    assert found["name"] == "东门\ufffd\ufffd: 不通过 - 帧率 20.000 fps（±0.1），低于限值 25 fps"
    picture = found["attachments"][0]
    assert picture["type"] == "image/png"
    assert (folder / picture["source"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("verdict", "status", "last"),
    [("pass", "passed", "passed"), ("inconclusive", "skipped", "skipped")],
)
def test_an_open_verdict_is_skipped_with_its_reason_never_passed(
    tmp_path: Path, verdict: str, status: str, last: str
) -> None:
    result, _ = run(tmp_path, verdict)
    assert result["status"] == status
    assert result["steps"][2]["status"] == last
    if verdict == "inconclusive":
        assert "落在测量不确定度之内" in result["statusDetails"]["message"]


def test_our_own_fault_is_broken(tmp_path: Path) -> None:
    result, _ = run(tmp_path, "error")
    assert result["status"] == "broken"
    step = result["steps"][1]
    assert (step["name"], step["status"]) == ("当 录制主码流", "broken")
    assert "secret" not in json.dumps(step)
