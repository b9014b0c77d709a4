"""What plays events before a camera, and reads what the camera does at its output."""

from __future__ import annotations

from typing import Literal, Protocol

PlayState = Literal["on", "off"]
ContactState = Literal["open", "closed"]


class SceneRig(Protocol):
    """Port to a screen, a loudspeaker, a puppet before the camera; to a meter at its output.

    Raises from every call:
        VisitProblem: ``visit.rig-failed``.
    """

    async def play(self, point: str, event: str, state: PlayState) -> None:
        """Begin (``on``) or end (``off``) one of ``protocols.onvif_topics.SCENE_EVENTS``."""

    async def output(self, point: str) -> ContactState:
        """How the contact of the alarm output stands."""
