"""What a judgement came to, and the gravest of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assessment.decision import Decision
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.verdicts import Verdict


@dataclass(frozen=True)
class Conclusion:
    """What a judgement came to, before the requirement's obligation colours it."""

    verdict: Verdict
    reason: Reason
    measurements: tuple[Measurement, ...] = ()
    limit: Reason | None = None
    rule: str | None = None
    rulings: tuple[str, ...] = ()
    settle: Reason | None = None

    @classmethod
    def of(cls, decision: Decision, *measurements: Measurement, **more: object) -> Conclusion:
        """A conclusion that a decision rule reached."""
        return cls(
            decision.verdict,
            decision.reason,
            measurements,
            limit=decision.limit,
            rule=decision.rule,
            **more,  # type: ignore[arg-type]
        )

    @classmethod
    def met(cls, code: str, *measurements: Measurement, **parameters: object) -> Conclusion:
        """A nominal property found as required."""
        return cls(Verdict.PASS, Reason(code, parameters), measurements, rule="nominal")

    @classmethod
    def broken(cls, code: str, *measurements: Measurement, **parameters: object) -> Conclusion:
        """A nominal property found not as required."""
        return cls(Verdict.FAIL, Reason(code, parameters), measurements, rule="nominal")

    @classmethod
    def open(cls, code: str, *measurements: Measurement, **parameters: object) -> Conclusion:
        """Nothing may be concluded, and why."""
        return cls(Verdict.INCONCLUSIVE, Reason(code, parameters), measurements)

    @classmethod
    def not_applicable(cls, code: str, **parameters: object) -> Conclusion:
        """The requirement has nothing to say here, and why."""
        return cls(Verdict.NOT_APPLICABLE, Reason(code, parameters))

    def with_more(self, *measurements: Measurement) -> Conclusion:
        """The same conclusion, with further measurements shown beside it."""
        return replace(self, measurements=(*self.measurements, *measurements))

    @classmethod
    def spoilt(cls, measurement: Measurement) -> Conclusion:
        """The measurement itself says that no verdict may rest on it."""
        reason = measurement.spoilt or Reason("scenario.no-value", {"what": measurement.quantity})
        return cls(Verdict.INCONCLUSIVE, reason, (measurement,))


def gravest(conclusions: Sequence[Conclusion]) -> Conclusion:
    """The conclusion that governs among several on one subject, with all measurements kept."""
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PENDING, Verdict.PASS)
    first = min(conclusions, key=lambda conclusion: order.index(conclusion.verdict))
    every: list[Measurement] = []
    for conclusion in conclusions:
        every += [one for one in conclusion.measurements if one not in every]
    return Conclusion(
        first.verdict,
        first.reason,
        tuple(every),
        first.limit,
        first.rule,
        first.rulings,
        first.settle,
    )
