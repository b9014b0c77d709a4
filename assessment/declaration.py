"""What a vendor declares of a camera: an implementation conformance statement, a YAML file.

Every line is an ability under its section (``events: {motion: yes}``). What is not written down is
not declared; ``no`` declares that the ability is absent. Which lines there are: ``ABILITIES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from protocols.onvif_topics import SCENE_EVENTS
from standard.located_yaml import FaultList, FaultyFileError, Record, read_record

Value = bool | int | str
Kind = Literal["truth", "count", "choice", "code"]
#: Forms of clause 4.3.1 a: bullet, speed dome, (half) dome, anything else.
FORMS = ("bullet", "speed-dome", "dome", "other")
_IP_CODE = r"IP[0-9X]{2}[A-DK]?( ?/ ?(IP)?[0-9X]{2}K?)*"
_MOST = 64


@dataclass(frozen=True)
class Ability:
    """One line of a declaration.

    Attributes:
        section, key: where it stands in the file; ``section`` is "" at the top level.
        requirement: the clause that asks for it.
        kind: ``truth`` (yes or no), ``count``, ``choice`` (of ``choices``), ``code`` (IP66).
        choices: the words of a choice.
    """

    section: str
    key: str
    requirement: str
    kind: Kind = "truth"
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As comparisons and wordings call it, e.g. ``events.motion``."""
        return f"{self.section}.{self.key}" if self.section else self.key


def _truths(section: str, requirement: str, *keys: str) -> tuple[Ability, ...]:
    return tuple(Ability(section, key, requirement) for key in keys)


ABILITIES: tuple[Ability, ...] = (
    Ability("", "form", "4.3.1-a", "choice", FORMS),
    Ability("", "ip-code", "4.3.1-b", "code"),
    *_truths("image", "4.3.1-c4", "white-light"),
    *_truths("image", "4.3.1-e", "motorised-zoom"),
    *_truths("image", "4.3.1-f1", "wide-dynamic-range"),
    *_truths("image", "4.3.1-f2", "highlight-suppression"),
    *_truths("video", "4.3.1-g1", "h264", "mjpeg"),
    *_truths("video", "4.3.1-g2", "h265", "h266", "svac"),
    *_truths("audio", "4.3.1-h", "g711", "g7221", "g726"),
    *(
        Ability("events", event, f"4.3.1-i{number}")
        for number, event in enumerate(SCENE_EVENTS, start=1)
    ),
    *_truths("movement", "4.3.1-a", "pan-tilt"),
    *_truths("sound", "4.3.1-k", "microphone", "speaker"),
    Ability("alarm", "inputs", "4.3.1-l", "count"),
    Ability("alarm", "outputs", "4.3.1-l", "count"),
    *_truths("supply", "4.3.1-m1", "dc-5v", "dc-12v", "poe"),
    *_truths("supply", "4.3.1-m2", "ac"),
    *_truths("interfaces", "4.3.1-n1", "rj45"),
    *_truths("interfaces", "4.3.1-n2", "wifi", "mobile", "optical"),
)
BY_NAME: Mapping[str, Ability] = {ability.name: ability for ability in ABILITIES}


@dataclass(frozen=True)
class Declaration:
    """What a vendor states of one or several models.

    Attributes:
        file: name of the file, by which a site refers to it.
        models: designations that it speaks of, as the devices tell them.
        manufacturer, firmware, declared_by, date: as written down, "" where not.
        values: by the ability's name; what is not declared is not there.
        line: of ``models`` in the file, to name a mistake.
    """

    file: str
    models: tuple[str, ...]
    manufacturer: str = ""
    firmware: str = ""
    declared_by: str = ""
    date: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    line: int = 0

    def covers(self, model: str) -> bool:
        """Whether it speaks of ``model``; case and blanks around it have no bearing."""
        return _plain(model) in map(_plain, self.models)

    def stated(self, *names: str) -> bool | None:
        """Whether any of these truths is declared; ``None`` when nothing is said of them."""
        said = [bool(self.values[name]) for name in names if name in self.values]
        return any(said) if said else None

    def document(self) -> dict[str, Any]:
        """JSON-able; ``declaration_of`` reads it."""
        return asdict(self)


def declaration_of(document: Mapping[str, Any]) -> Declaration:
    """The declaration that ``Declaration.document`` wrote.

    Raises:
        TypeError, KeyError: it is not one.
    """
    return Declaration(**{**document, "models": tuple(document["models"])})


def read_declaration(path: Path) -> Declaration:
    """Read a declaration.

    Raises:
        FaultyFileError: with every mistake, by line.
    """
    record, faults = read_record(path, FaultList(path.name))
    models = record.texts("models")
    if not models:
        record.fault("models", "empty" if record.has("models") else "missing-field")
    values: dict[str, Value] = {}
    for section in dict.fromkeys(ability.section for ability in ABILITIES):
        inner = record.record(section) if section else record
        if inner is None:
            continue
        for ability in (one for one in ABILITIES if one.section == section):
            if inner.has(ability.key):
                values[ability.name] = _value(inner, ability)
        if section:
            inner.finish()
    day = record.date("date")
    made = Declaration(
        file=path.name,
        models=models,
        manufacturer=record.text("manufacturer", ""),
        firmware=record.text("firmware", ""),
        declared_by=record.text("declared_by", ""),
        date=day.isoformat() if day else "",
        values=values,
        line=record.line_of("models"),
    )
    record.finish()
    faults.raise_if_any()
    return made


def _value(row: Record, ability: Ability) -> Value:
    if ability.kind == "truth":
        return row.truth(ability.key, False)
    if ability.kind == "count":
        count = row.integer(ability.key, 0)
        if not 0 <= count <= _MOST:
            row.fault(ability.key, "not-one-of", found=str(count), expected=f"0–{_MOST}")
        return count
    if ability.kind == "choice":
        return row.text(ability.key, one_of=ability.choices)
    return row.text(ability.key, pattern=_IP_CODE)


def read_declarations(
    paths: Iterable[Path], known: Iterable[Declaration] = ()
) -> tuple[Declaration, ...]:
    """Those that are ``known`` and others; no model and no file name may be declared twice.

    Raises:
        FaultyFileError: with every mistake of every file.
    """
    found = list(known)
    faults = FaultList("")
    for path in paths:
        try:
            one = read_declaration(path)
        except FaultyFileError as error:
            faults.faults.extend(error.faults)
            continue
        for earlier in found:
            both = [model for model in one.models if earlier.covers(model)]
            if both or earlier.file == one.file:
                faults.file = one.file
                faults.add(
                    one.line,
                    "declared-twice",
                    found=", ".join(both) or one.file,
                    earlier=earlier.file,
                )
        found.append(one)
    faults.raise_if_any()
    return tuple(found)


def declaration_for(
    declarations: Sequence[Declaration], file: str, *models: str | None
) -> Declaration | None:
    """The declaration of a device: the one that the site names for it, else by its model.

    Args:
        declarations: of the site.
        file: that the site names for the device, "" for none.
        models: designations, the inventory's before the device's own.
    """
    if file:
        return next((one for one in declarations if one.file == file), None)
    for model in models:
        for one in declarations:
            if model and one.covers(model):
                return one
    return None


def _plain(model: str) -> str:
    return model.strip().casefold()
