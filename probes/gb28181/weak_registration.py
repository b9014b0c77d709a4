"""Weak registration password (4.4.1 a): the device's own digest tried offline with a short list.

Nothing is sent to the device, so nothing can lock; neither password nor digest is kept.
"""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import begin

INSTRUMENT = "gb-weak-registration/1"
_MOST = 10_000


def measure_weak_registration(recording: Recording) -> Measurement:
    """Judge the digests of a ``gb28181:registration`` recording.

    Quantity ``gb-weak-registration``; ``details``: ``digests``, ``label`` of the candidate that
    fits.
    """
    judgement, conversation = begin(recording, "gb-weak-registration", INSTRUMENT)
    listed = recording.facts.get("answers")
    answers = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
    labels = [str(one["weak"]) for one in answers[:_MOST] if one.get("weak")]
    judgement.details |= {"digests": len(answers), "label": labels[0] if labels else None}
    if labels:
        judgement.fault("weak", label=labels[0])
    elif not any(one.get("correct") is True for one in answers):
        judgement.doubt("no-digest")
    return judgement.measurement(conversation)
