"""Takes photographs and documents from a folder, asks what is missing, writes evidence records."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from assessment.evidence import CONFORMS, DOES_NOT_CONFORM, SITE, load_evidence
from assessment.photographs import NotAPhotographError, Photograph, read_photograph
from assessment.reason import Reason
from standard.catalogue import Catalogue, ChecklistItem, Requirement
from targets.site import Point

#: Asks one question: the message key's last part, the answer offered, the words of the question.
Ask = Callable[[str, str, Mapping[str, object]], str]
_FAR_M = 200.0
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"})
_MAXIMUM_FILES = 5_000


@dataclass
class Intake:
    """One folder while it is taken in. ``points`` by id tell where a photograph should be."""

    folder: Path
    catalogue: Catalogue
    points: Mapping[str, Point]
    ask: Ask
    tell: Callable[[str, Reason], None]
    today: datetime.date
    who: str = ""
    _digests: dict[str, str] = field(default_factory=dict)
    _pictures: dict[str, Photograph] = field(default_factory=dict)

    def run(self) -> Path | None:
        """Ask about every file that no record names yet; the file written, ``None`` for none."""
        known = {
            (one.file_name, one.file.digest)
            for one in load_evidence(self.folder, self.catalogue, self.today)
            if one.file is not None
        }
        digests = {digest for _, digest in known}
        records = []
        for path in self._files():
            name = path.relative_to(self.folder).as_posix()
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            remarks = list(self._look(name, digest, content))
            if digest in digests:
                continue
            for remark in remarks:
                self.tell(name, remark)
            if record := self._record(name, digest, remarks):
                records.append(record)
        if not records:
            return None
        return self._write(records)

    def _files(self) -> list[Path]:
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        skipped = {".yaml", ".yml"}
        return [one for one in found if one.suffix.lower() not in skipped][:_MAXIMUM_FILES]

    def _look(self, name: str, digest: str, content: bytes) -> Iterator[Reason]:
        """What is odd about a file by itself, and beside the others."""
        if twin := self._digests.get(digest):
            yield Reason("evidence.same-file", {"other": twin})
        self._digests.setdefault(digest, name)
        if Path(name).suffix.lower() not in _PICTURES:
            return
        try:
            photograph = read_photograph(content)
        except NotAPhotographError:
            yield Reason("evidence.not-a-photograph")
            return
        likes = [one for one, other in self._pictures.items() if photograph.like(other)]
        if likes and twin is None:
            yield Reason("evidence.same-picture", {"other": likes[0]})
        self._pictures[name] = photograph
        if photograph.taken is None:
            yield Reason("evidence.no-time")
        if photograph.edited:
            yield Reason("evidence.edited", {"how": photograph.edited})

    def _record(self, name: str, digest: str, remarks: list[Reason]) -> dict[str, object] | None:
        words = Path(name).stem.split()
        requirement = self._requirement(name, words)
        if requirement is None:
            return None
        item = self._item(requirement, words)
        photograph = self._pictures.get(name)
        if item.expects == "photo" and photograph is None:
            self.tell(name, Reason("evidence.needs-a-photograph"))
            return None
        taken = photograph.taken.date() if photograph and photograph.taken else self.today
        offered = next((word for word in words if word in self.points), SITE)
        subject = self._choice("subject", offered, {*self.points, SITE, "all"})
        self.who = self._choice("who", self.who)
        when = self._day("when", min(taken, self.today).isoformat())
        late = [*self._disagreements(photograph, subject, when)]
        for remark in late:
            self.tell(name, remark)
        record: dict[str, object] = {
            "requirement": requirement.id,
            "item": item.item,
            "subject": subject,
            "who": self.who,
            "when": when,
            "file": name,
            "sha256": digest,
        }
        result = self._choice("result", CONFORMS, {CONFORMS, DOES_NOT_CONFORM})
        if item.limit is not None and result == CONFORMS:
            value = self._number("reading", item.limit.unit)
            record["reading"] = {"value": value, "unit": item.limit.unit}
        else:
            record["result"] = result
        if item.expects != "photo" and (page := self.ask("page", "", {})):
            record["page"] = page
        if until := self._day("valid-until", "", needed=False):
            record["valid_until"] = until
        note = self.ask("note", "", {})
        odd = ", ".join(one.code.removeprefix("evidence.") for one in (*remarks, *late))
        if noted := "; ".join(one for one in (note, odd) if one):
            record["note"] = noted
        return record

    def _requirement(self, name: str, words: list[str]) -> Requirement | None:
        offered = words[0] if words and words[0] in self.catalogue else ""
        with_lists = {one.id for one in self.catalogue if one.checklist}
        found = self._choice("requirement", offered, with_lists | {"-"}, file=name)
        return None if found == "-" else self.catalogue[found]

    def _item(self, requirement: Requirement, words: list[str]) -> ChecklistItem:
        items = {one.item: one for one in requirement.checklist}
        offered = next((word for word in words if word in items), next(iter(items)))
        return items[self._choice("item", offered, set(items))]

    def _disagreements(
        self, photograph: Photograph | None, subject: str, when: datetime.date | None
    ) -> Iterator[Reason]:
        """Where a photograph's own time and place are not those of the record."""
        if photograph is None:
            return
        if photograph.taken is not None and photograph.taken.date() != when:
            yield Reason("evidence.other-day", {"taken": photograph.taken.isoformat(sep=" ")})
        point = self.points.get(subject)
        if point is None or point.longitude is None or point.latitude is None:
            return
        distance = photograph.metres_from(point.longitude, point.latitude)
        if distance is None:
            yield Reason("evidence.no-place")
        elif distance > _FAR_M:
            yield Reason("evidence.far-away", {"metres": round(distance)})

    def _choice(
        self, question: str, offered: str, choices: set[str] | None = None, **words: object
    ) -> str:
        """Ask until the answer is one of the choices, or anything at all where there are none."""
        while True:
            found = self.ask(question, offered, words).strip() or offered
            if found and (choices is None or found in choices):
                return found

    def _day(self, question: str, offered: str, *, needed: bool = True) -> datetime.date | None:
        while True:
            found = self.ask(question, offered, {}).strip() or offered
            if not found and not needed:
                return None
            try:
                day = datetime.date.fromisoformat(found)
            except ValueError:
                continue
            if question != "when" or day <= self.today:
                return day

    def _number(self, question: str, unit: str) -> float:
        while True:
            try:
                return float(self.ask(question, "", {"unit": unit}))
            except ValueError:
                continue

    def _write(self, records: list[dict[str, object]]) -> Path:
        number = 1
        while (path := self.folder / f"records-{self.today.isoformat()}-{number}.yaml").exists():
            number += 1
        document = yaml.safe_dump({"records": records}, allow_unicode=True, sort_keys=False)
        path.write_text(document, encoding="utf-8")
        load_evidence(self.folder, self.catalogue, self.today)  # as a run will read it
        return path
