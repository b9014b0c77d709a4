"""The reports of a run over real sockets keep what the tests of the reports promise."""

import json

import pytest

from reports.manifest import changes
from tests.reports.test_html import FILES, RAW, parsed
from tests.reports.test_junit import read
from tests.reports.test_results import faults


def test_the_results_keep_to_the_published_schema(troubled_run):
    results = json.loads((troubled_run.folder / "results.json").read_text(encoding="utf-8"))
    assert faults(results) == []
    assert read(results).get("failures") == "0"
    rows = [one for one in results["requirements"] if one["findings"]]
    assert all(finding["scenario"] for one in rows for finding in one["findings"])
    assert results["run"]["arguments"] == []


@pytest.mark.parametrize("name", ["report.html", "report.zh.html"])
def test_no_message_key_is_shown_raw(troubled_run, name):
    text = parsed((troubled_run.folder / name).read_text(encoding="utf-8")).text
    assert [found for found in RAW.findall(text) if not FILES.search(found)] == []


def test_allure_holds_the_steps_in_chinese(troubled_run):
    documents = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (troubled_run.folder / "allure-results").glob("*-result.json")
    ]
    rate = next(one for one in documents if one["name"] == "服务范围内摄像机的在线率不低于85%")
    assert [step["name"] for step in rate["steps"]][-2:] == [
        "那么 在线率不低于85%",
        "并且 平台上报的在线率与实测相符",
    ]
    assert {"name": "requirement", "value": "5.3-a"} in rate["labels"]


def test_the_folder_is_sealed(troubled_run):
    assert changes(troubled_run.folder) == []
