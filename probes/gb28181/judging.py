"""How the probes of GB/T 28181 come to a value: faults, doubts, and what is shown beside them.

A fault is proven by the conversation. A doubt is what keeps "no fault" from meaning "as it should
be". The value is ``conforms`` or ``deviates``; with doubts and without faults there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from probes.gb28181.conversation import PART, Conversation, editions_of, open_conversation
from probes.gb28181.deviations import findings_of
from probes.gb28181.ladder import ladder_svg, ladder_text
from protocols.deviation import Deviation

CONFORMS, DEVIATES = "conforms", "deviates"
_TEXT = "text/plain; charset=utf-8"


@dataclass
class Judgement:
    """What is found of one quantity while its recording is read.

    Attributes:
        quantity: also the prefix of all reason codes.
        faults, doubts: in the order of weight.
        notes: unusual, and no fault: shown only.
        details: of the measurement.
        departures: of the program streams, shown beside those of the messages.
    """

    recording: Recording
    quantity: str
    instrument: str
    faults: list[Reason] = field(default_factory=list)
    doubts: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Part] = field(default_factory=dict)
    departures: list[Deviation] = field(default_factory=list)

    def fault(self, code: str, /, **parameters: Any) -> None:
        """Note a proven fault."""
        self.faults.append(Reason(f"{self.quantity}.{code}", parameters))

    def doubt(self, code: str, /, **parameters: Any) -> None:
        """Note what keeps this from being decided."""
        self.doubts.append(Reason(f"{self.quantity}.{code}", parameters))

    def note(self, code: str, /, **parameters: Any) -> None:
        """Note something unusual."""
        self.notes.append(Reason(f"{self.quantity}.{code}", parameters))

    def measurement(
        self,
        conversation: Conversation | None = None,
        *,
        value: Any = None,
        problem_first: bool = True,
    ) -> Measurement:
        """The measurement; ``value`` instead of "conforms" where the quantity has other ones.

        Where no fault is proven, the problem of the visit governs, or, not ``problem_first``,
        the first doubt.
        """
        recording = self.recording
        details = self.details
        details["reasons"] = [one.within for one in self.faults]
        details["reason"] = details["reasons"][0] if self.faults else None
        details["doubts"] = [one.within for one in self.doubts]
        details["notes"] = [one.within for one in self.notes]
        if conversation is not None:
            self._show(conversation)
        spoilt: Reason | None = None
        found: Any = DEVIATES
        if not self.faults:
            first = self.doubts[0] if self.doubts else None
            problem = recording.problem
            spoilt = (problem or first) if problem_first else (first or problem)
            found = None if spoilt else (CONFORMS if value is None else value)
        return Measurement.of(
            recording,
            quantity=self.quantity,
            value=found,
            unit="",
            instrument=self.instrument,
            method=f"method.{self.quantity}",
            details=details,
            evidence=self.evidence,
            spoilt=spoilt,
        )

    def _show(self, conversation: Conversation) -> None:
        """The conversation itself, its ladder, and everything the strict reading complains of."""
        if PART in self.recording.parts:
            self.evidence[PART] = self.recording.parts[PART]
        if conversation.messages:
            self.evidence["ladder.svg"] = Part.of(
                ladder_svg(conversation).encode(), "image/svg+xml"
            )
            self.evidence["ladder.txt"] = Part.of(ladder_text(conversation).encode(), _TEXT)
        found = findings_of(conversation, self.departures, editions=editions_of(self.recording))
        self.details["deviations"] = [one.as_json() for one in found]
        if found:
            lines = [one.line() for one in found]
            self.evidence["deviations.txt"] = Part.of("\n".join(lines).encode(), _TEXT)


def begin(recording: Recording, quantity: str, instrument: str) -> tuple[Judgement, Conversation]:
    """A judgement of ``recording`` and the conversation it rests on.

    A doubt is noted at once when there is nothing to read.
    """
    judgement = Judgement(recording, quantity, instrument)
    conversation = open_conversation(recording)
    device = recording.facts.get("device")
    if isinstance(device, Mapping):
        judgement.details["device"] = {
            name: device.get(name) for name in ("id", "transport", "user_agent", "gb_version")
        }
    if conversation.damaged:
        judgement.doubt("damaged")
    elif not conversation.messages:
        judgement.doubt("nothing-seen")
    return judgement, conversation
