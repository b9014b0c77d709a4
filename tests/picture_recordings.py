"""Stream and lamp recordings of known pictures, for the tests of the picture probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from assessment.recording import Recording
from benchmarks import material
from benchmarks.material import Optics, Picture
from tests.stream_recordings import CodedPicture, steady_times, stream_recording


def coded(
    pictures: Sequence[Picture], codec: str = "libx264", rate: int = 40_000, gop: int = 1
) -> list[CodedPicture]:
    """Pictures through an encoder; every picture a key picture unless ``gop`` says otherwise.

    40 Mbit/s of key pictures alone give each the 200 kB that it has in a usual stream of 4 Mbit/s.
    """
    units = material.encoded(list(pictures), codec, rate, gop)
    name = {"libx264": "H264", "libx265": "H265"}[codec]
    return [CodedPicture(unit, at % gop == 0, name) for at, unit in enumerate(units)]


def recording_of(pictures: Sequence[Picture], apart_s: float = 1.0, **settings: Any) -> Recording:
    """A stream recording that shows ``pictures``, ``apart_s`` seconds apart."""
    units = coded(pictures, **settings)
    return stream_recording(
        units,
        times=steady_times(len(units), 1 / apart_s),
        timestamps=np.arange(len(units)) * round(90_000 * apart_s),
    )


@lru_cache(maxsize=16)
def street(name: str = "day", width: int = 1920, height: int = 1080) -> Picture:
    """A painted scene of the simulated camera."""
    from simulators.camera.scenes import render

    return render(name, 3, width, height)


@lru_cache(maxsize=1)
def mosaic(seed: int = 1) -> Picture:
    """A scene of 3840x2160 of photographs that no threshold was set on."""
    return material.mosaic(("astronaut.png", "rocket.jpg", "gravel.png"), seed)


@lru_cache(maxsize=8)
def seen_by(size: tuple[int, int], kernel: str = "bicubic", seed: int = 1) -> Picture:
    """The mosaic as a camera of ``size`` shows it in 1920x1080."""
    optics = Optics(blur=0.4, noise=1.2)
    picture = material.camera_picture(mosaic(), size, optics, np.random.default_rng(seed))
    return picture if size == (1920, 1080) else material.upscale(picture, kernel)


def lamp_recording(
    before: Picture, lit: Picture, after: Picture | None = None, **facts: Any
) -> Recording:
    """A ``white-light`` recording: one picture a capture, lamp off, on and off."""
    shown: Mapping[str, Picture] = {
        "before.pcap": before,
        "on.pcap": lit,
        "off.pcap": before if after is None else after,
    }
    streams = {name: recording_of([picture]) for name, picture in shown.items()}
    sample = streams["on.pcap"]
    told = {
        "command": "auxiliary",
        "offered": ["tt:WhiteLight|On", "tt:WhiteLight|Off"],
        "answers": [
            {"state": state, "accepted": True, "detail": ""} for state in ("off", "on", "off")
        ],
        "restored": True,
        "light": {"level": "night", "source": "rig"},
    }
    return replace(
        sample,
        kind="white-light",
        facts={**sample.facts, **told, **facts},
        parts={name: stream.parts["packets.pcap"] for name, stream in streams.items()},
    )


def lens_recording(
    before: Picture, near: Picture | None, back: Picture | None = None, **facts: Any
) -> Recording:
    """A ``lens`` recording: one picture before, there and back."""
    told = {
        "offered": True,
        "move": {"way": "position", "from": 0.0, "to": 0.1, "accepted": True, "detail": ""},
        "restored": True,
    }
    shown = {
        "before.pcap": before,
        "near.pcap": near,
        "back.pcap": before if back is None else back,
    }
    return _of_parts("lens", shown, told | facts)


def switched_recording(off: Picture, on: Picture, **facts: Any) -> Recording:
    """A ``wide-dynamic`` recording: one picture with the function off and one with it on."""
    told = {
        "function": "WideDynamicRange",
        "offered": ["OFF", "ON"],
        "answers": [
            {"state": state, "accepted": True, "detail": "", "told": state.upper()}
            for state in ("off", "on")
        ],
        "restored": True,
    }
    return _of_parts("wide-dynamic", {"off.pcap": off, "on.pcap": on}, told | facts)


def _of_parts(kind: str, shown: Mapping[str, Picture | None], told: Mapping[str, Any]) -> Recording:
    streams = {name: recording_of([one]) for name, one in shown.items() if one is not None}
    sample = next(iter(streams.values()))
    return replace(
        sample,
        kind=kind,
        facts={**sample.facts, **told},
        parts={name: stream.parts["packets.pcap"] for name, stream in streams.items()},
    )
