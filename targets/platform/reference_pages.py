"""The pages of the reference platform, worked as a user works them: by what stands on the screen.

Nothing here depends on the language of the pages. Everything blocks, and raises Playwright's
``Error`` when a page is not as it should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

_BEIJING = timezone(timedelta(hours=8))
_OPEN_MS, _FILE_MS = 15_000, 90_000
#: The closest look that the timeline offers, in seconds.
_SPAN_S = 600
_PLAYING = """(video) => video.readyState >= 2 && video.currentTime > 0"""
#: Of the timeline: clicks on "earlier" until a place must have come into sight (a day's worth).
_MOST_MOVES = 300


@dataclass(frozen=True)
class Place:
    """A place in the timeline: where on the screen, and what time stands there (POSIX seconds)."""

    x: float
    y: float
    time: float


class ReferencePages:
    """Live view, playback and downloads in a page of somebody who is logged in.

    Args:
        page: of Playwright's synchronous interface.
    """

    def __init__(self, page: Any) -> None:
        self._page = page

    def watch(self, channel: str) -> Any:
        """Choose a channel of the live view, alone on the screen; its picture."""
        self._turn_to("live")
        self._page.click(".stage header .segments button[value='1']")
        self._pick(channel)
        return self._page.locator(f".cell[data-channel='{channel}'] video")

    def open_playback(self, channel: str, at: float) -> tuple[Any, Place]:
        """Play what is recorded of a channel from ``at`` on; the picture, and the place chosen."""
        page = self._page
        self._turn_to("playback")
        self._pick(channel)
        page.fill("input[type=date]", f"{_civil(at):%Y-%m-%d}")
        page.dispatch_event("input[type=date]", "change")
        page.locator(".tracks .span").first.wait_for(state="attached", timeout=_OPEN_MS)
        page.click(f".timeline .segments button[value='{_SPAN_S}']")
        place = self.choose(at)
        page.locator(".controls .primary:enabled").wait_for(timeout=_OPEN_MS)
        return page.locator(".cell video"), place

    def choose(self, at: float) -> Place:
        """Click the timeline where the pointer says ``at``, or as near as a pixel comes."""
        place = self._place_of(at)
        self._page.mouse.click(place.x, place.y)
        return place

    def set_pace(self, pace: float) -> None:
        """Choose a pace among those that the page offers."""
        self._page.select_option(".controls select", f"{pace:g}")

    def press_pause(self) -> None:
        """Press the button that pauses and goes on."""
        self._page.click(".controls .primary")

    def save(self, channel: str, start: float, end: float) -> bytes | None:
        """Order a file of a period (whole seconds) and save it; ``None`` when none is offered."""
        page = self._page
        self._turn_to("downloads")
        page.click("article header .primary")
        page.select_option("#field-channel", channel)
        page.fill("#field-start", _typed(start))
        page.fill("#field-end", _typed(end))
        page.click("dialog .primary")
        link = page.locator("a[download]").first
        if not self._offered(link):
            return None
        with page.expect_download(timeout=_FILE_MS) as saving:
            link.click()
        return Path(saving.value.path()).read_bytes()

    def speak(self, language: str) -> None:
        """Have the pages in another language (``zh`` or ``en``)."""
        switch = self._page.locator(f"button.language[lang='{language}']")
        if switch.count():  # there is none to the language that is spoken
            switch.click()
        self._page.locator(f"html[lang^='{language}']").wait_for(state="attached", timeout=_OPEN_MS)

    def is_playing(self, video: Any) -> bool:
        """Whether the picture has begun to run."""
        return bool(video.evaluate(_PLAYING))

    def complaint(self) -> str:
        """What the page says instead of a picture, or at its edge."""
        shown = self._page.locator(".cell .message:visible, .notice.bad, dialog .problem")
        return " ".join(shown.all_inner_texts())[:200]

    def _turn_to(self, name: str) -> None:
        self._page.click(f"[data-page={name}]")
        self._page.locator(f"[data-page={name}][aria-current=page]").wait_for(timeout=_OPEN_MS)

    def _pick(self, channel: str) -> None:
        leaf = self._page.locator(f".tree [data-channel='{channel}']")
        leaf.wait_for(state="attached", timeout=_OPEN_MS)
        if not leaf.is_visible():  # a narrow screen keeps the tree behind a button
            self._page.click(".tree-button")
        leaf.click()

    def _offered(self, link: Any) -> bool:
        """Whether the file comes to be offered; a refusal in the dialog ends the wait."""
        problem = self._page.locator("dialog .problem:not(:empty), .state.bad")
        link.or_(problem).first.wait_for(timeout=_FILE_MS)
        return bool(link.is_visible())

    def _place_of(self, at: float) -> Place:
        for _ in range(_MOST_MOVES):
            box = self._page.locator(".timeline .line").bounding_box()
            y = box["y"] + box["height"] / 2
            left, right = (self._hover(x, y) for x in (box["x"] + 1, box["x"] + box["width"] - 2))
            if left <= at <= right:
                share = (at - left) / (right - left)
                x = box["x"] + 1 + share * (box["width"] - 3)
                # The pointer says whole seconds: the place is somewhere within one.
                return Place(x, y, self._hover(x, y) + 0.5)
            self._page.locator(".timeline .tools > button").nth(0 if at < left else 1).click()
        raise LookupError("the timeline does not come to the place")

    def _hover(self, x: float, y: float) -> float:
        """POSIX seconds that the page says of a place of the timeline."""
        self._page.mouse.move(x, y)
        words = self._page.locator(".timeline .hover").inner_text()
        return datetime.fromisoformat(words).replace(tzinfo=_BEIJING).timestamp()


def _civil(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(_BEIJING)


def _typed(at: float) -> str:
    """As a field for date and time takes it: seconds only where there are some."""
    civil = _civil(at)
    return civil.strftime("%Y-%m-%dT%H:%M:%S" if civil.second else "%Y-%m-%dT%H:%M")
