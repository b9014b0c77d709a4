"""The pages in Chromium: what a guard, an operator and an administrator do with them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.async_api import Browser, Page, expect

from messages import catalogue
from reference_platform import pages
from tests.reference_platform.pages.conftest import DESKTOP, DEVICES, PHONE, Site, at_page
from tests.reference_platform.platforms import PASSWORD

PAGES = ("live", "playback", "downloads", "patrols", "alarms", "people", "areas", "audit")
ADVANCES = """async (selector) => {
  const video = document.querySelector(selector);
  const before = video.currentTime;
  await new Promise((done) => setTimeout(done, 1500));
  return [before, video.currentTime, video.videoWidth];
}"""
SCROLLS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def pick(page: Page, channel: str) -> None:
    await page.click(f".tree [data-channel='{channel}']")


async def test_live_pictures_of_both_codecs_and_steering(site: Site, browser: Browser) -> None:
    async with at_page(browser, site.url) as page:
        for device, _ in DEVICES:
            channel = site.channels[device]
            await pick(page, channel)
            cell = page.locator(f".cell[data-channel='{channel}']")
            await expect(cell).to_have_attribute("data-state", "playing", timeout=15_000)
            before, after, width = await page.evaluate(
                ADVANCES, f".cell[data-channel='{channel}'] video"
            )
            assert after > before + 0.5
            assert width > 300
        await page.locator(".key.right").click()
        await expect(page.locator(".holder")).to_contain_text("Administrator")
        await page.get_by_role("button", name="释放控制权").click()
        await expect(page.locator(".holder")).to_have_text("无人控制")
        await page.get_by_role("button", name="保存当前位置").click()
        await page.fill("#field-name", "大门")
        await page.click("dialog .primary")
        await expect(page.locator(".preset")).to_contain_text("大门")


async def recorded(site: Site, channel: str, seconds: float) -> tuple[datetime, datetime]:
    """The last stretch of ``channel``, once it is long enough."""
    now = datetime.now().astimezone()
    query = {
        "channel": channel,
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(hours=1)).isoformat(),
    }
    while True:
        found = await site.admin.ok("GET", "/api/recordings", params=query)
        for span in found["spans"]:
            start, end = map(datetime.fromisoformat, (span["start"], span["end"]))
            if (end - start).total_seconds() > seconds:
                return start, end


async def test_playback_with_each_control_and_a_download(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    channel = site.channels[DEVICES[0][0]]
    start, _ = await recorded(site, channel, 6)
    async with at_page(browser, site.url + "/#/playback") as page:
        await pick(page, channel)
        await expect(page.locator(".tracks .span").first).to_be_visible()
        await page.get_by_role("button", name="10 分钟").click()
        box = await page.locator(".tracks .span").first.bounding_box()
        assert box
        await page.mouse.click(box["x"] + 1, box["y"] + box["height"] / 2)
        await expect(page.locator(".cell")).to_have_attribute(
            "data-state", "playing", timeout=15_000
        )
        await page.get_by_role("button", name="暂停").click()
        await expect(page.get_by_role("button", name="继续")).to_be_visible()
        for scale in ("0.5", "4"):
            await page.select_option(".controls select", scale)
        await page.get_by_role("button", name="继续").click()
        await expect(page.locator(".clock")).to_contain_text(f"{start.astimezone():%Y-%m-%d}")

        await page.click("[data-page=downloads]")
        await page.get_by_role("button", name="新建下载").click()
        await page.select_option("#field-channel", channel)
        for name, moment in (("start", start), ("end", start + timedelta(seconds=3))):
            await page.evaluate(
                "([name, value]) => { const field = document.querySelector(name);"
                " field.step = 1; field.value = value; }",
                [f"#field-{name}", f"{moment + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"],
            )
        await page.click("dialog .primary")
        async with page.expect_download(timeout=30_000) as saved:
            await page.get_by_role("link", name="保存文件").click(timeout=30_000)
        file = tmp_path / "saved.mp4"
        await (await saved.value).save_as(file)
    with av.open(str(file)) as container:
        pictures = sum(1 for _ in container.decode(video=0))
    assert pictures > 40


async def test_a_role_and_a_user_who_may_watch_one_camera(site: Site, browser: Browser) -> None:
    channel = site.channels[DEVICES[0][0]]
    async with at_page(browser, site.url + "/#/people", language="en-GB") as page:
        roles = page.locator(".resource").nth(1)
        await roles.get_by_role("button", name="Add").click()
        await page.fill("#field-name", "Guards")
        await page.select_option("#field-level", "data-access")
        await page.get_by_label("Live view").check()
        await page.click("dialog .primary")
        await expect(roles).to_contain_text("Guards")
        await page.reload()
        users = page.locator(".resource").first
        await users.get_by_role("button", name="Add").click()
        await page.fill("#field-name", "guard")
        await page.fill("#field-password", "short")
        await page.click("dialog .primary")
        await expect(page.locator("dialog .problem")).not_to_be_empty()
        await page.fill("#field-password", PASSWORD)
        await page.locator("#field-roles option", has_text="Guards").evaluate(
            "(option) => { option.selected = true; }"
        )
        await page.get_by_role("button", name="Add cameras").click()
        await page.select_option(".grant select >> nth=0", f"channel:{channel}")
        await page.click("dialog .primary")
        await expect(users).to_contain_text("guard")
    async with at_page(browser, site.url, user="guard") as page:
        await page.fill("#old", PASSWORD)
        for field in ("#new", "#again"):
            await page.fill(field, PASSWORD + "!")
        await page.press("#again", "Enter")
        await page.wait_for_selector("header.top")
        assert await page.locator(".pages a").count() == 1
        assert await page.locator(".tree .leaf").count() == 1


@pytest.mark.parametrize(
    ("language", "size"),
    [("zh-CN", PHONE), ("en-GB", PHONE), ("en-GB", DESKTOP)],
    ids=["zh-phone", "en-phone", "en-desktop"],
)
async def test_every_page_fits_its_screen(
    site: Site, browser: Browser, language: str, size: dict[str, int]
) -> None:
    async with at_page(browser, site.url, language=language, size=size) as page:
        for name in PAGES:
            await page.click(f"[data-page={name}]")
            await expect(page.locator(f"[data-page={name}]")).to_have_attribute(
                "aria-current", "page"
            )
            await page.wait_for_load_state("networkidle") if name != "live" else None
            assert await page.evaluate(SCROLLS) <= 0, name
            shown = await page.locator("main.place").inner_text()
            keys = re.findall(r"\b[a-z]+\.[a-z]+(?:-[a-z]+)*\b", shown)
            assert not [key for key in keys if f"platform-page.{key}" in catalogue()], keys


async def test_a_broken_layout_shows_on_a_phone(new_site: Any, browser: Browser) -> None:
    site = await new_site("mobile-layout-broken")
    async with at_page(browser, site.url, size=PHONE) as page:
        assert await page.evaluate(SCROLLS) > 100


def test_every_sentence_of_the_pages_is_worded() -> None:
    known = pages.wordings("zh")
    used = {
        key
        for path in pages.FOLDER.glob("*.js")
        for key in re.findall(r'\bt\("([a-z-]+(?:\.[a-z0-9-]+)*)"', path.read_text("utf-8"))
    }
    assert used
    assert sorted(used - set(known)) == []
