"""Short clips, and the program streams that are made of them."""

from functools import cache

from protocols.mpeg_ps import ProgramStreamBuilder
from protocols.mpeg_ps.build import NO_FLAWS, Flaws
from simulators.camera import clips
from simulators.camera.encoders import Clip, ClipSpec

STEP = 3600
FIRST = 9000
SOUND = bytes(range(128, 208)) * 4


@cache
def clip(codec: str = "H264") -> Clip:
    """Two seconds with a key picture every second."""
    return clips.encode(
        ClipSpec(codec=codec, width=320, height=240, seconds=2.0, bitrate_kbps=500, gop=25)
    )


def stream(
    codec: str = "H264",
    audio: str | None = "PCMA",
    flaws: Flaws = NO_FLAWS,
    *,
    first: int = FIRST,
    step: int = STEP,
) -> list[bytes]:
    """The packs of a clip, pictures and 40 ms of sound in turn."""
    builder = ProgramStreamBuilder(codec, audio, flaws=flaws)
    packs = []
    for number, unit in enumerate(clip(codec).access_units):
        pts = first + step * number
        packs.append(builder.picture(unit.data, pts, unit.key))
        if audio is not None:
            packs.append(builder.sound(SOUND, pts))
    return packs


def name(value: object) -> str:
    """What a flaw changes, for the names of tests."""
    if not isinstance(value, Flaws):
        return str(value)
    changed = (f"{key}={told}" for key, told in vars(value).items() if told != vars(NO_FLAWS)[key])
    return ",".join(changed) or "none"
