"""What stands behind a staged platform whose pictures, recordings or cameras are judged."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from console.bundled_platform import EAST, WEST, BundledPlatform, bundled_platform
from console.platform_plan import HostedCamera
from simulators.site_plan import Ground

_DAY_S = 86_400.0
#: Kinds of visit that look at pictures.
VIDEO = frozenset(
    f"platform:{kind}"
    for kind in (
        "live", "viewers", "playback", "download", "storage", "control", "patrol", "ramp",
        "browser", "browser-playback",
    )
)  # fmt: skip
#: Compliant in another way, and no behaviour of the platform: its cameras or its settings differ.
_CAMERAS_ONLY = {
    "h265-cameras": {"codec": "h265"},
    "small-pictures": {"width": 480, "height": 270},
    "high-definition-cameras": {"width": 1280, "height": 720, "fps": 5.0},
    "twenty-five-pictures": {"fps": 25.0},
}
#: Days that are promised, and that are kept.
_PROMISED, _KEPT_DAYS = 7, 7.2
#: One stretch, a gap of half a minute, another one.
_WITH_GAP = ((2000.0, 420.0), (390.0, 30.0))
_DAYS = ((_KEPT_DAYS * _DAY_S, 30.0),)
_WITH_A_DAY_MISSING = ((_KEPT_DAYS * _DAY_S, 4.5 * _DAY_S), (3.5 * _DAY_S, 30.0))
_STORED = {"gaps-hidden-by-index": _WITH_A_DAY_MISSING}
#: What the recorder of ``gap-each-midnight`` leaves out of every day.
_MIDNIGHT_S, _BEIJING_S = 120.0, 28_800
_MISSING_DAY = ((4.5 * _DAY_S, 3.5 * _DAY_S),)
#: Seconds that a camera stays with whoever steered it: little, for it is waited for.
_HOLD_S = 2.5


def looks_at_pictures(kinds: Iterable[str]) -> bool:
    """Whether one of these visits needs cameras that show something worth reading."""
    return not VIDEO.isdisjoint(kinds)


def video_platform(
    number: int, ground: Ground, *, name: str, network: str, kinds: Iterable[str]
) -> BundledPlatform:
    """A platform with the behaviour or setting ``name`` for visits of ``kinds``."""
    kinds = frozenset(kinds)
    cameras = tuple(
        replace(one, **_CAMERAS_ONLY.get(name, {})) if one.alive else one  # type: ignore[arg-type]
        for one in _cameras(number)
    )
    staged = bundled_platform(
        number,
        ground,
        name=name,
        network=network,
        behaviours=() if name in _CAMERAS_ONLY or name == "sound" else (name,),
        cameras=cameras,
    )
    recorded: tuple[tuple[float, float], ...] = _WITH_GAP
    if "platform:storage" in kinds:
        recorded = _STORED.get(name, _DAYS)
        if name == "gap-each-midnight":
            recorded = _without_midnights(time.time())
    hosted = replace(
        staged.hosted,
        recorded=recorded,
        lost=_MISSING_DAY if name == "index-without-media" else (),
        hold_s=_HOLD_S,
    )
    access = staged.point.platform
    assert access is not None
    point = replace(staged.point, platform=replace(access, retention_days=_PROMISED))
    return BundledPlatform(point, hosted)


def _without_midnights(now: float) -> tuple[tuple[float, float], ...]:
    """Days of recordings as a recorder leaves them that loses the beginning of each."""
    since_midnight = (now + _BEIJING_S) % _DAY_S
    begun, spans = _KEPT_DAYS * _DAY_S, []
    for day in range(int(_KEPT_DAYS), -1, -1):
        midnight = since_midnight + day * _DAY_S
        if midnight >= begun or midnight - _MIDNIGHT_S <= 30.0:
            continue
        spans.append((begun, midnight))
        begun = midnight - _MIDNIGHT_S
    return (*spans, (begun, 30.0))


def _cameras(number: int) -> tuple[HostedCamera, ...]:
    """A recorder of two channels, a camera that speaks H.265, and one that is out of order."""
    first = number * 10
    return (
        HostedCamera(
            f"6101020000118{first + 1:07d}", "东门录像机", EAST, channels=2,
            width=640, height=360, fps=10.0,
        ),
        HostedCamera(
            f"6101040000132{first + 2:07d}", "西街摄像机", WEST,
            codec="h265", width=640, height=360, fps=10.0,
        ),
        HostedCamera(f"6101050000132{first + 3:07d}", "北巷摄像机", WEST, alive=False),
    )  # fmt: skip
