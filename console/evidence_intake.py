"""Takes photographs and documents from a folder, asks what is missing, writes evidence records."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import click
import yaml

from assessment.contract import QUALITY
from assessment.evidence import (
    CONFORMS,
    CONTRACT_TERMS,
    DOES_NOT_CONFORM,
    PRINTED,
    SITE,
    load_evidence,
)
from assessment.reason import Reason
from console.evidence_files import EvidenceFiles, FoundFile, disagreements, nearest
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from standard.located_yaml import FaultyFileError
from targets.site import Point

#: Asks one question: the message key's last part, the answer offered, the words of the question.
Ask = Callable[[str, str, Mapping[str, object]], str]
T = TypeVar("T")
_LEAVE_OUT = "-"
_SCORE = re.compile(r"(\D+?)[\s:：=]*([1-5](?:\.\d)?)")
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,3})?")
#: How people answer whether something conforms.
_RESULTS = dict.fromkeys((CONFORMS, "符合", "y"), CONFORMS)
_RESULTS |= dict.fromkeys((DOES_NOT_CONFORM, "不符合", "n"), DOES_NOT_CONFORM)
#: After so many answers that are none, nobody is answering.
_TRIES = 10


@dataclass
class Intake:
    """One folder while it is taken in. ``points`` by id tell where a photograph should be.

    ``word`` puts a remark into words for the note of a record.
    Only what a file does not say itself, by its name or its EXIF, is asked. ``now`` is Beijing
    time without a zone, as photographs tell it.
    """

    folder: Path
    catalogue: Catalogue
    points: Mapping[str, Point]
    ask: Ask
    tell: Callable[[str, Reason], None]
    now: datetime.datetime
    who: str = ""
    word: Callable[[Reason], str] = lambda reason: reason.code
    stopped: bool = False
    _day: datetime.date | None = None

    @property
    def today(self) -> datetime.date:
        """The day on which it is taken in."""
        return self.now.date()

    def run(self) -> Path | None:
        """Ask about every file that no record names yet; the file written, ``None`` for none.

        When the person stops answering, what was answered so far is written, and ``stopped`` set.

        Raises:
            FaultyFileError: records that are there already have mistakes.
            OSError: the folder cannot be read or written.
        """
        known = {
            (one.file_name, one.file.digest)
            for one in load_evidence(self.folder, self.catalogue, self.today)
            if one.file is not None
        }
        records: list[dict[str, object]] = []
        files = EvidenceFiles(self.folder, self.now, known)
        try:
            for file in files.look():
                if record := self._record(file):
                    records.append(record)
        except (click.Abort, EOFError):
            self.stopped = True
        for name, reason in files.refused:
            self.tell(name, reason)
        return self._write(records) if records else None

    def _record(self, file: FoundFile) -> dict[str, object] | None:
        for remark in file.remarks:
            self.tell(file.name, remark)
        requirement = self._requirement(file)
        if requirement is None:
            return None
        item = self._item(requirement, file)
        if item.expects == "photo" and file.photograph is None:
            self.tell(file.name, Reason("evidence.needs-a-photograph"))
            return None
        whom = self._whom(item, file)
        self.who = self.who or self._choice("who", "")
        when = self._when(file)
        named = [str(one) for one in self._named(whom) if one in self.points]
        late: list[Reason] = []
        if file.photograph is not None:
            late += disagreements(file.photograph, self.points, named, when)
        for remark in late:
            self.tell(file.name, remark)
        record: dict[str, object] = {"requirement": requirement.id, "item": item.item, **whom}
        if where := self._where(file, named):
            record["where"] = where
        record |= {"who": self.who, "when": when, "file": file.name, "sha256": file.digest}
        return record | self._finding(item, [*file.remarks, *late])

    def _where(self, file: FoundFile, named: list[str]) -> str:
        """Where it was taken by its own word, else the address of the point."""
        seen = file.photograph
        if seen is not None and seen.longitude is not None and seen.latitude is not None:
            return f"{seen.longitude:.6f}, {seen.latitude:.6f}"
        return "; ".join(filter(None, (self.points[one].location for one in named)))

    @staticmethod
    def _named(whom: Mapping[str, object]) -> list[object]:
        several = whom.get("subjects")
        return several if isinstance(several, list) else [whom.get("subject")]

    def _finding(self, item: ChecklistItem, remarks: list[Reason]) -> dict[str, object]:
        """What was found, on which page, for how long it counts, and what to say of it."""
        found: dict[str, object] = {}
        result = _RESULTS[self._choice("result", CONFORMS, set(_RESULTS))]
        if item.inspectors and result == CONFORMS:
            found["scores"] = self._scores(item.inspectors)
        elif item.limit is not None and result == CONFORMS:
            value = self._number("reading", item.limit.unit)
            found["reading"] = {"value": value, "unit": item.limit.unit}
        else:
            found["result"] = result
        if item.item == "certificate" and result == CONFORMS:
            found["printed"] = {
                name: words for name in PRINTED if (words := self.ask(f"printed-{name}", "", {}))
            }
        if item.item == QUALITY and result == CONFORMS and (terms := self._terms()):
            found["terms"] = terms
        if item.expects != "photo" and (page := self.ask("page", "", {}).strip()):
            found["page"] = page
        if until := self._optional_day("valid-until"):
            found["valid_until"] = until
        note = self.ask("note", "", {}).strip()
        odd = "; ".join(map(self.word, remarks))
        if noted := "; ".join(one for one in (note, odd) if one):
            found["note"] = noted
        return found

    def _scores(self, least: int) -> dict[str, float]:
        """The grades from 1 to 5 of at least so many inspectors, by name."""

        def read(answer: str) -> dict[str, float] | None:
            parts = answer.replace("，", ",").split(",")
            given = [_SCORE.fullmatch(one.strip()) for one in parts]
            scores = {one[1].strip(): float(one[2]) for one in given if one}
            return scores if all(given) and len(scores) >= least else None

        return self._asked("scores", read, least=least)

    def _terms(self) -> dict[str, object]:
        """The numbers of a contract's clause on quality, those that it has."""
        terms: dict[str, object] = {}
        for name, unit in CONTRACT_TERMS.items():
            found = self._asked(
                f"term-{name}", lambda answer: _none_or(answer, _NUMBER.fullmatch), unit=unit
            )
            if isinstance(found, re.Match):
                terms[name] = {"value": float(found[0]), "unit": unit}
        return terms

    def _requirement(self, file: FoundFile) -> Requirement | None:
        with_lists = {one.id for one in self.catalogue if one.checklist}
        said = next((word for word in file.words if word in with_lists), "")
        offered = _LEAVE_OUT if file.shows_code else ""  # a checklist that was photographed
        choices = with_lists | {_LEAVE_OUT}
        found = said or self._choice("requirement", offered, choices, file=file.name)
        return None if found == _LEAVE_OUT else self.catalogue[found]

    def _item(self, requirement: Requirement, file: FoundFile) -> ChecklistItem:
        items = {one.item: one for one in requirement.checklist}
        said = next((word for word in file.words if word in items), "")
        if said or len(items) == 1:
            return items[said or next(iter(items))]
        names = ", ".join(items)
        return items[
            self._choice("item", next(iter(items)), set(items), file=file.name, items=names)
        ]

    def _whom(self, item: ChecklistItem, file: FoundFile) -> dict[str, object]:
        """Of whom the record speaks, as its fields; no wider than the item allows."""
        if item.scope == "site":
            return {"subject": SITE}
        if said := [word for word in file.words if word in self.points]:
            return _points(said)
        if item.scope in ("model", "firmware"):
            return self._model(item, file)
        offered = next((one for one in file.codes if one in self.points), "")
        if not offered and file.photograph is not None:
            offered = nearest(file.photograph, self.points)
        return _points(self._point_ids(offered, file))

    def _point_ids(self, offered: str, file: FoundFile) -> list[str]:
        """Points of the site; any, where no site is known."""

        def read(answer: str) -> list[str] | None:
            found = [one for one in answer.replace("，", ",").replace(",", " ").split() if one]
            unknown = [one for one in found if self.points and one not in self.points]
            if unknown:
                words = {"found": ", ".join(unknown)}
                self.tell(file.name, Reason("evidence.unknown-point", words))
            return found if found and not unknown else None

        return self._asked("points", read, offered, file=file.name)

    def _model(self, item: ChecklistItem, file: FoundFile) -> dict[str, object]:
        models = list(
            dict.fromkeys(
                one.declared["model"] for one in self.points.values() if one.declared.get("model")
            )
        )
        whom: dict[str, object] = {
            "model": self._choice("model", models[0] if len(models) == 1 else "", file=file.name)
        }
        if item.scope == "firmware":
            whom["firmware"] = self._choice("firmware", "")
        elif firmware := self.ask("firmware-if-any", "", {}).strip():
            whom["firmware"] = firmware
        return whom

    def _when(self, file: FoundFile) -> datetime.date:
        """The day on which somebody looked; asked once for photographs of one day."""
        taken = file.photograph.taken if file.photograph else None
        if taken is not None and taken.date() == self._day:
            return taken.date()
        offered = min(taken.date(), self.today) if taken else self._day or self.today

        def read(answer: str) -> datetime.date | None:
            day = _day(answer)
            return day if day is not None and day <= self.today else None

        self._day = self._asked("when", read, offered.isoformat(), file=file.name)
        return self._day

    def _optional_day(self, question: str) -> datetime.date | None:
        found = self._asked(question, lambda answer: _none_or(answer, _day))
        return found if isinstance(found, datetime.date) else None

    def _choice(
        self, question: str, offered: str, choices: set[str] | None = None, **words: object
    ) -> str:
        """One of the choices, or anything at all where there are none."""

        def read(answer: str) -> str | None:
            return answer if answer and (choices is None or answer in choices) else None

        return self._asked(question, read, offered, **words)

    def _number(self, question: str, unit: str) -> float:
        def read(answer: str) -> float | None:
            try:
                value = float(answer)
            except ValueError:
                return None
            return value if math.isfinite(value) else None

        return self._asked(question, read, unit=unit)

    def _asked(
        self, question: str, read: Callable[[str], T | None], offered: str = "", **words: object
    ) -> T:
        """The first answer that can be read; after many that cannot, nobody is answering.

        Raises:
            click.Abort: nobody is.
        """
        for _ in range(_TRIES):
            found = read(self.ask(question, offered, words).strip() or offered)
            if found is not None:
                return found
        raise click.Abort

    def _write(self, records: list[dict[str, object]]) -> Path:
        number = 1
        while (path := self.folder / f"records-{self.today.isoformat()}-{number}.yaml").exists():
            number += 1
        document = yaml.safe_dump({"records": records}, allow_unicode=True, sort_keys=False)
        path.write_text(document, encoding="utf-8")
        try:
            load_evidence(self.folder, self.catalogue, self.today)  # as a run will read it
        except FaultyFileError:
            path.unlink()
            raise
        return path


def _points(identifiers: list[str]) -> dict[str, object]:
    if len(identifiers) == 1:
        return {"subject": identifiers[0]}
    return {"subjects": identifiers}


def _none_or(answer: str, read: Callable[[str], T | None]) -> T | Literal[""] | None:
    """What is read of an answer that need not be given, "" where none is."""
    return read(answer) if answer else ""


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
