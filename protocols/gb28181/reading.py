"""Reading of single fields of MANSCDP, with a note of what deviates."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator

from lxml import etree

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import Edition, Manscdp
from protocols.gb28181.times import parse_time
from protocols.xml_reading import children, find, local_name

MAXIMUM_DEVIATIONS = 200
MAXIMUM_TEXT = 4096


class FieldReader:
    """Reads the children of one element.

    A missing mandatory field is ``field-missing``, a value outside its table ``value``, a text
    that is no number or time ``value-form``; each once per field name, at most 200 in all.
    """

    def __init__(
        self, element: etree._Element, clause: str, deviations: list[Deviation] | None = None
    ) -> None:
        self.element = element
        self.clause = clause
        self._deviations = [] if deviations is None else deviations
        self._children: dict[str, etree._Element] = {}
        for child in element:
            if isinstance(child.tag, str):
                self._children.setdefault(child.tag.rpartition("}")[2], child)
        self._inner: dict[str, FieldReader] = {}

    def within(self, element: etree._Element) -> FieldReader:
        """A reader of another element that shares these notes."""
        return FieldReader(element, self.clause, self._deviations)

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What was met so far."""
        return tuple(self._deviations)

    def add(self, code: str, detail: str = "") -> None:
        """Note a deviation, unless it is noted already or there are too many."""
        one = Deviation(code, self.clause, printable(detail))
        if len(self._deviations) < MAXIMUM_DEVIATIONS and one not in self._deviations:
            self._deviations.append(one)

    def text(self, *path: str, mandatory: bool = False, maximum: int = MAXIMUM_TEXT) -> str:
        """The stripped text, "" when absent; longer ones are cut and noted."""
        found = self._words(path)
        if not found:
            if mandatory:
                self.add("field-missing", "/".join(path))
            return ""
        if len(found) > maximum:
            self.add("value-too-long", "/".join(path))
            return found[:maximum]
        return found

    def _words(self, path: tuple[str, ...]) -> str:
        """The stripped text at ``path``, "" when absent."""
        child = self._children.get(path[0])
        if child is None:
            return ""
        if len(path) == 1:
            return (child.text or "").strip()
        inner = self._inner.get(path[0])
        if inner is None:
            inner = self._inner[path[0]] = self.within(child)
        return inner._words(path[1:])

    def integer(
        self,
        *path: str,
        mandatory: bool = False,
        least: int | None = None,
        most: int | None = None,
        among: Container[int] | None = None,
    ) -> int | None:
        """The whole number, None when absent or none."""
        text = self.text(*path, mandatory=mandatory)
        if not text:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            self.add("value-form", f"{'/'.join(path)}={text}")
            return None
        number = int(text)
        outside = (least is not None and number < least) or (most is not None and number > most)
        if outside or (among is not None and number not in among):
            self.add("value", f"{'/'.join(path)}={text}")
        return number

    def decimal(
        self,
        *path: str,
        mandatory: bool = False,
        least: float | None = None,
        most: float | None = None,
    ) -> float | None:
        """The number, None when absent, none, or not finite."""
        text = self.text(*path, mandatory=mandatory)
        if not text:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{0,18}\.?[0-9]{0,18}(?:[eE][+-]?[0-9]{1,3})?", text):
            self.add("value-form", f"{'/'.join(path)}={text}")
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.add("value-form", f"{'/'.join(path)}={text}")
            return None
        if (least is not None and number < least) or (most is not None and number > most):
            self.add("value", f"{'/'.join(path)}={text}")
        return number

    def choice(
        self,
        *path: str,
        among: tuple[str, ...],
        aliases: dict[str, str] | None = None,
        mandatory: bool = False,
    ) -> str:
        """One of ``among``; another spelling or an alias is mapped and noted, else ""."""
        text = self.text(*path, mandatory=mandatory)
        if not text or text in among:
            return text
        self.add("value", f"{'/'.join(path)}={text}")
        upper = text.upper()
        found = next((one for one in among if one.upper() == upper), "")
        return found or (aliases or {}).get(upper, "")

    def time(self, *path: str, mandatory: bool = False) -> float | None:
        """POSIX seconds of a dateTime, None when absent or none."""
        text = self.text(*path, mandatory=mandatory)
        if not text:
            return None
        try:
            moment, deviations = parse_time(text, clause=self.clause)
        except ProtocolError:
            self.add("value-form", f"{'/'.join(path)}={text}")
            return None
        for one in deviations:
            self.add(one.code, f"{'/'.join(path)}={text}")
        return moment

    def items(self, name: str, *, item: str = "Item") -> tuple[int | None, list[etree._Element]]:
        """The declared number and the items of a list element; ``(None, [])`` when it is absent.

        A declared number that is not the number of items is ``list-number``.
        """
        holder = find(self.element, name)
        if holder is None:
            return None, []
        found = list(children(holder, item))
        text = next(
            (str(value) for key, value in holder.attrib.items() if str(key).lower() == "num"), ""
        ).strip()
        if not re.fullmatch(r"[0-9]{1,9}", text):
            self.add("list-number", f"{name} Num={text}")
            return None, found
        number = int(text)
        if number != len(found):
            self.add("list-number", f"{name} Num={number}, {len(found)}")
        return number, found

    def paged(self, name: str, maximum: int) -> tuple[int | None, int | None, list[etree._Element]]:
        """SumNum, Num and the elements of one message of a paged answer (annex N).

        At most ``maximum`` elements are handed out; what SumNum contradicts is reported.
        """
        sum_num = self.integer("SumNum", mandatory=True, least=0, most=200_000)
        num, elements = self.items(name)
        if len(elements) > maximum:
            self.add("list-too-long", str(len(elements)))
        if num is None and sum_num and not elements:
            self.add("field-missing", name)
        if sum_num == 0 and (num is not None or elements):
            self.add("list-of-none", f"{name} Num={num}")
        if sum_num is not None and len(elements) > sum_num:
            self.add("list-beyond-sum", f"SumNum={sum_num}, {len(elements)}")
        return sum_num, num, elements[:maximum]

    def names(self) -> Iterator[str]:
        """The local names of the children in order."""
        return (local_name(one) for one in self.element if isinstance(one.tag, str))


def reader_of(message: Manscdp, clause: str, edition: Edition = "2016") -> FieldReader:
    """A reader of the root's children; by 2022 the clause is named without its item letter."""
    if edition == "2022":
        clause = re.sub(r"-2016( A\.[0-9.]+)( [a-z])?$", r"-2022\1", clause)
    return FieldReader(message.root, clause)
