"""What lens, sensor and exposure make of the scene, beyond the light around the camera.

The ONVIF services command it, the scenes of the stream show it; both ask here, as for the lamp.
"""

from __future__ import annotations

from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

ZOOM_WITHOUT_EFFECT = defect(
    "zoom-without-effect", "Zoom commands are accepted and told back; the picture stays as it is."
)
DEFOCUS_AFTER_ZOOM = defect(
    "defocus-after-zoom",
    "Whenever the lens is not at its wide end, the picture stays out of focus.",
)
ZOOM_BY_SPEED = variant(
    "zoom-by-speed-only", "The zoom is driven by speed only, and does not tell where it stands."
)
WDR_WITHOUT_EFFECT = defect(
    "wdr-without-effect",
    "Wide dynamic range is accepted and told back; the picture stays as it is.",
)
WDR_NOT_OFFERED = defect("wdr-not-offered", "Wide dynamic range is not among the imaging options.")
WDR_ALWAYS_ON = defect(
    "wdr-always-reports-on", "Wide dynamic range is told to be on, whatever it was set to."
)
HLC_WITHOUT_EFFECT = defect(
    "hlc-without-effect",
    "Highlight suppression is accepted and told back; the picture stays as it is.",
)
HLC_NOT_OFFERED = variant(
    "hlc-not-offered", "Neither tone nor backlight compensation is among the imaging options."
)
CLIPPED_HIGHLIGHTS = defect(
    "clipped-highlights", "By day the exposure is far too long: most of the picture is white."
)

WIDEST, LONGEST = 1.0, 6.0
"""Zoom factor at the two ends of the lens."""
_STEP = 0.05
_BLUR = 5.0


def zoom_factor(state: CameraState) -> float:
    """How much narrower the view is than at the wide end, in steps, so that clips can be kept."""
    if state.has(ZOOM_WITHOUT_EFFECT):
        return WIDEST
    position = round(state.zoom_position() / _STEP) * _STEP
    return round(WIDEST + (LONGEST - WIDEST) * position, 3)


def blur(state: CameraState) -> float:
    """Standard deviation of the blur of a lens out of focus, in pixels of a picture 1920 wide."""
    return _BLUR if state.has(DEFOCUS_AFTER_ZOOM) and zoom_factor(state) > WIDEST else 0.0


def contrast_scene(state: CameraState) -> str:
    """The scene of sun and shade as the sensor's functions leave it."""
    if state.wide_dynamic_range == "ON" and not state.has(WDR_WITHOUT_EFFECT):
        return "high-contrast-wdr"
    if state.tone_compensation == "ON" and not state.has(HLC_WITHOUT_EFFECT):
        return "high-contrast-hlc"
    return "high-contrast"
