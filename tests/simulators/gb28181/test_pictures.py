from __future__ import annotations

import asyncio

import pytest

from simulators.camera import scenes
from simulators.camera.encoders import ClipSpec
from simulators.camera.gb28181 import view
from simulators.camera.gb28181.head import Position
from simulators.camera.gb28181.pictures import LIVE_FPS, HeadPictures


class Clock:
    """A clock that the test moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def head(clock: Clock) -> HeadPictures:
    return HeadPictures(ClipSpec(scene="day"), lambda: Position(0.0, 0.0, 1.0), 5.0, clock)


async def test_a_key_picture_asked_for_while_another_is_coded_is_the_next_one() -> None:
    pictures = head(Clock())
    assert (await pictures.next_picture()).key
    coding = asyncio.create_task(pictures.next_picture())
    await asyncio.sleep(0)
    pictures.force_key()
    assert not (await coding).key
    assert (await pictures.next_picture()).key
    assert not (await pictures.next_picture()).key


async def test_a_camera_that_cannot_keep_up_leaves_pictures_out() -> None:
    clock = Clock()
    pictures = head(clock)
    taken = [(await pictures.next_picture()).taken]
    for seconds in (1 / LIVE_FPS, 1.0, 1 / LIVE_FPS):
        clock.now += seconds
        taken.append((await pictures.next_picture()).taken)
    assert taken[0] == 5.0
    assert taken[1] == 5.0 + 1 / LIVE_FPS
    assert abs(taken[3] - (clock.now - 95.0)) < 1 / LIVE_FPS
    assert pictures.due() == taken[3] + 1 / LIVE_FPS


async def test_cameras_that_look_at_the_same_have_it_painted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    painted = []
    render = scenes.render

    def counted(*arguments: object, **more: object) -> object:
        painted.append(arguments)
        return render(*arguments, **more)

    view._painted.cache_clear()
    monkeypatch.setattr(scenes, "render", counted)
    await asyncio.gather(*(asyncio.to_thread(view.panorama, "day") for _ in range(6)))
    assert len(painted) == 1
