"""What lens and sensor functions make of the scene of a simulated camera."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from simulators.camera.scenes import render
from simulators.camera.state import CameraState
from simulators.camera.stream_plan import stream_plan


def camera(*behaviours: str, zoom: float = 0.0, light: str = "day") -> CameraState:
    state = CameraState("127.0.0.1", "p", behaviours=set(behaviours), light=light)
    state.zoom_position = lambda: zoom
    return state


@pytest.mark.parametrize(
    ("behaviour", "zoom", "blur"),
    [("", 1.5, 0.0), ("zoom-without-effect", 1.0, 0.0), ("defocus-after-zoom", 1.5, 5.0)],
)
def test_the_view_follows_the_drive(behaviour: str, zoom: float, blur: float) -> None:
    spec = stream_plan(camera(*filter(None, [behaviour]), zoom=0.1), "main")
    assert (spec.zoom, spec.blur) == (zoom, blur)
    rest = stream_plan(camera(*filter(None, [behaviour])), "main")
    assert (rest.zoom, rest.blur) == (1.0, 0.0)


def test_a_narrower_view_is_the_middle_with_more_detail() -> None:
    wide, narrow = (render("static", 0, 640, 360, zoom=zoom) for zoom in (1.0, 2.0))
    middle = cv2.resize(wide[90:270, 160:480], (640, 360), interpolation=cv2.INTER_CUBIC)
    assert float(np.abs(middle.astype(int) - narrow).mean()) < 12
    sharp = [cv2.Laplacian(one, cv2.CV_32F).std() for one in (middle, narrow)]
    assert sharp[1] > 1.5 * sharp[0]


def test_functions_of_the_sensor_change_the_scene_of_sun_and_shade() -> None:
    def shown(*behaviours: str, wide: str = "OFF", tone: str = "OFF") -> str:
        state = camera(*behaviours, light="high-contrast")
        state.wide_dynamic_range, state.tone_compensation = wide, tone
        return stream_plan(state, "main").scene

    assert shown() == "high-contrast"
    assert shown(wide="ON") == "high-contrast-wdr"
    assert shown(tone="ON") == "high-contrast-hlc"
    assert shown("wdr-without-effect", wide="ON") == "high-contrast"
    assert shown("hlc-without-effect", tone="ON") == "high-contrast"
    assert stream_plan(camera("clipped-highlights"), "main").scene == "overexposed"
