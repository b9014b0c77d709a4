"""YAML read with the place of every value, so that each mistake is named with its file and line.

Hand-written files (the catalogue, evidence records, waivers, site files) hold plain records. The
reader keeps going after a mistake and hands back all of them at once. Anchors, aliases and tags
are refused: plain records need none, and a short file could otherwise unfold without end.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from messages import text as wording

#: Largest file that is read, in bytes.
MAXIMUM_SIZE = 8 * 1024 * 1024
_MAXIMUM_DEPTH = 12
#: The parser in C where PyYAML has it: the catalogue is read at every start.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Fault:
    """One mistake in a file: where, and the message key and parameters that say what.

    ``line`` counts from 1; 0 means the file as a whole.
    """

    file: str
    line: int
    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def worded(self, lang: str) -> str:
        """``file:line: what`` in ``lang``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {wording(f'file.{self.code}', lang, **self.parameters)}"


class FaultyFileError(ValueError):
    """A hand-written file with mistakes, all of which are in ``faults``."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.worded("en") for fault in self.faults))


class FaultList:
    """Collects the mistakes of one file while it is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def add(self, line: int, code: str, **parameters: Any) -> None:
        """Note one mistake."""
        self.faults.append(Fault(self.file, line, code, parameters))

    def raise_if_any(self) -> None:
        """End the reading.

        Raises:
            FaultyFileError: a mistake was noted.
        """
        if self.faults:
            raise FaultyFileError(sorted(self.faults, key=lambda fault: fault.line))


class Record:
    """A mapping of the file. Its accessors note a mistake and give a harmless value instead.

    After all fields have been asked for, ``finish`` notes the fields that nobody asked for.
    """

    def __init__(self, node: yaml.Node, faults: FaultList) -> None:
        self.line = _line(node)
        self._faults = faults
        self._asked: set[str] = set()
        self._fields: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        if not isinstance(node, yaml.MappingNode):
            faults.add(self.line, "expected-mapping")
            return
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                faults.add(_line(key), "expected-plain-key")
            elif key.value in self._fields:
                faults.add(_line(key), "twice", field=key.value)
            else:
                self._fields[key.value] = value
                self._lines[key.value] = _line(key)

    def names(self) -> tuple[str, ...]:
        """The names of all fields, in the order of the file."""
        return tuple(self._fields)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._node(name) is not None

    def line_of(self, name: str) -> int:
        """The line of a field, or of the record when it has no such field."""
        return self._lines.get(name, self.line)

    def fault(self, name: str, code: str, **parameters: Any) -> None:
        """Note a mistake in the field ``name``."""
        self._faults.add(self.line_of(name), code, field=name, **parameters)

    def text(
        self,
        name: str,
        default: str | None = None,
        *,
        one_of: Sequence[str] = (),
        pattern: str = "",
    ) -> str:
        """The field as text. Without ``default`` it must be there and not be empty."""
        value = self._scalar(name, required=default is None)
        if value is None:
            return default or ""
        if not value.strip() and default is None:
            self.fault(name, "empty")
        elif one_of and value not in one_of:
            self.fault(name, "not-one-of", found=value, expected=", ".join(one_of))
        elif pattern and not re.fullmatch(pattern, value):
            self.fault(name, "wrong-form", found=value, expected=pattern)
        return value

    def optional_text(self, name: str) -> str | None:
        """The field as text, or ``None`` when it is not there."""
        return self._scalar(name, required=False)

    def number(self, name: str) -> float:
        """The field as a number; it must be there."""
        return self._as_number(name, self._scalar(name, required=True)) or 0.0

    def optional_number(self, name: str) -> float | None:
        """The field as a number, or ``None`` when it is not there."""
        return self._as_number(name, self._scalar(name, required=False))

    def integer(self, name: str, default: int | None = None) -> int:
        """The field as a whole number. Without ``default`` it must be there."""
        value = self._scalar(name, required=default is None)
        if value is None:
            return default or 0
        if not re.fullmatch(r"[+-]?\d{1,18}", value):
            self.fault(name, "expected-integer", found=value)
            return default or 0
        return int(value)

    def truth(self, name: str, default: bool) -> bool:
        """The field as true or false."""
        value = self._scalar(name, required=False)
        if value is None:
            return default
        if value.lower() not in _TRUTH:
            self.fault(name, "expected-truth", found=value)
            return default
        return _TRUTH[value.lower()]

    def date(self, name: str) -> datetime.date | None:
        """The field as a calendar day (YYYY-MM-DD), or ``None`` when it is not there."""
        value = self._scalar(name, required=False)
        if value is None:
            return None
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            self.fault(name, "expected-date", found=value)
            return None

    def plain(self, name: str) -> str | float | bool | None:
        """The field as YAML itself reads a scalar: truth, number or text."""
        node = self._node(name)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.fault(name, "expected-scalar")
            return None
        if node.tag.endswith(":bool"):
            return _TRUTH[node.value.lower()]
        if node.tag.endswith((":int", ":float")):
            return self._as_number(name, node.value)
        return str(node.value)

    def texts(self, name: str) -> tuple[str, ...]:
        """The field as a list of texts; empty when it is not there."""
        found: list[str] = []
        for node in self._items(name):
            if isinstance(node, yaml.ScalarNode) and node.value.strip():
                found.append(node.value)
            else:
                self._faults.add(_line(node), "expected-text", field=name)
        return tuple(found)

    def records(self, name: str) -> tuple[Record, ...]:
        """The field as a list of records; empty when it is not there."""
        return tuple(Record(node, self._faults) for node in self._items(name))

    def record(self, name: str) -> Record | None:
        """The field as one record, or ``None`` when it is not there."""
        node = self._node(name)
        return None if node is None else Record(node, self._faults)

    def table(self, name: str) -> Mapping[str, Record]:
        """The field as records by name; empty when it is not there."""
        outer = self.record(name)
        return {} if outer is None else outer.entries()

    def entries(self) -> Mapping[str, Record]:
        """Every field as a record, by name."""
        self._asked.update(self._fields)
        return {key: Record(node, self._faults) for key, node in self._fields.items()}

    def finish(self) -> None:
        """Note every field that no accessor asked for, with the nearest known name."""
        for name in self._fields.keys() - self._asked:
            near = difflib.get_close_matches(name, self._asked, n=1)
            expected = ", ".join(near or sorted(self._asked))
            self._faults.add(self._lines[name], "unknown-field", field=name, expected=expected)

    def _node(self, name: str) -> yaml.Node | None:
        self._asked.add(name)
        node = self._fields.get(name)
        return None if node is None or node.tag.endswith(":null") else node

    def _scalar(self, name: str, *, required: bool) -> str | None:
        node = self._node(name)
        if node is None:
            if required:
                self.fault(name, "missing-field")
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.fault(name, "expected-scalar")
            return None
        return str(node.value)

    def _items(self, name: str) -> Iterator[yaml.Node]:
        node = self._node(name)
        if node is None:
            return
        if isinstance(node, yaml.SequenceNode):
            yield from node.value
        else:
            self.fault(name, "expected-list")

    def _as_number(self, name: str, value: str | None) -> float | None:
        if value is None:
            return None
        if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?", value):
            self.fault(name, "expected-number", found=value)
            return None
        return float(value)


