"""The camera's own lamp: what is commanded, and what really shines.

The ONVIF services command it, the scenes of the stream show it; both ask here, so that a defect
of the lamp is one fact of the camera.
"""

from __future__ import annotations

from typing import Literal

from simulators.behaviours import defect
from simulators.camera.state import CameraState

Command = Literal["on", "off", "auto"]

NO_LIGHT = defect("no-light", "The camera has no lamp at all, and offers no command for one.")
INFRARED_ONLY = defect(
    "infrared-only", "The camera has an infrared lamp and no white one: grey pictures by night."
)
LIGHT_STUCK_OFF = defect(
    "light-stuck-off", "Commands of the white lamp are accepted and told back; it stays dark."
)
LIGHT_COMMAND_IGNORED = defect(
    "light-command-ignored",
    "Commands of the white lamp are answered with success and change nothing.",
)
COLOURED_LIGHT = defect("coloured-light", "The lamp sold as white shines in a strong colour.")


def offers_white_light(state: CameraState) -> bool:
    """Whether the camera tells of a white lamp and takes commands for it."""
    return not (state.has(NO_LIGHT) or state.has(INFRARED_ONLY))


def offers_infrared(state: CameraState) -> bool:
    """Whether the camera tells of an infrared lamp and takes commands for it."""
    return state.has(INFRARED_ONLY)


def command(state: CameraState, wanted: Command) -> None:
    """Take a command for the lamp; a camera that ignores it keeps its setting."""
    if not state.has(LIGHT_COMMAND_IGNORED):
        state.white_light = wanted


def white_light_shines(state: CameraState) -> bool:
    """Whether visible light leaves the camera; in ``auto`` it does when the scene is dark."""
    return offers_white_light(state) and not state.has(LIGHT_STUCK_OFF) and _lit(state)


def infrared_shines(state: CameraState) -> bool:
    """Whether infrared light leaves the camera."""
    return offers_infrared(state) and _lit(state)


def _lit(state: CameraState) -> bool:
    if state.white_light == "auto":
        return state.light == "night"
    return state.white_light == "on"
