"""Answers in several messages put together: by serial number and item, in whatever order (annex N).

Counting items rather than messages survives concurrent, repeated and reordered ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from protocols.deviation import Deviation
from protocols.gb28181.catalog import CatalogItem, CatalogPage
from protocols.gb28181.records import RecordItem, RecordPage

CLAUSE = "GB/T 28181-2016 annex N"
MAXIMUM_PER_MESSAGE = 10_000
MAXIMUM_ITEMS = 200_000
MAXIMUM_DEVIATIONS = 500

Item = TypeVar("Item", CatalogItem, RecordItem)


@dataclass
class _Assembly(Generic[Item]):
    """What has come of one answer.

    Attributes:
        sn: of the query; messages with another one are refused.
        sum_num: the greatest SumNum met, None before the first message.
        pages: messages taken.
        duplicates: items that came more than once.
    """

    sn: int | None
    sum_num: int | None = None
    pages: int = 0
    duplicates: int = 0
    _items: dict[object, Item] = field(default_factory=dict)
    _deviations: list[Deviation] = field(default_factory=list)

    @property
    def items(self) -> tuple[Item, ...]:
        """The items so far, each once, in the order in which they first came."""
        return tuple(self._items.values())

    @property
    def received(self) -> int:
        """How many different items came."""
        return len(self._items)

    @property
    def complete(self) -> bool:
        """Whether as many different items came as SumNum promises."""
        return self.sum_num is not None and self.received >= self.sum_num

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Of all messages and of how they fit together."""
        return tuple(self._deviations)

    def _take(
        self,
        sn: int | None,
        sum_num: int | None,
        deviations: tuple[Deviation, ...],
        keyed: list[tuple[object, Item]],
    ) -> bool:
        if sn != self.sn:
            return False
        self.pages += 1
        for one in deviations:
            self._note(one)
        if self.sum_num is not None and sum_num is not None and sum_num != self.sum_num:
            self._note(Deviation("sum-changes", CLAUSE, f"{self.sum_num} / {sum_num}"))
        if sum_num is not None:
            self.sum_num = max(sum_num, self.sum_num or 0)
        if len(keyed) > MAXIMUM_PER_MESSAGE:
            self._note(Deviation("list-too-long", CLAUSE, str(len(keyed))))
        for key, item in keyed[:MAXIMUM_PER_MESSAGE]:
            if key in self._items:
                self.duplicates += 1
                self._note(Deviation("item-twice", CLAUSE))
            elif len(self._items) >= MAXIMUM_ITEMS:
                self._note(Deviation("list-too-long", CLAUSE, str(MAXIMUM_ITEMS)))
                break
            self._items[key] = item
        if self.sum_num is not None and len(self._items) > self.sum_num:
            detail = f"SumNum={self.sum_num}, {len(self._items)}"
            self._note(Deviation("list-beyond-sum", CLAUSE, detail))
        return True

    def _note(self, one: Deviation) -> None:
        if len(self._deviations) < MAXIMUM_DEVIATIONS and one not in self._deviations:
            self._deviations.append(one)


class CatalogAssembly(_Assembly[CatalogItem]):
    """A Catalog answer; an item is known by its DeviceID, the latest one stays."""

    def add(self, page: CatalogPage) -> bool:
        """Take a message; False when it belongs to another exchange."""
        keyed: list[tuple[object, CatalogItem]] = [(one.device_id, one) for one in page.items]
        return self._take(page.sn, page.sum_num, page.deviations, keyed)


class RecordAssembly(_Assembly[RecordItem]):
    """A RecordInfo answer; an item is known by device, times, path and type."""

    def add(self, page: RecordPage) -> bool:
        """Take a message; False when it belongs to another exchange."""
        keyed: list[tuple[object, RecordItem]] = [(one.key, one) for one in page.items]
        return self._take(page.sn, page.sum_num, page.deviations, keyed)