def read_record(path: Path, faults: FaultList | None = None) -> tuple[Record, FaultList]:
    """Read ``path``, whose top level must be a mapping.

    Raises:
        FaultyFileError: the file cannot be read, or is not plain YAML at all.
    """
    faults = faults or FaultList(path.name)
    node = _compose(path, faults)
    return Record(node, faults), faults


def _compose(path: Path, faults: FaultList) -> yaml.Node:
    node: yaml.Node | None = None
    try:
        if path.stat().st_size > MAXIMUM_SIZE:
            faults.add(0, "too-large", limit=MAXIMUM_SIZE)
        else:
            content = path.read_text(encoding="utf-8-sig")
            _refuse_sharing(content, faults)
            faults.raise_if_any()
            node = yaml.compose(content, Loader=_LOADER)
            if node is None:
                faults.add(0, "nothing-in-it")
    except OSError as error:
        faults.add(0, "unreadable", detail=error.strerror or type(error).__name__)
    except UnicodeDecodeError:
        faults.add(0, "not-utf-8")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        faults.add(mark.line + 1 if mark else 0, "not-yaml", detail=error.problem or "")
    except yaml.YAMLError as error:
        faults.add(0, "not-yaml", detail=str(error).splitlines()[0])
    faults.raise_if_any()
    assert node is not None
    return node


def _refuse_sharing(content: str, faults: FaultList) -> None:
    """Refuse anchors, aliases, foreign tags and deep nesting before anything is unfolded."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            faults.add(line, "alias")
            return
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _PLAIN_TAGS:
            faults.add(line, "foreign-tag", found=tag)
            return
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAXIMUM_DEPTH:
            faults.add(line, "too-deep")
            return


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
