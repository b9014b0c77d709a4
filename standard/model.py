"""What the catalogue is made of: requirements, limits, rulings, checklists and defects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Obligation = Literal["shall", "shall-not", "should", "may"]
Rule = Literal["guarded", "tolerance", "nominal", "one-sided", "ip-code", "ip-code-lenient"]
Bound = Literal["at_least", "at_most", "less_than", "within", "equals", "one_of"]

OBLIGATIONS = ("shall", "shall-not", "should", "may")
SUBJECTS = ("camera", "platform", "link", "site", "provider", "user")
METHODS = ("test", "analysis", "inspection", "demonstration")
SCENARIOS = ("automatic", "checklist", "none-yet")
EXPECTATIONS = ("photo", "document", "reading")
#: How much one record of a checklist may speak for, from the narrowest.
SCOPES = ("point", "firmware", "model", "site")
STAGES = ("camera", "site", "wire", "evidence", "platform")
RULES = ("guarded", "tolerance", "nominal", "one-sided", "ip-code", "ip-code-lenient")
BOUNDS = ("at_least", "at_most", "less_than", "within", "equals", "one_of")
VERDICTS = ("pass", "fail", "advisory", "inconclusive", "pending", "not-applicable")


@dataclass(frozen=True)
class Limit:
    """One bound on one quantity, and the rule by which a measurement is compared with it.

    Attributes:
        quantity: the measurement's quantity, e.g. ``frame-rate``.
        bound: ``at_least``, ``at_most``, ``less_than``, ``within`` (absolute value less than),
            ``equals``, ``one_of``.
        value: the limit in ``unit``; a text or truth for a nominal property; the accepted texts
            for ``one_of``.
        unit: UCUM-like text, ``""`` for nominal properties, ``"1"`` for a share.
        rule: ``guarded`` (the limit must lie outside the uncertainty), ``tolerance`` (a nominal
            value with a declared tolerance), ``nominal`` (compared as it is), ``one-sided``
            (the one-sided 95 % bounds of a share), ``ip-code`` (digit by digit, IEC 60529),
            ``ip-code-lenient`` (the same, but immersion counts as proof of jets).
        tolerance: in ``unit``; 0 for all rules but ``tolerance``.
        inconclusive: nominal values that prove neither side.
        pending: reason codes of a spoilt measurement that mean "a paper is missing".
    """

    quantity: str
    bound: Bound
    value: float | str | bool | tuple[str, ...]
    unit: str
    rule: Rule
    tolerance: float = 0.0
    inconclusive: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that a person attests, with what the evidence must be.

    Attributes:
        item: its name.
        zh, en: what is attested.
        expects: what shows it.
        limit: bounds the value of a ``reading``.
        inspectors: least number of people whose scores make the reading; 0: it is read off.
        scope: the most that one record may speak for: ``point`` (the points that it names),
            ``model`` (every point with a model that it names), ``firmware`` (the same, within the
            firmware family that it names), ``site`` (the whole).
    """

    item: str
    zh: str
    en: str
    expects: Literal["photo", "document", "reading"]
    limit: Limit | None = None
    inspectors: int = 0
    scope: Literal["point", "firmware", "model", "site"] = "site"


@dataclass(frozen=True)
class Defect:
    """A seeded fault that a compliant harness must catch, alone.

    Attributes:
        name: as the simulators call it.
        stage: where it is switched on: ``camera``, ``site``, ``wire``, ``evidence`` or
            ``platform``; ``None`` while the requirement has no scenario yet.
        verdict: what the requirement must come out as.
        reason: the reason code that it must come out with; red for another reason is no catch.
    """

    name: str
    stage: str | None = None
    verdict: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Reading:
    """One way to read an open phrase, by the name a site file chooses it with.

    ``limits`` are those that the reading puts in the place of the catalogue's own, each with the
    id of its requirement.
    """

    name: str
    zh: str
    en: str
    limits: tuple[tuple[str, Limit], ...] = ()


