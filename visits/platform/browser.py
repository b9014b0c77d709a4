"""The visits ``platform:browser`` and ``platform:browser-playback``: what a user sees in a browser.

A test user works the platform's own pages in a headless browser. What is kept is what stands on
the screen: photographs of the picture, one after another, each with its time; one that is like
the one before is kept once. Which pages can be worked, ``PAGES`` says.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from protocols.time_source import TimeSource
from targets.errors import VisitProblem
from targets.platform.reference_pages import ReferencePages
from visits.circumstances import Visit
from visits.platform.moments import period_with_gap
from visits.platform.pages import (
    PNG,
    SCREENS,
    browser_of_this_machine,
    logged_in_page,
    running_browser,
)
from visits.platform.people import make_roles, make_user
from visits.platform.script import PlatformScript, Step, working
from visits.platform.watching import served_channels

#: The pages that can be worked, by the adapter of their platform.
PAGES: Mapping[str, type[ReferencePages]] = {"reference": ReferencePages}
MOTION_JPEG = "video/x-motion-jpeg"
_QUALITY = 85
#: Photographs of each stretch at least.
_FEWEST = 8
#: A picture is waited for so long; and between two looks at whether it is there.
_PATIENCE_S, _LOOK_MS = 20.0, 100
_LOOK_BACK_S = 3_600.0
#: Where in the period a playback begins and seeks go; length of what is saved.
_BEGIN_S, _SEEKS = 10.0, (61.0, 94.0)
_SAVED_S = 10.0
#: Seconds of media beyond which a fast pace begins at the start again.
_RUN_S = 40.0
#: Of media that a slow pace must show: two ticks of a clock of whole seconds, and some.
_SLOW_MEDIA_S = 2.6
#: What a player has in hand it shows at the pace before.
_IN_HAND_S = 1.5
_LEAST_S = 120.0


class Film:
    """Photographs of one picture on the screen, as a Motion JPEG."""

    def __init__(self, page: Any, time_source: TimeSource) -> None:
        # Asked directly: the wrapper's own way takes several turns for each photograph.
        self._camera = page.context.new_cdp_session(page)
        self._time = time_source
        self._last = b""
        self.taken = 0
        self.content = bytearray()
        self.arrivals: list[tuple[float, int]] = []

    def take(self, video: Any, seconds: float) -> None:
        """Photograph ``video`` for ``seconds``, as often as the machine allows.

        A slow machine takes longer, so that there is something to judge by.
        """
        box = video.bounding_box()
        if box is None:
            return
        begun, few = self._time.now(), self.taken + (_FEWEST if seconds else 0)
        while (now := self._time.now()) < begun + seconds or (
            self.taken < few and now < begun + _PATIENCE_S
        ):
            taken = self._camera.send(
                "Page.captureScreenshot",
                {"format": "jpeg", "quality": _QUALITY, "clip": {**box, "scale": 1}},
            )
            shot = b64decode(taken["data"])
            self.taken += 1
            if shot != self._last:
                self._last = shot
                self.content += shot
                self.arrivals.append((now, len(self.content)))


class _Work:
    """One visit's work in the browser; runs in a thread, so that the visit's loop goes on."""

    def __init__(self, script: PlatformScript, pages: ReferencePages, page: Any) -> None:
        self.script = script
        self.pages = pages
        self.page = page
        self.seconds = script.visit.lengths.platform_stream

    def film(self, video: Any, step: Step, seconds: float) -> Film:
        """Wait until the picture runs, then film it."""
        film = Film(self.page, self.script.visit.time)
        deadline = self.script.now + _PATIENCE_S
        while not self.pages.is_playing(video) and self.script.now < deadline:
            self.page.wait_for_timeout(_LOOK_MS)
        step["playing"] = self.script.now if self.pages.is_playing(video) else None
        film.take(video, seconds)
        return film

    def keep(self, film: Film, step: Step) -> None:
        """Make a part of a film."""
        part = f"{len(self.script.steps):03d}-{step['name']}-{step['of']}.mjpeg"
        self.script.visit.draft.keep(part, bytes(film.content), MOTION_JPEG)
        step |= {
            "part": part,
            "arrivals": film.arrivals,
            "taken": film.taken,
            "says": self.pages.complaint(),
        }

    def photograph(self, name: str) -> None:
        """The whole screen as it is now."""
        self.script.visit.draft.keep(f"{name}.png", self.page.screenshot(), PNG)

    def watch(self, channel: Mapping[str, Any], user: str) -> None:
        """Watch one channel live."""
        codec = str(channel["codec"])
        step: Step = {
            "name": "page-live", "of": codec, "at": self.script.now,
            "channel": channel["id"], "user": user,
        }  # fmt: skip
        self.script.steps.append(step)
        video = self.pages.watch(channel["id"])
        self.keep(self.film(video, step, self.seconds), step)

    def show_everywhere(self, channel: str) -> None:
        """The live view in both languages, at a desk and on a phone, as evidence."""
        for language in ("zh", "en"):
            self.pages.speak(language)
            for screen in SCREENS:
                self.page.set_viewport_size({"width": screen.width, "height": screen.height})
                video = self.pages.watch(channel)
                self.film(video, {}, 0.0)
                self.photograph(f"live-{language}-{screen.name}")
        self.page.set_viewport_size({"width": SCREENS[0].width, "height": SCREENS[0].height})

    def save(self, channel: Mapping[str, Any], user: str, start: float) -> None:
        """Save a period from the page."""
        end = start + _SAVED_S
        order: Step = {
            "name": "order", "of": "saved", "at": self.script.now, "channel": channel["id"],
            "device": channel["device"], "user": user, "start": start, "end": end,
        }  # fmt: skip
        self.script.steps.append(order)
        content = self.pages.save(channel["id"], start, end)
        order |= {"ended": self.script.now, "says": self.pages.complaint()}
        self.photograph("downloads")
        if content is not None:
            self.script.visit.draft.keep("saved.mp4", content, "video/mp4")
            self.script.steps.append(
                {
                    "name": "fetch", "of": "saved", "at": self.script.now, "part": "saved.mp4",
                    "received": len(content),
                }
            )  # fmt: skip

    def play(self, channel: str, user: str, period: Mapping[str, Any]) -> None:
        """Play a period with each control of the page."""
        began = self.script.now
        video, place = self.pages.open_playback(channel, period["start"] + _BEGIN_S)
        step: Step = {
            "name": "playback", "of": "player", "at": began, "channel": channel, "user": user,
            "start": place.time, "end": period["end"],
        }  # fmt: skip
        self.script.steps.append(step)
        film = self.film(video, step, 0.0)
        try:
            self._steer(film, video, period)
            self.photograph("playback")
        finally:
            self.keep(film, step)

    def _steer(self, film: Film, video: Any, period: Mapping[str, Any]) -> None:
        start, run = period["start"] + _BEGIN_S, 0.0
        for pace in self.script.visit.lengths.page_paces:
            seconds = _IN_HAND_S + max(self.seconds, _SLOW_MEDIA_S / pace)
            if run + seconds * pace > _RUN_S:
                self._seek(film, video, start)
                run = 0.0
            run += seconds * pace
            with self._command("scale", scale=pace) as step:
                self.pages.set_pace(pace)
            self._look(film, video, seconds, step)
        self.pages.set_pace(1.0)
        self._seek(film, video, start)
        for kind in ("pause", "resume"):
            with self._command(kind) as step:
                self.pages.press_pause()
            self._look(film, video, self.seconds, step)
        for offset in _SEEKS:
            self._seek(film, video, period["start"] + offset)
        if period["gap"] is not None:
            self._seek(film, video, period["gap"]["end"] + 8.0, gap="behind")

    def _seek(self, film: Film, video: Any, at: float, **more: Any) -> None:
        with self._command("seek", **more) as step:
            step["position"] = self.pages.choose(at).time
        self._look(film, video, self.seconds, step)

    @contextmanager
    def _command(self, kind: str, **more: Any) -> Iterator[Step]:
        """A step for a command that a user gives with the pointer."""
        step: Step = {"name": "steer", "kind": kind, "of": "player", "at": self.script.now, **more}
        self.script.steps.append(step)
        yield step
        step |= {"state": "done", "ended": self.script.now}

    def _look(self, film: Film, video: Any, seconds: float, step: Step) -> None:
        film.take(video, seconds)
        step["until"] = self.script.now


async def record_browser(visit: Visit) -> None:
    """Watch an H.264 and an H.265 channel and save a period, as docs/recordings.md describes.

    Raises:
        VisitProblem: see ``working``; ``visit.not-offered`` for pages that nobody here can work,
            and without a browser on this machine.
    """
    browser = _browser(visit)
    async with working(visit) as script:
        channels = await served_channels(script, script.admin)
        now = script.now
        saved, period = await period_with_gap(
            script, channels, now - _LOOK_BACK_S, now, least=_SAVED_S + 30.0
        )
        shown = _one_of_each(channels)
        await make_roles(script)
        wanted = {one["id"] for one in (*shown, saved)}
        await make_user(script, "viewer", sorted(wanted))
        user = script.made["viewer"].name

        def work(task: _Work) -> None:
            for one in shown:
                task.watch(one, user)
            if shown:
                task.show_everywhere(shown[-1]["id"])
            task.save(saved, user, float(int(period["start"] + 10.0)))

        await asyncio.to_thread(_at_the_pages, script, browser, work)


async def record_browser_playback(visit: Visit) -> None:
    """Play a recorded period with each control of the pages.

    Raises:
        VisitProblem: see ``record_browser``; nothing is recorded.
    """
    browser = _browser(visit)
    async with working(visit) as script:
        channels = await served_channels(script, script.admin)
        now = script.now
        channel, period = await period_with_gap(
            script, channels, now - _LOOK_BACK_S, now, least=_LEAST_S
        )
        await make_roles(script)
        await make_user(script, "viewer", [channel["id"]])
        user = script.made["viewer"].name

        def work(task: _Work) -> None:
            task.play(channel["id"], user, period)

        await asyncio.to_thread(_at_the_pages, script, browser, work)


def _browser(visit: Visit) -> str:
    if visit.platform.target.access.adapter not in PAGES:
        raise VisitProblem("visit.not-offered", what="pages")
    browser = browser_of_this_machine()
    if browser is None:
        raise VisitProblem("visit.not-offered", what="browser")
    return browser


def _one_of_each(channels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first channel of each codec that is online; H.265 last."""
    online = [one for one in channels if one["online"] and one["codec"]]
    first = {one["codec"]: one for one in reversed(online)}
    return [first[codec] for codec in sorted(first)]


def _at_the_pages(script: PlatformScript, browser: str, work: Callable[[_Work], None]) -> None:
    """Log the test user in and do the work. Blocks.

    What was seen until a page does not go on is judged; ``broke_off`` says that it did not.

    Raises:
        VisitProblem: see ``running_browser``.
    """
    from playwright.sync_api import Error  # slow to import, rarely needed

    target, account = script.visit.platform.target, script.accounts["viewer"]
    with running_browser(browser) as running:
        page = logged_in_page(running, target.base, account.user, account.password.reveal())
        try:
            work(_Work(script, PAGES[target.access.adapter](page), page))
        except (Error, LookupError) as fault:
            script.visit.facts["broke_off"] = f"{type(fault).__name__}: {fault}"[:300]
            with suppress(Error):
                script.visit.draft.keep("broke-off.png", page.screenshot(), PNG)
