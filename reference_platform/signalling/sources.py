"""Where pictures come from: the port ``Sources`` over GB/T 28181 and RTSP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reference_platform.errors import PlatformError
from reference_platform.ports import ChannelRef, PlaybackSource, Source, Span, StreamName
from reference_platform.signalling import onvif
from reference_platform.signalling.directory import KnownDevice
from reference_platform.signalling.rtsp import RtspSource, with_login
from reference_platform.signalling.server import SignallingServer
from reference_platform.signalling.sessions import MediaSession, Order

#: Asked for in downloads; a device gives what it can.
DOWNLOAD_SPEED = 16


class PlatformSources:
    """See ``Sources``."""

    def __init__(self, server: SignallingServer) -> None:
        self._server = server

    async def live(self, channel: ChannelRef, stream: StreamName) -> Source:
        """See ``Sources``."""
        if channel.protocol != "gb28181":
            return await self._pulled(channel, stream)
        known = await self._known(channel)
        number = 1 if stream == "sub" else 0
        return await self._invited(Order("Play", channel.id, known.media, stream=number), channel)

    async def playback(
        self, channel: ChannelRef, start: float, end: float, *, download: bool = False
    ) -> PlaybackSource:
        """See ``Sources``; cameras without GB/T 28181 have no recordings to offer."""
        if channel.protocol != "gb28181":
            raise PlatformError("source.no-recordings", 409, device=channel.device)
        known = await self._known(channel)
        order = Order(
            "Download" if download else "Playback",
            channel.id,
            known.media,
            int(start),
            max(int(start) + 1, round(end)),
            speed=DOWNLOAD_SPEED if download else None,
        )
        return await self._invited(order, channel)

    async def records(self, channel: ChannelRef, start: float, end: float) -> Sequence[Span]:
        """See ``Sources``: in order, without overlaps, cut to the period."""
        if channel.protocol != "gb28181":
            return []
        device = self._server.registered(channel.device)
        items = await self._server.asking.records(device, channel.id, start, end)
        found = [
            (max(one.start, start), min(one.end, end))
            for one in items
            if one.start is not None and one.end is not None
        ]
        return merged([Span(a, b) for a, b in found if a < b])

    async def _known(self, channel: ChannelRef) -> KnownDevice:
        known = await self._server.directory.device(channel.device)
        if known is None:
            raise PlatformError("source.offline", 503, device=channel.device)
        return known

    async def _invited(self, order: Order, channel: ChannelRef) -> MediaSession:
        """Invite; where no packet comes by UDP, a firewall may let a connection of theirs pass."""
        device = self._server.registered(channel.device)
        try:
            return await MediaSession.begin(self._server, device, order)
        except PlatformError as problem:
            if problem.code != "source.no-media" or order.media != "udp":
                raise
        return await MediaSession.begin(self._server, device, replace(order, media="tcp-passive"))

    async def _pulled(self, channel: ChannelRef, stream: StreamName) -> RtspSource:
        known = await self._known(channel)
        if channel.protocol == "onvif":
            url = await onvif.stream_url(known, stream)
        else:
            url = known.address
        url = with_login(url, known.user, known.password)
        return await RtspSource.begin(channel.device, url, self._server.time)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in order, those that touch made one."""
    found: list[Span] = []
    for one in sorted(spans, key=lambda span: span.start):
        if found and one.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found