@dataclass(frozen=True)
class Ruling:
    """How an open phrase of the standard is read here, why, and what else a site may choose.

    ``since`` is the day from which the reading applies (YYYY-MM-DD).
    """

    id: str
    question: Reading
    reading: Reading
    why: Reading
    since: str
    alternatives: tuple[Reading, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The names of all readings that a site may choose, the default first."""
        return (self.reading.name, *(reading.name for reading in self.alternatives))


@dataclass(frozen=True)
class Requirement:
    """One line of the standard that gets one verdict.

    Attributes:
        id: the clause, e.g. ``4.3.1-c2``; also its tag, file and report name.
        chapter: the file's chapter, e.g. ``4.3.1``.
        obligation: ``shall``, ``shall-not``, ``should``, ``may``.
        subject: what is judged, one of ``SUBJECTS``.
        method: all of ``test``, ``analysis``, ``inspection``, ``demonstration`` that a pass needs.
        zh, en: what is required, in the project's own words.
        check: how the verdict is reached.
        version: of the check; raised when the same recording could get another verdict.
        scenario: ``automatic``, ``checklist`` (a person attests) or ``none-yet``.
        visits: kinds of recordings that the check needs.
        limits: by quantity.
        rulings: ids of the readings that the check applies.
        checklist: what a person attests.
        defects: what must be caught.
        variants: unusual but compliant behaviours that must not be taken for a fault.
        undecided: those of them on which an inconclusive verdict is the honest one.
    """

    id: str
    chapter: str
    obligation: Obligation
    subject: str
    method: tuple[str, ...]
    zh: str
    en: str
    check: str
    version: int
    scenario: Literal["automatic", "checklist", "none-yet"]
    visits: tuple[str, ...]
    limits: Mapping[str, Limit]
    rulings: tuple[str, ...]
    checklist: tuple[ChecklistItem, ...]
    defects: tuple[Defect, ...]
    variants: tuple[str, ...]
    undecided: tuple[str, ...] = ()

    def title(self, lang: str) -> str:
        """The requirement in ``lang``."""
        return self.zh if lang == "zh" else self.en

    @property
    def binding(self) -> bool:
        """Whether not meeting it is a fail rather than an advice."""
        return self.obligation in ("shall", "shall-not")

    @property
    def attested_by_point(self) -> bool:
        """Whether its checklist is judged of each point, and not of the site as a whole."""
        return any(item.scope != "site" for item in self.checklist)

    @property
    def marker(self) -> str:
        """The tag of its scenarios."""
        return self.id


@dataclass(frozen=True)
class Chapter:
    """One chapter with its heading."""

    id: str
    zh: str
    en: str


class Catalogue:
    """All requirements in the order of the standard, and all rulings."""

    def __init__(
        self,
        chapters: tuple[Chapter, ...],
        requirements: tuple[Requirement, ...],
        rulings: tuple[Ruling, ...],
    ) -> None:
        self.chapters = chapters
        self.rulings: Mapping[str, Ruling] = {ruling.id: ruling for ruling in rulings}
        self._requirements = {requirement.id: requirement for requirement in requirements}

    def __getitem__(self, requirement: str) -> Requirement:
        return self._requirements[requirement]

    def __contains__(self, requirement: object) -> bool:
        return requirement in self._requirements

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self._requirements.values())

    def __len__(self) -> int:
        return len(self._requirements)

    def markers(self) -> tuple[str, ...]:
        """The tag of every requirement; a scenario with any other tag must not be collected."""
        return tuple(requirement.marker for requirement in self)

    def with_readings(self, choices: Mapping[str, str]) -> Catalogue:
        """The catalogue with the limits of the readings that a site chose, by ruling id.

        Raises:
            ValueError: there is no such ruling, or it has no reading of that name.
        """
        changed = dict(self._requirements)
        for ruling_id, name in choices.items():
            for identifier, limit in self._chosen(ruling_id, name).limits:
                changed[identifier] = _with_limit(changed[identifier], limit)
        return Catalogue(self.chapters, tuple(changed.values()), tuple(self.rulings.values()))

    def with_limit(self, requirement: str, limit: Limit) -> Catalogue:
        """The catalogue with ``limit`` in the place of that on the same quantity.

        Raises:
            KeyError: there is no such requirement.
        """
        changed = {**self._requirements}
        changed[requirement] = _with_limit(changed[requirement], limit)
        return Catalogue(self.chapters, tuple(changed.values()), tuple(self.rulings.values()))

    def _chosen(self, ruling_id: str, name: str) -> Reading:
        ruling = self.rulings.get(ruling_id)
        if ruling is None:
            raise ValueError(f"there is no ruling {ruling_id}")
        for reading in (ruling.reading, *ruling.alternatives):
            if reading.name == name:
                return reading
        raise ValueError(f"{ruling_id} has no reading {name!r}, only {', '.join(ruling.choices)}")


def _with_limit(requirement: Requirement, limit: Limit) -> Requirement:
    if limit.quantity in requirement.limits:
        return replace(requirement, limits={**requirement.limits, limit.quantity: limit})
    return replace(
        requirement,
        checklist=tuple(
            replace(item, limit=limit) if item.item == limit.quantity else item
            for item in requirement.checklist
        ),
    )
