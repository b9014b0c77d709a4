"""The page: complete in both languages, harmless whatever a device sends, readable offline."""

import copy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from messages import catalogue as wordings
from reports.html import html_report
from tests.reports.synthetic import HOSTILE, document, store

AREAS = {key.split(".")[0] for key in wordings()} | {"reason", "method", "quantity"}
RAW = re.compile(rf"(?<![\w./-])(?:{'|'.join(sorted(AREAS))})\.[a-z][a-z0-9-]+(?:\.[a-z0-9-]+)*")
FILES = re.compile(r"\.(json|html|xml|py|txt|jpg|png|pcap|sqlite|yaml)$")


class Page(HTMLParser):
    """The tags and the visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("style", "script"):
            self.text += data + " "


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    return page


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with store(tmp_path_factory.mktemp("run") / "20261123-090000") as made:
        return document(made)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with store(tmp_path_factory.mktemp("hostile") / "run", HOSTILE) as made:
        return document(made)


def nothing(digest: str) -> bytes | None:
    return None


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_message_key_is_shown_raw(results: dict[str, Any], lang: str) -> None:
    text = parsed(html_report(results, lang, nothing)).text
    assert [found for found in RAW.findall(text) if not FILES.search(found)] == []


def test_a_raw_key_would_be_noticed(results: dict[str, Any]) -> None:
    broken = copy.deepcopy(results)
    broken["requirements"][0]["reason"]["zh"] = "reason.no-such.code (a=1)"
    assert RAW.search(parsed(html_report(broken, "zh", nothing)).text)


def test_what_has_no_verdict_comes_before_the_summary_and_that_before_the_verdicts(
    results: dict[str, Any],
) -> None:
    text = parsed(html_report(results, "zh", nothing)).text
    headings = ("open-first", "summary", "requirements", "cameras", "charts", "rulings")
    places = [text.index(f"{wordings()[f'report.{one}']['zh']} ") for one in headings]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("lang", "shown"),
    [
        ("zh", ["不通过", "20.013 ± 0.012\u00a0fps", "不低于 25 fps（允差 0.05 fps）", "黑白"]),
        ("en", ["fail", "20.001 … 20.025\u00a0fps", "3.2 ± 4.0\u00a0ms", "monochrome"]),
    ],
)
def test_measurement_interval_and_limit_are_shown(
    results: dict[str, Any], lang: str, shown: list[str]
) -> None:
    text = parsed(html_report(results, lang, nothing)).text
    assert [one for one in shown if one not in text] == []


def test_a_fail_says_how_to_repeat_it_and_an_open_verdict_what_would_settle_it(
    results: dict[str, Any],
) -> None:
    text = parsed(html_report(results, "en", nothing)).text
    assert "python3 accept.py run --only 4.3.1-c2 --site 'my site.yaml'" in text
    assert "What would settle it: the uncertainty must fall" in text
    assert "python3 accept.py verify 20261123-090000" in text


def test_pictures_are_inside_the_file_and_other_evidence_is_linked(
    results: dict[str, Any],
) -> None:
    html = html_report(results, "zh", lambda digest: b"\x89PNG")
    assert 'src="data:image/png;base64,iVBORw=="' in html
    assert re.search(r'href="objects/2d/2d[0-9a-f]{62}"', html)


def test_the_page_needs_no_network(results: dict[str, Any]) -> None:
    page = parsed(html_report(results, "zh", nothing))
    links = [value or "" for name, value in page.attributes if name in ("src", "href", "action")]
    assert links
    assert all(link.startswith(("#", "objects/", "data:image/")) for link in links)
    policy = next(
        value
        for name, value in page.attributes
        if name == "content" and "default-src" in (value or "")
    )
    assert policy is not None
    assert "http" not in policy


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_hostile_name_stays_text(hostile: dict[str, Any], lang: str) -> None:
    html = html_report(hostile, lang, nothing)
    page = parsed(html)
    assert page.tags.count("script") == 1
    assert "<script>alert(1)" in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\uffff]", html)
    assert max(len(word) for word in page.text.split()) < 1_000


def test_half_a_surrogate_pair_does_not_break_the_page(results: dict[str, Any]) -> None:
    broken = copy.deepcopy(results)
    broken["points"][0]["name"] = "东门\ud800"
    assert "东门\ufffd" in html_report(broken, "zh", nothing).encode("utf-8").decode("utf-8")


def test_a_point_that_has_the_name_of_a_handler_stays_text(results: dict[str, Any]) -> None:
    broken = copy.deepcopy(results)
    broken["points"][0]["name"] = '"><img src=x onerror=alert(1)>'
    page = parsed(html_report(broken, "en", nothing))
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_every_chart_is_well_formed_svg(hostile: dict[str, Any]) -> None:
    charts = re.findall(r"<svg.*?</svg>", html_report(hostile, "zh", nothing), re.DOTALL)
    assert len(charts) >= 6
    for chart in charts:
        etree.fromstring(chart.encode("utf-8"))
        assert "<script" not in chart


def test_ten_thousand_cameras_stay_one_page(results: dict[str, Any]) -> None:
    many = copy.deepcopy(results)
    rate = next(one for one in many["requirements"] if one["id"] == "4.3.1-c2")
    good = next(one for one in rate["findings"] if one["verdict"] == "pass")
    ids = [f"6101020000132{number:07}" for number in range(10_000)]
    many["points"] = [{**many["points"][0], "id": one, "name": one} for one in ids]
    rate["findings"] = [{**good, "subject": one} for one in ids]
    html = html_report(many, "zh", nothing)
    assert len(html) < 3_000_000
    assert "另有 9940 项" in html


def test_the_report_of_a_run_without_findings_says_so(tmp_path: Path) -> None:
    with store(tmp_path / "run") as made:
        empty = document(made)
    for one in empty["requirements"]:
        one.update(findings=[], verdict="not-tested")
    empty["summary"]["verdict"] = "not-tested"
    text = parsed(html_report(empty, "zh", nothing)).text
    assert "没有检测，不能说整体通过" in text
