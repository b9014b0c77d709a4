"""The visit ``platform:pages``: the platform's pages as users at a desk and on a phone meet them.

A headless browser opens the address that the site file names, logs in by whatever form is there,
and measures what the page makes of the screen. What the browser asks for on the way is noted too.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from targets.errors import VisitProblem
from visits.circumstances import Visit

PNG = "image/png"
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OPEN_MS, _FORM_MS, _SETTLE_MS = 30_000, 15_000, 1_500
_MOST_REQUESTS = 2_000
#: What a page makes of the screen it is shown on.
_MEASURE = """(screen) => {
  const root = document.documentElement;
  const shown = [...document.querySelectorAll('a,button,input,select,textarea,[role=button]')]
    .map(one => one.getBoundingClientRect()).filter(box => box.width > 0 && box.height > 0);
  const letters = [...document.querySelectorAll('body *')]
    .filter(one => one.childNodes.length && [...one.childNodes].some(
      node => node.nodeType === 3 && node.textContent.trim()))
    .map(one => parseFloat(getComputedStyle(one).fontSize)).filter(size => size > 0);
  return {
    width: screen,
    laid_out: innerWidth,
    scroll_width: Math.max(root.scrollWidth, document.body.scrollWidth),
    controls: shown.length,
    beyond: shown.filter(box => box.left >= screen || box.right > screen + 1).length,
    small: letters.filter(size => size < 9).length,
    letters: letters.length,
    words: document.body.innerText.trim().length,
    viewport: Boolean(document.querySelector('meta[name=viewport]')),
  };
}"""


#: A page's own request, which is given up once it is answered: a stream has no end.
_ASK = """async (path) => {
  const stop = new AbortController();
  const answer = await fetch(path, {signal: stop.signal});
  stop.abort();
  return answer.status;
}"""


@dataclass(frozen=True)
class Screen:
    """A screen that pages are shown on."""

    name: str
    width: int
    height: int
    phone: bool


SCREENS = (Screen("desktop", 1440, 900, False), Screen("phone", 390, 844, True))


async def record_pages(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: there is no platform, no address or no password of it; ``visit.not-offered``
            without a browser on this machine.
    """
    target = visit.platform.target
    if not target.host:
        raise VisitProblem("visit.not-offered", what="uri")
    secret = target.secret()
    if secret is None:
        raise VisitProblem("visit.unauthorised", where="platform")
    visit.facts["platform"] = {"adapter": target.access.adapter, "host": target.host}
    visit.facts["modes"] = list(target.access.modes)
    browser = browser_of_this_machine()
    if browser is None:
        raise VisitProblem("visit.not-offered", what="browser")
    screens, pictures = await asyncio.to_thread(
        _browse, browser, target.base, target.access.user, secret.reveal()
    )
    visit.facts["screens"] = screens
    for name, content in pictures.items():
        visit.draft.keep(f"{name}.png", content, PNG)


def _browse(
    browser: str, base: str, user: str, password: str
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Every screen in turn. Blocks."""
    from playwright.sync_api import Error  # slow to import, rarely needed

    screens: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    with running_browser(browser) as running:
        for screen in SCREENS:
            facts: dict[str, Any] = {"name": screen.name, "logged_in": False}
            screens.append(facts)
            try:
                pictures |= _screen(running, screen, base, user, password, facts)
            except Error as fault:
                facts["problem"] = type(fault).__name__
    return screens, pictures


@contextmanager
def running_browser(browser: str) -> Iterator[Any]:
    """The browser without a window. Blocks.

    Raises:
        VisitProblem: ``visit.not-offered`` when it, or a page in it, did not come so far.
    """
    from playwright.sync_api import Error, sync_playwright  # slow to import, rarely needed

    try:
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=browser, args=list(_QUIET))
            try:
                yield running
            finally:
                running.close()
    except Error as fault:
        raise VisitProblem(
            "visit.not-offered", what="browser", detail=type(fault).__name__
        ) from None


def _screen(
    running: Any, screen: Screen, base: str, user: str, password: str, facts: dict[str, Any]
) -> dict[str, bytes]:
    """One screen: open, log in, measure, and a picture of before and after."""
    context = _context(running, screen)
    asked: list[str] = []
    try:
        page = context.new_page()
        page.on("request", lambda request: _note(asked, request.url))
        page.on("websocket", lambda socket: _note(asked, socket.url))
        field = _form(page, base)
        facts["form"] = page.evaluate(_MEASURE, screen.width)
        before = page.screenshot()
        _log_in(page, field, user, password)
        facts["page"] = page.evaluate(_MEASURE, screen.width)
        facts["logged_in"] = page.locator("input[type=password]:visible").count() == 0
        return {f"{screen.name}-form": before, screen.name: page.screenshot()}
    finally:
        facts["requests"] = _summary(asked)
        context.close()


def _context(running: Any, screen: Screen) -> Any:
    """A browser's window that nobody has used before."""
    # Whether the certificate is sound is for another visit; here the pages are to be seen.
    return running.new_context(
        viewport={"width": screen.width, "height": screen.height},
        is_mobile=screen.phone,
        has_touch=screen.phone,
        device_scale_factor=1,
        locale="zh-CN",
        ignore_https_errors=True,
    )


def _form(page: Any, base: str) -> Any:
    """Open the pages; the field for the password."""
    page.goto(base + "/", timeout=_OPEN_MS, wait_until="load")
    field = page.locator("input[type=password]").first
    field.wait_for(state="visible", timeout=_FORM_MS)
    return field


def _log_in(page: Any, field: Any, user: str, password: str) -> None:
    name = page.locator("input:visible:not([type=password]):not([type=checkbox])").first
    name.fill(user)
    field.fill(password)
    field.press("Enter")
    field.wait_for(state="detached", timeout=_FORM_MS)
    page.wait_for_timeout(_SETTLE_MS)  # lists arrive after the page


def logged_in_page(running: Any, base: str, user: str, password: str) -> Any:
    """A page at a desk on which somebody has logged in. Blocks; raises Playwright's ``Error``."""
    page = _context(running, SCREENS[0]).new_page()
    _log_in(page, _form(page, base), user, password)
    return page


def asked_in_browser(
    browser: str, base: str, user: str, password: str, paths: Sequence[str]
) -> list[int]:
    """The status of each path, asked by the page of somebody who is logged in. Blocks.

    Raises:
        VisitProblem: ``visit.not-offered`` when the browser or the page did not come so far.
    """
    with running_browser(browser) as running:
        page = logged_in_page(running, base, user, password)
        return [int(page.evaluate(_ASK, path)) for path in paths]


def browser_of_this_machine() -> str | None:
    """The path of a Chromium, ``None`` when there is none."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def _note(asked: list[str], url: str) -> None:
    if len(asked) < _MOST_REQUESTS:
        asked.append(url)


def _summary(asked: list[str]) -> dict[str, Any]:
    """How the browser asked: schemes, and parameters that look like a token; never their values."""
    schemes: dict[str, int] = {}
    tokens: set[str] = set()
    for url in asked:
        parts = urlsplit(url)
        if parts.scheme in ("data", "blob"):
            continue
        schemes[parts.scheme] = schemes.get(parts.scheme, 0) + 1
        for name, value in parse_qsl(parts.query):
            if len(value) >= 24 and name not in ("ticket",):
                tokens.add(name[:40])
    return {"schemes": schemes, "long_parameters": sorted(tokens)}
