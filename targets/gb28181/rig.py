"""What can be done at a device that registers, beside talking to it."""

from __future__ import annotations

from typing import Literal, Protocol

State = Literal["on", "off"]


class Gb28181Rig(Protocol):
    """Somebody or something at the device."""

    async def registration(self, point: str, state: State) -> None:
        """Have the device unregister (``off``) or register (``on``).

        Raises:
            VisitProblem: ``visit.rig-failed``.
        """

    async def alarm_input(self, point: str, state: State) -> None:
        """Close (``on``) or open (``off``) the device's alarm input.

        Raises:
            VisitProblem: ``visit.rig-failed``.
        """
