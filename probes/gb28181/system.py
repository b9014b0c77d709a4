"""The three parts of the system (4.1): a platform that lists cameras and passes on a picture."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import steps_of
from probes.gb28181.judging import begin
from probes.gb28181.media import open_media
from probes.gb28181.queries import pages_of

INSTRUMENT = "gb-system/1"
_CAMERAS = ("131", "132")


def measure_system(recording: Recording) -> Measurement:
    """Judge a ``gb28181:platform`` recording.

    Quantity ``gb-system``; ``details``: ``cameras`` in the platform's catalog that are not off,
    ``packets`` of the picture.
    """
    judgement, conversation = begin(recording, "gb-system", INSTRUMENT)
    answers = list(conversation.told("Response", "Catalog"))
    items = [item for page in pages_of(answers, "2016") for item in page.items]
    cameras = {
        one.device_id for one in items if one.device_id[10:13] in _CAMERAS and one.status != "OFF"
    }
    judgement.details["cameras"] = len(cameras)
    if not answers:
        judgement.doubt("catalog-unanswered")
    elif not cameras:
        judgement.fault("nothing-listed")
    picture = next(iter(steps_of(recording, "picture")), None)
    media = open_media(recording, picture.get("part") if picture else None)
    judgement.details["packets"] = len(media.arrivals)
    if cameras and media.first_key() is None:
        judgement.doubt("no-picture")
    return judgement.measurement(conversation)
