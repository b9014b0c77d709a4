"""The cable between a camera and its platform: who can pull and plug it.

A capture that begins in the middle of a session cannot say which cipher was agreed; with the cable
plugged while the capture stands, the whole life of every connection is seen.
"""

from __future__ import annotations

from typing import Literal, Protocol
from urllib.parse import quote, urlsplit

from protocols.time_source import TimeSource
from targets.camera import CameraOptions
from targets.errors import VisitProblem
from targets.http_client import HttpClient

LinkState = Literal["up", "down"]


class LinkSwitch(Protocol):
    """Port to whatever rules the cable: a managed switch, a rig, a simulator."""

    async def set(self, point: str, state: LinkState) -> None:
        """Pull (``down``) or plug (``up``) the cable of ``point``.

        Raises:
            VisitProblem: ``visit.no-rig`` when that cannot be done.
        """


class HttpLinkSwitch:
    """A rig with a small HTTP interface: ``PUT BASE/cameras/POINT/link {"state": ...}``."""

    def __init__(self, base: str, *, time_source: TimeSource) -> None:
        self._base = base.rstrip("/")
        self._time = time_source

    async def set(self, point: str, state: LinkState) -> None:
        """See ``LinkSwitch``."""
        client = HttpClient(
            urlsplit(self._base).hostname or "", options=CameraOptions(), time_source=self._time
        )
        try:
            exchange = await client.request(
                "PUT",
                f"{self._base}/cameras/{quote(point, safe='')}/link",
                headers=[("Content-Type", "application/json")],
                body=f'{{"state": "{state}"}}'.encode(),
                waiting_for="link switch",
            )
        except VisitProblem as problem:
            detail = problem.reason.code
            raise VisitProblem("visit.no-rig", light="link", point=point, detail=detail) from None
        finally:
            client.close()
        if not 200 <= exchange.response.status < 300:
            detail = f"HTTP {exchange.response.status}"
            raise VisitProblem("visit.no-rig", light="link", point=point, detail=detail)
