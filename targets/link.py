"""The cable between a camera and its platform: who can pull and plug it.

A capture that begins in the middle of a session cannot say which cipher was agreed; with the cable
plugged while the capture stands, the whole life of every connection is seen.
"""

from __future__ import annotations

from typing import Literal, Protocol

LinkState = Literal["up", "down"]


class LinkSwitch(Protocol):
    """Port to whatever rules the cable: a managed switch, a rig, a simulator."""

    async def set(self, point: str, state: LinkState) -> None:
        """Pull (``down``) or plug (``up``) the cable of ``point``.

        Raises:
            VisitProblem: ``visit.rig-failed`` when that cannot be done.
        """
