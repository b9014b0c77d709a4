"""What one acceptance run holds, and what one scenario in it collects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from assessment.decision import decide, for_obligation
from assessment.evidence import Attestation
from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import TOO_LATE_S, Recording
from assessment.settling import settle
from assessment.verdicts import Verdict
from standard.catalogue import Catalogue, Limit, Requirement
from steps.companions import Probe, companions
from steps.conclusion import Conclusion
from targets.site import Point, Site

#: The subject of a finding about the site as a whole.
SITE = "site"


class Desk(Protocol):
    """Where recordings come from: a visit now, or the run store."""

    def visit_all(self, kind: str, points: Sequence[Point]) -> Mapping[str, Recording]:
        """One recording of ``kind`` per point, by point id; visits run side by side."""

    def history(self, kind: str, point: Point) -> Sequence[Recording]:
        """All kept recordings of ``kind`` of ``point``, oldest first; no visit is made."""


class FindingStore(Protocol):
    """Where findings go as they are made."""

    def save_finding(self, finding: Finding, scenario: str) -> None:
        """Commit one finding."""


class HarnessError(Exception):
    """The harness itself broke or was wired wrongly; never the device's fault."""


@dataclass
class Acceptance:
    """One run: the site under test, the catalogue, and the two ports to the world.

    ``drawn`` is the sample, drawn once per run. ``today`` judges validity dates. ``found`` is what
    the scenarios so far concluded; they run in the order of the catalogue.
    """

    site: Site
    catalogue: Catalogue
    desk: Desk
    findings: FindingStore
    drawn: tuple[Point, ...]
    today: date
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attestations: tuple[Attestation, ...] = ()
    measured: dict[tuple[str, str], Measurement] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)

    def in_scope(self, requirement: str, points: Iterable[Point]) -> tuple[Point, ...]:
        """The points that count for ``requirement``: all, unless ``scope`` narrows a point."""
        return tuple(
            point for point in points if requirement in self.scope.get(point.id, (requirement,))
        )

    def once(self, probe: Probe, recording: Recording) -> Measurement:
        """What ``probe`` finds in ``recording``; several scenarios ask, one measures.

        Its companions are run while the recording is open. One that breaks is left to the
        scenario that asks for it.
        """
        key = _key(probe, recording)
        if key not in self.measured:
            self.measured[key] = probe(recording)
            for other in companions(probe):
                with suppress(Exception):
                    self.measured[_key(other, recording)] = other(recording)
        return self.measured[key]

    def history(self, kind: str, point: Point) -> Sequence[Recording]:
        """What is already kept of ``point``, oldest first."""
        return self.desk.history(kind, point)

    def reading(self, ruling: str) -> str:
        """The reading of an open phrase that governs this run: the site's choice or ours."""
        return self.site.rulings.get(ruling) or self.catalogue.rulings[ruling].reading.name


def _key(probe: Probe, recording: Recording) -> tuple[str, str]:
    return f"{probe.__module__}.{probe.__name__}", recording.digest


@dataclass
class ScenarioRun:
    """One scenario while it runs: whom it asks, what came back, what was found.

    ``outside`` are drawn points that the requirement does not speak of.
    """

    acceptance: Acceptance
    requirement: Requirement
    title: str
    points: tuple[Point, ...] = ()
    outside: tuple[Point, ...] = ()
    recordings: dict[str, Mapping[str, Recording]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    step: str = ""

    def ask_for(self, kind: str) -> None:
        """Have every point visited for ``kind`` (or its stored recording brought)."""
        self.recordings[kind] = self.acceptance.desk.visit_all(kind, self.points)

    @property
    def main_stream(self) -> str:
        """The kind of main stream recording that this scenario asked for.

        Raises:
            HarnessError: none, or both of them.
        """
        asked = [kind for kind in ("stream:day", "stream:night") if kind in self.recordings]
        if len(asked) != 1:
            raise HarnessError(f"{self.title}: one main stream is needed, asked for {asked}")
        return asked[0]

    def recording(self, kind: str, point: Point) -> Recording:
        """The recording of ``kind`` of ``point``.

        Raises:
            HarnessError: no step of this scenario asked for it.
        """
        try:
            return self.recordings[kind][point.id]
        except KeyError:
            raise HarnessError(f"{self.title}: {kind} of {point.id} was never asked for") from None

    def limit(self, quantity: str) -> Limit:
        """The limit on ``quantity`` in the catalogue.

        Raises:
            HarnessError: the catalogue sets none.
        """
        try:
            return self.requirement.limits[quantity]
        except KeyError:
            raise HarnessError(f"{self.requirement.id}: no limit on {quantity}") from None

    def at_least(self, quantity: str, said: float) -> bool:
        """Whether the limit is what a feature says of it, or more: a contract may ask more."""
        value = self.limit(quantity).value
        return isinstance(value, int | float) and value >= said

    def compare(self, measurement: Measurement) -> Conclusion:
        """Compare a measurement with the catalogue's limit on its quantity."""
        limit = self.limit(measurement.quantity)
        decision = decide(limit, measurement)
        return Conclusion.of(decision, measurement, settle=settle(limit, measurement, decision))

    def judge_each(self, judge: Callable[[Point], Conclusion]) -> None:
        """Judge every point and keep a finding of each."""
        for point in self.each_point():
            self.conclude(point.id, judge(point))

    def each_point(self) -> Iterator[Point]:
        """Every point that is judged; where there is none, that is the finding."""
        if not self.points:
            self.conclude(SITE, Conclusion.open("scenario.no-point"))
        yield from self.points

    def conclude(self, subject: str, conclusion: Conclusion) -> None:
        """Keep one finding and commit it; what a harness that came late saw wrong stays open."""
        late = self._late_s(conclusion) if conclusion.verdict is Verdict.FAIL else 0.0
        if late > TOO_LATE_S:
            conclusion = replace(
                conclusion,
                verdict=Verdict.INCONCLUSIVE,
                reason=Reason("scenario.busy-machine", {"late": late}),
                settle=Reason("settle.idle-machine"),
            )
        finding = Finding(
            requirement=self.requirement.id,
            subject=subject,
            verdict=for_obligation(conclusion.verdict, self.requirement.obligation),
            reason=conclusion.reason,
            check_version=self.requirement.version,
            measurements=conclusion.measurements,
            limit=conclusion.limit,
            rule=conclusion.rule,
            rulings=conclusion.rulings or self.requirement.rulings,
            settle=conclusion.settle,
        )
        self.keep(finding)

    def _late_s(self, conclusion: Conclusion) -> float:
        """By how much the harness was late at worst while it recorded what this rests on."""
        return max(
            (
                recording.late_s
                for measured in conclusion.measurements
                for by_point in self.recordings.values()
                for recording in _of_subject(by_point, measured.subject)
                if recording.digest in measured.recordings
            ),
            default=0.0,
        )

    def judge_attested(self, finding: Finding) -> None:
        """Keep a finding that attestations gave, coloured by the requirement's obligation."""
        verdict = for_obligation(finding.verdict, self.requirement.obligation)
        self.keep(replace(finding, verdict=verdict))

    def keep(self, finding: Finding) -> None:
        """Commit a finding under the scenario and the step that made it."""
        self.findings.append(finding)
        self.acceptance.found.append(finding)
        self.acceptance.findings.save_finding(finding, f"{self.title}：{self.step}")


def _of_subject(by_point: Mapping[str, Recording], subject: str) -> Iterable[Recording]:
    """The recording of a point; all of them for a subject that is none, as the site."""
    return (by_point[subject],) if subject in by_point else by_point.values()
