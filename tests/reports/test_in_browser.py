"""The report as an inspector opens it: in a browser, from the disk, without a network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.reports.synthetic import HOSTILE, written

CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("runs") / "run", "zh")


def open_page(browser: Browser, path: Path, width: int = 1200) -> tuple[Page, list[str]]:
    """The page, and every request that it made beyond itself or complaint of the browser."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    noted: list[str] = []
    page.on("request", lambda request: noted.append(request.url))
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.on("dialog", lambda dialog: noted.append("dialog") or dialog.dismiss())
    page.goto(path.as_uri())
    return page, [one for one in noted if one != path.as_uri() and not one.startswith("data:")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("report.html", ["验收检测报告", "总体结论：不通过", "尚无结论的条目", "20.013 ± 0.012"]),
        (
            "report.en.html",
            ["Acceptance report", "Overall: fail", "What has no verdict", "± 4.0"],
        ),
    ],
)
@pytest.mark.parametrize("width", [1200, 390])
def test_it_opens_from_the_disk_in_both_languages(
    browser: Browser, folder: Path, tmp_path: Path, name: str, shown: list[str], width: int
) -> None:
    page, noted = open_page(browser, folder / name, width)
    assert noted == []
    text = page.inner_text("body")
    assert [one for one in shown if one not in text] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=tmp_path / "report.png", full_page=True)
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.width == width
        assert picture.height > 1500
        assert len(picture.convert("P", palette=Image.Palette.ADAPTIVE).getcolors() or []) > 20


def test_the_evidence_picture_is_shown(browser: Browser, folder: Path) -> None:
    page, _ = open_page(browser, folder / "report.html")
    picture = page.locator("[id='r-4.3.1-c3'] img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 160
    picture.click()
    assert "large" in (picture.get_attribute("class") or "")


def test_requirements_are_filtered_by_verdict_and_words(browser: Browser, folder: Path) -> None:
    page, _ = open_page(browser, folder / "report.html")

    def shown() -> list[str]:
        ids = page.locator("article.requirement:visible .id").all_inner_texts()
        return [str(one) for one in ids]

    assert shown() == ["4.3.1-c2", "4.3.1-c3", "4.3.3.5-b", "5.3-a"]
    page.select_option("#verdict-filter", "fail")
    assert shown() == ["4.3.1-c2", "4.3.1-c3"]
    page.fill("#text-filter", "黑白")
    assert shown() == ["4.3.1-c3"]
    page.fill("#text-filter", "没有这样的词")
    assert page.locator("#nothing-found").is_visible()
    page.fill("#text-filter", "")
    page.select_option("#verdict-filter", "")
    assert len(shown()) > 100


def test_cameras_are_filtered(browser: Browser, folder: Path) -> None:
    page, _ = open_page(browser, folder / "report.html")

    def shown() -> list[str]:
        rows = page.locator("#cameras tr:visible td:first-child bdi:first-child")
        return [text for text in rows.all_inner_texts() if not re.fullmatch(r"\d{20}", text)]

    assert shown() == ["东门枪机", "后院半球", "广场球机"]
    page.check("#camera-faulty")
    assert shown() == ["东门枪机", "后院半球"]
    page.uncheck("#camera-faulty")
    page.select_option("#camera-verdict", "inconclusive")
    assert shown() == ["后院半球"]
    page.select_option("#camera-verdict", "")
    page.fill("#camera-filter", "广场")
    assert shown() == ["广场球机"]


def test_a_link_opens_what_it_points_at(browser: Browser, folder: Path) -> None:
    page, _ = open_page(browser, folder / "report.html")
    page.click("#open details >> nth=0")
    target = page.locator("[id='r-4.1-1']")
    assert not target.is_visible()
    page.evaluate("location.hash = '#r-4.1-1'")
    target.wait_for(state="visible")


def test_paper_holds_everything_that_is_folded_away(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    page, _ = open_page(browser, folder / "report.html")
    assert not page.locator("[id='r-4.3.3.5-b'] table.measurements").is_visible()
    page.pdf(path=tmp_path / "report.pdf")
    assert page.locator("[id='r-4.3.3.5-b'] table.measurements").is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".filters").first.is_visible()


def test_a_hostile_device_runs_nothing_and_widens_nothing(browser: Browser, tmp_path: Path) -> None:
    folder = written(tmp_path / "run", "zh", HOSTILE)
    page, noted = open_page(browser, folder / "report.html", 800)
    assert noted == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    assert "<script>alert(1)</script>" in page.inner_text("#cameras")
