"""Form of the device (4.3.1 a): what its catalog says against what its lens can do."""

from __future__ import annotations

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import open_conversation
from probes.gb28181.judging import Judgement

INSTRUMENT = "gb-ptz-type/1"
#: PTZType (annex A; 5 from 2022) and the words of an inventory for it.
FORMS = {1: "dome", 2: "hemisphere", 3: "bullet", 4: "bullet", 5: "hemisphere"}
_WORDS = {
    "dome": ("dome", "球机", "speed-dome"),
    "hemisphere": ("hemisphere", "半球"),
    "bullet": ("bullet", "枪机", "枪"),
}
_TURNING = frozenset({1, 4, 5})


def measure_ptz_type(
    recording: Recording, control: Measurement, *, declared: str = ""
) -> Measurement:
    """Compare the catalog of a ``gb28181:control`` recording with what ``control`` found of it.

    ``declared``: the form as the inventory names it, "" when it does not.
    Quantity ``gb-ptz-type``; ``details``: ``ptz_type``, ``moved``, ``declared``.
    """
    judgement = Judgement(recording, "gb-ptz-type", INSTRUMENT)
    conversation = open_conversation(recording)
    number = _number(recording.facts.get("ptz_type"))
    moves = control.details.get("moves")
    found = [str(one.get("found")) for one in moves] if isinstance(moves, list) else []
    moved = any(one in ("as-told", "inverted") for one in found)
    judgement.details |= {"ptz_type": number, "moved": moved, "declared": declared}
    told = declared.strip().lower()
    wanted = next((form for form, words in _WORDS.items() if told in words), "")
    if number is None:
        judgement.doubt("not-told")
    elif wanted and FORMS.get(number, wanted) != wanted:
        judgement.fault("other-form", declared=declared, found=number)
    elif not found or (not moved and "unclear" in found):
        judgement.doubt("ability-unknown")
    elif number == 3 and moved:
        judgement.fault("fixed-moves")
    elif number in _TURNING and not moved:
        judgement.fault("turning-stands", found=number)
    return judgement.measurement(conversation)


def _number(value: object) -> int | None:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return None
