"""Loopback addresses that no other test has, whichever of the workers runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product

#: Which of the processes that share the tests this is, from 0.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
#: Of the 255 networks 127.N.x: those of one worker.
_SHARE = 30


def fresh_addresses(network: str) -> Iterator[str]:
    """Addresses in ``network`` (``127.N``), another one each time, for eight workers."""
    first = WORKER % 8 * _SHARE
    places = product(range(first, first + _SHARE), range(1, 255))
    return (f"{network}.{high}.{low}" for high, low in places)
