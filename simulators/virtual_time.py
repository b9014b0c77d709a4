"""An event loop in which waiting takes no time: a day's watch runs in seconds.

Timers of asyncio fire in their order, and whenever nothing is left to do at the present moment
the virtual clock is turned to the next timer. Real sockets must not be waited for in it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from protocols.time_source import VirtualTime

_Result = TypeVar("_Result")


class _SkippingSelector(selectors.DefaultSelector):
    """Turns the clock where another selector would wait."""

    def __init__(self, clock: VirtualTime) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """Ready events, or none after the clock was turned by ``timeout``."""
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("virtual time: everything waits and no timer is set")
        if timeout > 0:
            self._clock.advance(timeout)
        return []


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: VirtualTime) -> None:
        super().__init__(_SkippingSelector(clock))
        self._virtual_clock = clock

    def time(self) -> float:
        return self._virtual_clock.monotonic()


def run_in_virtual_time(work: Coroutine[Any, Any, _Result], clock: VirtualTime) -> _Result:
    """Run ``work`` to its end; ``asyncio.sleep`` and timeouts turn ``clock`` and cost nothing.

    Raises:
        RuntimeError: the work waits for something that no timer will bring.
    """
    with asyncio.Runner(loop_factory=lambda: _VirtualLoop(clock)) as runner:
        return runner.run(work)
