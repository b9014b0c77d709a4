"""The pace of a playback in Chromium, by the time that stands in the pixels of what it shows."""

from __future__ import annotations

from itertools import combinations
from statistics import median
from typing import Any

import numpy as np
from playwright.async_api import Browser, Page, expect

from reference_platform.recording.planting import read_bars
from reference_platform.times import moment
from tests.reference_platform.pages.conftest import at_page
from tests.reference_platform.playback.conftest import CHANNELS, StartSite
from tests.reference_platform.playback.conftest import new_site as planted_site

__all__ = ["planted_site"]

# For so long a player shows on, at the earlier pace, what it had in hand.
IN_HAND_MS = 1_500
SHOWN = """async ([first, last]) => {
  const video = document.querySelector(".cell video");
  const width = video.videoWidth, height = video.videoHeight, bars = Math.round(height / 4);
  const pen = new OffscreenCanvas(width, bars).getContext("2d", {willReadFrequently: true});
  const begun = performance.now();
  const seen = [];
  let over = false;
  setTimeout(() => { over = true; }, last);
  while (!over) {
    await new Promise((done) => { video.requestVideoFrameCallback(done); setTimeout(done, last); });
    const now = performance.now() - begun;
    if (now < first || over) continue;
    pen.drawImage(video, 0, height - bars, width, bars, 0, 0, width, bars);
    const {data} = pen.getImageData(0, 0, width, bars);
    seen.push([now / 1000, Array.from({length: width * bars}, (_, at) => data[4 * at + 1])]);
  }
  return [width, height, seen];
}"""


async def test_every_pace_is_the_pace_of_what_is_shown(
    planted_site: StartSite, browser: Browser
) -> None:
    site = await planted_site(spans=[(0.0, 3_600.0)])
    begun = moment(site.base).astimezone()
    async with at_page(browser, f"{site.platform.https_url}/#/playback", user="alice") as page:
        await page.click(f".tree [data-channel='{CHANNELS[0]}']")
        await page.fill("input[type=date]", f"{begun:%Y-%m-%d}")
        box = await page.locator(".tracks .span").first.bounding_box()
        assert box
        await page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
        await expect(page.locator(".cell")).to_have_attribute("data-state", "playing")
        paces = {}
        for scale, seconds in (
            ("0.125", 6),
            ("0.25", 4),
            ("2", 2),
            ("8", 2),
            ("16", 2),
        ):
            await page.select_option(".controls select", scale)
            paces[float(scale)] = await shown_pace(page, seconds)
    wrong = {scale: pace for scale, pace in paces.items() if not 0.8 < pace / scale < 1.25}
    assert wrong == {}, paces


async def shown_pace(page: Page, seconds: float) -> float:
    """Shown seconds over real ones: the median of all pairs of pictures that lie well apart."""
    last = IN_HAND_MS + 1_000 * seconds
    found: Any = await page.evaluate(SHOWN, [IN_HAND_MS, last])
    width, height, pictures = found
    seen = []
    for at, bars in pictures:
        luma = np.zeros((height, width), np.uint8)
        rows = np.asarray(bars, np.uint8).reshape(-1, width)
        luma[-len(rows) :] = rows
        seen.append((at, read_bars(luma)))
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in combinations(seen, 2)
        if later[0] - earlier[0] > seconds / 4
    ]
    assert slopes, f"{len(seen)} pictures"
    return median(slopes)
