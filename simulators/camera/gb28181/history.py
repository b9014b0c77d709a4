"""History for playback and download: a clip from any place, and how long its file is."""

from __future__ import annotations

import math

from protocols.mpeg_ps.build import Flaws, ProgramStreamBuilder
from simulators.camera.encoders import Clip
from simulators.camera.gb28181.pictures import ClipPictures
from simulators.camera.sound import Sound


def pictures_from(clip: Clip, place: float) -> ClipPictures:
    """The pictures from a media time on, beginning with a key picture on the clip's grid."""
    return ClipPictures(clip, math.ceil(place * clip.fps - 1e-6) / clip.fps)


def file_bytes(clip: Clip, sound: Sound | None, seconds: float, flaws: Flaws) -> int:
    """Bytes of the program stream of ``seconds`` of history, as it will be sent."""
    name = sound.format.name if sound is not None else None
    builder = ProgramStreamBuilder(clip.codec, name, flaws=flaws)
    sizes = [len(builder.picture(unit.data, 0, unit.key)) for unit in clip.access_units]
    total = 0
    count = math.ceil(seconds * clip.fps - 1e-6)
    turns, rest = divmod(count, len(sizes))
    total += turns * sum(sizes) + sum(sizes[:rest])
    if sound is not None:
        packets = math.ceil(seconds / sound.packet_s - 1e-6)
        lengths = [len(builder.sound(payload, 0)) for payload in sound.payloads]
        turns, rest = divmod(packets, len(lengths))
        total += turns * sum(lengths) + sum(lengths[:rest])
    return total
