"""How a simulated camera is fed over Ethernet, as the port of a switch shows it."""

from __future__ import annotations

from typing import Any

from simulators.behaviours import defect, variant
from simulators.camera.state import CameraState

NO_POE_CLASS = defect(
    "no-poe-class",
    "The camera takes power over Ethernet that it did not negotiate: the port shows no class.",
    seen="cameras for passive 24 V injectors",
)
FED_OTHERWISE = defect(
    "fed-otherwise", "A plug-in supply feeds the camera: the port has a link and feeds nobody."
)
DOES_NOT_RETURN = defect(
    "does-not-return-after-cut", "After its supply was cut the camera stays silent."
)
ABOVE_CLASS = defect("power-above-class", "The camera draws more than its class allows.")
SECOND_SUPPLY = defect(
    "second-supply", "The port feeds the camera, and a plug-in supply too: it outlives a cut."
)
OTHER_AT_PORT = defect(
    "other-device-at-port", "The port that is named for the camera feeds another device."
)
PORT_STAYS_ON = defect("port-stays-on", "The port goes on feeding when it is told to stop.")
CLASS_0 = variant("poe-class-0", "The camera shows class 0, as one without classification does.")
SLOW_BOOT = variant("boots-slowly", "After its supply was cut the camera needs 2.5 s to be back.")
_BOOT_S, _SLOW_BOOT_S = 0.4, 2.5


def boot_seconds(state: CameraState) -> float:
    """How long the camera is silent after its supply is back."""
    return _SLOW_BOOT_S if state.has(SLOW_BOOT) else _BOOT_S


def returns(state: CameraState) -> bool:
    """Whether the camera starts by itself once its supply is back."""
    return not state.has(DOES_NOT_RETURN)


def needs_the_port(state: CameraState) -> bool:
    """Whether the camera stops when the port feeds it no longer."""
    return not (state.has(FED_OTHERWISE) or state.has(SECOND_SUPPLY))


def port_obeys(state: CameraState) -> bool:
    """Whether the port does as it is told."""
    return not state.has(PORT_STAYS_ON)


def port_shows(state: CameraState, enabled: bool, running: bool, mac: str) -> dict[str, Any]:
    """What the port shows, as the rig answers it."""
    delivering = enabled and not state.has(FED_OTHERWISE)
    shown = None if state.has(NO_POE_CLASS) else 0 if state.has(CLASS_0) else 2
    power = 9.4 if state.has(ABOVE_CLASS) else 4.1
    link = running or not needs_the_port(state)
    return {
        "enabled": enabled,
        "delivering": delivering,
        "poe_class": shown if delivering else None,
        "power_w": power if delivering else 0.0,
        "link": link,
        "speed_mbps": 100 if link else None,
        "medium": "copper",
        "macs": ["02:00:00:00:00:99" if state.has(OTHER_AT_PORT) else mac] if link else [],
    }
