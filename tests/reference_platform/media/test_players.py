"""Live view in players of others: Chromium by Media Source Extensions, ffmpeg, ffprobe."""

import asyncio
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.reference_platform.media.conftest import Site, StartSite, until
from tests.reference_platform.media.synthetic import SyntheticSources, channel

ONE = channel(1).id
CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")

# What a page does with a live view; returns what it saw after the given seconds.
PLAY = """async ({path, token, seconds}) => {
  const began = performance.now();
  const answer = await fetch(path, {headers: {Authorization: `Bearer ${token}`}});
  const type = answer.headers.get("Content-Type");
  if (!MediaSource.isTypeSupported(type)) return {type, supported: false};
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise(done => source.addEventListener("sourceopen", done, {once: true}));
  const buffer = source.addSourceBuffer(type);
  const reader = answer.body.getReader();
  let shown = null;
  video.requestVideoFrameCallback(() => { shown = performance.now() - began; });
  video.play();
  while (performance.now() - began < 1000 * seconds) {
    const {value, done} = await reader.read();
    if (done) break;
    buffer.appendBuffer(value);
    await new Promise(done => buffer.addEventListener("updateend", done, {once: true}));
  }
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const drawing = canvas.getContext("2d");
  drawing.drawImage(video, 0, 0);
  const side = Math.floor(canvas.width / 24);
  let mark = 0;
  for (let index = 0; index < 8; index++) {
    const {data} = drawing.getImageData(index * side + 2, 2, side - 4, side - 4);
    const red = data.filter((_, at) => at % 4 === 0);
    const mean = red.reduce((sum, value) => sum + value, 0) / red.length;
    mark = 2 * mark + (mean > 125 ? 1 : 0);
  }
  const seen = {
    type, supported: true, shown, mark, error: video.error && video.error.message,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    ranges: video.buffered.length, at: video.currentTime,
  };
  await reader.cancel();
  return seen;
}"""


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_it_plays_in_chromium(new_site: StartSite, codec: str) -> None:
    site = await new_site(sources=SyntheticSources(codec))  # type: ignore[arg-type]
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    assert found, "this test needs Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(QUIET))
        page = await browser.new_page(ignore_https_errors=True)
        await page.goto(f"{site.platform.https_url}/api/status")
        seen: dict[str, Any] = await page.evaluate(
            PLAY, {"path": f"/api/live/{ONE}", "token": site.bob.token, "seconds": 2.5}
        )
        await browser.close()
    assert seen["supported"], seen
    assert seen["error"] is None
    assert seen["mark"] == 1
    assert seen["frames"] > 25
    assert seen["ranges"] == 1
    assert seen["at"] > 1
    assert seen["shown"] < 2000
    await until(lambda: site.platform.media.viewers.count == 0)


async def run(*command: str) -> tuple[str, str]:
    """Output and complaints of a program that must end well."""
    assert shutil.which(command[0]), f"this test needs {command[0]}: apt-get install ffmpeg"
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode(), complaints.decode()


async def test_it_plays_in_ffmpeg_with_a_header(site: Site) -> None:
    output, complaints = await run(
        "ffmpeg", "-v", "warning", "-tls_verify", "0",
        "-headers", f"Authorization: Bearer {site.bob.token}\r\n",
        "-i", f"{site.platform.https_url}/api/live/{ONE}",
        "-frames:v", "20", "-f", "framemd5", "-",
    )  # fmt: skip
    lines = [line for line in output.splitlines() if not line.startswith("#")]
    assert len(lines) == 20
    assert len({line.split(",")[-1] for line in lines}) == 20
    assert re.sub(r".*(verif|certificate).*\n", "", complaints) == ""


async def test_it_opens_in_ffprobe_by_a_ticket(site: Site) -> None:
    wanted = {"kind": "live", "target": ONE}
    url = (await site.bob.ok("POST", "/api/tickets", wanted))["url"]
    began = time.monotonic()
    output, _ = await run(
        "ffprobe", "-v", "error", "-tls_verify", "0", "-of", "json", "-read_intervals", "%+#12",
        "-probesize", "20000", "-analyzeduration", "500000",
        "-show_entries", "stream=codec_name,width:packet=pts_time", "-i", url,
    )  # fmt: skip
    seen = json.loads(output)
    assert seen["streams"] == [{"codec_name": "h264", "width": 384}]
    times = [float(packet["pts_time"]) for packet in seen["packets"]]
    assert len(times) == 12
    assert times[-1] == pytest.approx(11 / 25, abs=0.01)
    assert time.monotonic() - began < 10
    assert await site.carol.refused("GET", url) == "ticket.invalid"
