"""What the desk knows of one camera, and which of its visits keep others away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from targets.camera import CameraTarget
from targets.onvif_client import OnvifClient
from targets.onvif_media import CameraMedia
from visits.circumstances import Circumstances

#: Kinds that mostly wait for what a device says by itself, and have no use for its pictures; and
#: those that take pictures alone, of which no rate is judged. They are made beside each other.
TALK = frozenset({"gb28181:keepalive", "gb28181:registration", "gb28181:protection"})
PICTURES = frozenset(
    {"stream:codec-h264", "stream:codec-mjpeg", "stream:codec-h265", "white-light"}
)


class Acquaintance:
    """What the desk knows of one camera: its connections, and whether it refused us.

    Attributes:
        left_s: planned seconds of the visits that are still to be made.
    """

    def __init__(self) -> None:
        self.left_s = 0.0
        self._talk = asyncio.Lock()
        self._pictures = asyncio.Lock()
        self.refused = False
        self.streams_refused = False
        self._secret: object = None
        self._media: CameraMedia | None = None

    @asynccontextmanager
    async def alone(self, kind: str) -> AsyncIterator[None]:
        """Keep every other visit away, but for those that may be made beside this kind."""
        async with AsyncExitStack() as held:
            if kind not in PICTURES:
                await held.enter_async_context(self._talk)
            if kind not in TALK:
                await held.enter_async_context(self._pictures)
            yield

    def media(self, camera: CameraTarget, circumstances: Circumstances) -> CameraMedia:
        """The camera's connections; new ones once its password is another."""
        if self._media is None or self._secret is not camera.secret:
            self._secret = camera.secret
            client = OnvifClient(camera, time_source=circumstances.time_source)
            self._media = CameraMedia(client)
        return self._media

    def refuse(self, *, streams_only: bool) -> None:
        """Remember a refusal; by the streams alone when ONVIF accepts the same password."""
        self.streams_refused = True
        self.refused = self.refused or not streams_only
