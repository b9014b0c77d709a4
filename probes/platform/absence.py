"""No analysis of video or faces on the platform (4.3.3.1-g): what was searched and found."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import mappings, texts

INSTRUMENT = "platform-absence/1"
QUANTITY = "platform-absence"
#: In the order in which a find weighs; models without a function may be left over.
_WHERE = {
    "interface": "function-offered",
    "pages": "function-shown",
    "processes": "process-runs",
    "files": "models-present",
    "gpu": "processor-used",
}


def measure_absence(recording: Recording) -> Measurement:
    """Judge a ``platform:absence`` recording.

    Quantity ``platform-absence``; ``details``: ``searched``, ``found``.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    searched = texts(recording.facts.get("searched"))
    found = list(mappings(recording.facts.get("found")))
    judgement.details |= {"searched": searched, "found": [dict(one) for one in found]}
    for where, code in _WHERE.items():
        here = [one for one in found if one.get("where") == where]
        if here and code == "processor-used":
            judgement.note(code, what=here[0].get("what", ""))
        elif here:
            names = list(dict.fromkeys(str(one.get("what")) for one in here))
            judgement.fault(code, what=", ".join(names[:3]))
    if "interface" not in searched and recording.problem is None:
        judgement.doubt("not-searched")
    if "host" not in searched:
        judgement.note("host-not-searched")
    return judgement.measurement()
