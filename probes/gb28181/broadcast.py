"""Sound both ways (4.3.1 k): the microphone in the live stream, the speaker by broadcast.

What the speaker really plays is not seen here: that the device takes the sound is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import number, steps_of
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.media import Media, open_media

INSTRUMENT = "gb-broadcast/1"
_LEAST_SOUND_BYTES = 4000


def measure_broadcast(recording: Recording) -> Measurement:
    """Judge a ``gb28181:broadcast`` recording.

    Quantity ``gb-sound``; ``details``: ``microphone`` {codec, bytes, levels}, ``broadcast``.
    """
    judgement, conversation = begin(recording, "gb-sound", INSTRUMENT)
    live = next(iter(steps_of(recording, "live")), None)
    spoken = next(iter(steps_of(recording, "broadcast")), None)
    if live is not None:
        _microphone(judgement, open_media(recording, live.get("part")))
    else:
        judgement.doubt("no-live")
    if spoken is None:
        judgement.doubt("not-spoken")
    else:
        _speaker(judgement, spoken, reliable=conversation.reliable)
    return judgement.measurement(conversation)


def _microphone(judgement: Judgement, media: Media) -> None:
    streams = media.streams
    if streams is None or not media.units:
        judgement.doubt("no-live")
        return
    sound = b"".join(one.data for one in streams.sounds)
    levels = int(np.unique(np.frombuffer(sound, np.uint8)).size)
    judgement.details["microphone"] = {
        "codec": streams.audio,
        "bytes": len(sound),
        "levels": levels,
    }
    if not sound:
        judgement.doubt("no-sound-sent")
    elif streams.audio not in ("PCMA", "PCMU"):
        judgement.doubt("no-decoder", codec=streams.audio)
    elif len(sound) < _LEAST_SOUND_BYTES:
        judgement.doubt("too-little-sound")
    elif levels <= 2:
        # Digital silence: even a quiet room makes a live microphone change its lowest bits.
        judgement.fault("microphone-dead", codec=streams.audio)


def _speaker(judgement: Judgement, step: dict[str, Any], *, reliable: bool) -> None:
    status = int(number(step.get("status")))
    judgement.details["broadcast"] = {
        name: step.get(name) for name in ("status", "result", "invited", "sent_packets")
    }
    if status >= 300:
        judgement.fault("refused", status=status)
    elif step.get("answered") and step.get("result") in ("ERROR", False):
        judgement.fault("refused", status="ERROR")
    elif step.get("invited") is True:
        if not number(step.get("sent_packets")):
            judgement.doubt("nothing-sent")
    elif step.get("answered") and reliable:
        judgement.fault("not-fetched")
    else:
        judgement.doubt("unanswered")
