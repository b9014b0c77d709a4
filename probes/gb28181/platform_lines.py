"""The lines of a judgement of a platform, seen from a device: each says what became of one rule.

Met and departs rest on what was seen. A rule that the platform never had the occasion to keep or
to break is not observed, and one that could not be tried says why; neither is ever called met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from assessment.reason import Reason
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, Exchange, moment, open_conversation, steps_of
from protocols.deviation import Deviation

Outcome = Literal["met", "departs", "not-observed", "not-tried"]
#: A message that went out so shortly before the end may still be answered.
PATIENCE_S = 5.0
_MOST = 50


@dataclass
class Line:
    """One rule.

    Attributes:
        name: key suffix of its wording (``gb-platform-line.<name>``).
        clause: where the rule stands.
        looked: how often it could be seen kept or broken.
        reasons: what departs, or why nothing could be said.
        deviations: departures from the text, each once with its count.
        facts: measured values that are shown beside it.
    """

    name: str
    clause: str
    looked: int = 0
    reasons: list[Reason] = field(default_factory=list)
    deviations: dict[Deviation, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    untried: Reason | None = None
    unseen: Reason | None = None

    @property
    def outcome(self) -> Outcome:
        """What became of the rule."""
        if self.reasons or self.deviations:
            return "departs"
        if self.untried is not None:
            return "not-tried"
        return "met" if self.looked else "not-observed"

    def look(self) -> None:
        """The rule could be seen kept or broken once more."""
        self.looked += 1

    def depart(self, code: str, /, **parameters: Any) -> None:
        """Note a departure; the same one is told once."""
        reason = _reason(code, parameters)
        if reason not in self.reasons and len(self.reasons) < _MOST:
            self.reasons.append(reason)

    def deviate(self, found: Iterable[Deviation]) -> None:
        """Note departures from the text."""
        for one in found:
            if one in self.deviations or len(self.deviations) < _MOST:
                self.deviations[one] = self.deviations.get(one, 0) + 1

    def not_tried(self, code: str, /, **parameters: Any) -> None:
        """Say why this could not be tried."""
        self.untried = _reason(code, parameters)

    def not_observed(self, code: str, /, **parameters: Any) -> None:
        """Say why this was not observed."""
        self.unseen = _reason(code, parameters)

    def as_json(self) -> dict[str, Any]:
        """For the report: codes and parameters, to be worded by whoever shows it."""
        outcome = self.outcome
        reasons = list(self.reasons)
        if outcome == "not-tried" and self.untried is not None:
            reasons = [self.untried]
        elif outcome == "not-observed":
            reasons = [self.unseen or Reason("gb-platform.never-seen")]
        return {
            "name": self.name,
            "clause": self.clause,
            "outcome": outcome,
            "looked": self.looked,
            "facts": self.facts,
            "reasons": [one.within for one in reasons],
            "deviations": [
                {"code": one.code, "clause": one.clause, "detail": one.detail, "count": count}
                for one, count in self.deviations.items()
            ],
        }


def _reason(code: str, parameters: dict[str, Any]) -> Reason:
    return Reason(f"gb-platform.{code}", parameters)


class Scene:
    """A recording ``gb28181:device-side``, opened: who spoke with whom, and when what was done.

    In such a recording the harness is the device, so that what comes in is the platform's.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.conversation: Conversation = open_conversation(recording)
        self.ended = recording.ended.timestamp()

    def step(self, name: str) -> dict[str, Any] | None:
        """The step of that name, ``None`` when it was not taken."""
        return next(iter(steps_of(self.recording, name)), None)

    def fact(self, group: str, name: str) -> str:
        """A text among the facts, "" when there is none."""
        found = self.recording.facts.get(group)
        value = found.get(name) if isinstance(found, dict) else None
        return value if isinstance(value, str) else ""

    def asked(self, method: str) -> Iterator[Exchange]:
        """The platform's requests of ``method``."""
        return (one for one in self.conversation.exchanges if one.from_device and _is(one, method))

    def sent(self, method: str) -> Iterator[Exchange]:
        """Our requests of ``method``."""
        return (
            one for one in self.conversation.exchanges if not one.from_device and _is(one, method)
        )

    def registers(self, step: str) -> list[Exchange]:
        """The REGISTERs that were sent during a step."""
        taken = self.step(step)
        if taken is None:
            return []
        begun, ended = moment(taken), moment(taken, "ended")
        if begun is None:
            return []
        until = self.ended if ended is None else ended
        return [one for one in self.sent("REGISTER") if begun <= one.at <= until]

    def settled(self, exchange: Exchange) -> bool:
        """Whether the other side had time to answer."""
        return exchange.final is not None or exchange.at + PATIENCE_S <= self.ended


def _is(exchange: Exchange, method: str) -> bool:
    return exchange.method == method
