"""Protection of the transfer (4.4.2): altered and replayed signalling, a foreign certificate.

A message that was altered or sent again must have no effect. Over TLS every altered record ends
the connection; without it a device that obeys is not protected.
"""

from __future__ import annotations

from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import steps_of
from probes.gb28181.judging import begin

INSTRUMENT = "gb-protection/1"
_FAULTS = {"tampered": "tampered-obeyed", "replayed": "replay-obeyed"}


def measure_protection(recording: Recording) -> Measurement:
    """Judge a ``gb28181:protection`` recording.

    Quantity ``gb-protection``; ``details``: ``transport``, ``tried`` (outcome by step).
    """
    judgement, conversation = begin(recording, "gb-protection", INSTRUMENT)
    judgement.details["transport"] = recording.facts.get("transport")
    tried: dict[str, Any] = {}
    judgement.details["tried"] = tried
    baseline = next(iter(steps_of(recording, "baseline")), None)
    if baseline is None or baseline.get("answered") is not True:
        judgement.doubt("no-baseline")
    for name, code in _FAULTS.items():
        steps = steps_of(recording, name)
        tried[name] = [step.get("obeyed") for step in steps]
        for step in steps:
            channel = str(step.get("channel"))
            if step.get("obeyed") is True:
                judgement.fault(code, channel=channel)
            elif step.get("obeyed") is None and step.get("closed") is not True:
                judgement.doubt("outcome-unknown", what=name, channel=channel)
        if not steps:
            judgement.doubt("not-tried", what=name)
    foreign = steps_of(recording, "foreign-certificate")
    for step in foreign:
        tried["foreign-certificate"] = step.get("registered_over_it")
        if step.get("registered_over_it") is True:
            judgement.fault("foreign-certificate")
        elif step.get("registered_over_it") is None:
            judgement.doubt("certificate-unseen")
    if not foreign:
        judgement.doubt("not-tried", what="foreign-certificate")
    return judgement.measurement(conversation)
