"""A camera's pictures on to an upper platform: INVITE, INFO, BYE from above (9.2, 9.8)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import CONTENT_TYPE
from protocols.gb28181.mansrtsp import parse_command
from protocols.gb28181.notifications import build_media_status
from protocols.gb28181.sdp import CONTENT_TYPE as SDP
from protocols.gb28181.sdp import GbSession, build_answer
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, SipTimeoutError
from protocols.srtp import CryptoLine, new_crypto_line, parse_crypto_line
from reference_platform.behaviours import defect
from reference_platform.errors import PlatformError
from reference_platform.media.units import AccessUnit
from reference_platform.ports import ChannelRef, PlaybackSource
from reference_platform.signalling.cascade.link import UpperLink
from reference_platform.signalling.cascade.sending import PictureSender, TcpWay, UdpWay, Way

CASCADE_PLAIN = defect(
    "cascade-plain",
    "Pictures go to an upper platform in clear, whatever it offered.",
    "wvp-GB28181-pro#1009",
)
_ACKNOWLEDGED_SECONDS = 32.0
_TICKS = 90_000


class Pictures(Protocol):
    """Pictures that are being pulled."""

    def __aiter__(self) -> AsyncIterator[AccessUnit]:
        """Them."""

    def close(self) -> object:
        """Pull no more; what is returned is awaited where it can be."""


class Refusal(Exception):  # noqa: N818  (an answer, not a fault)
    """An INVITE that is answered with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Relay:
    """One session with an upper platform.

    Args:
        link: to it.
        channel: whose pictures.
        offer: what it offered.
        pictures: where they come from.
        playback: the same when they are a recording.
        ended: told when the session is over.
    """

    def __init__(
        self,
        link: UpperLink,
        channel: ChannelRef,
        offer: GbSession,
        pictures: Pictures,
        playback: PlaybackSource | None,
        ended: Callable[[Relay], None],
    ) -> None:
        self.channel = channel
        self.call_id = ""
        self._link = link
        self._offer = offer
        self._pictures = pictures
        self._playback = playback
        self._ended = ended
        self._dialog: Dialog | None = None
        self._sender: PictureSender | None = None
        self._acknowledged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._over = False

    async def answer(self, incoming: IncomingRequest, ssrc: int, *, plain: bool) -> None:
        """Accept; sending begins with the ACK.

        Raises:
            Refusal: the offer cannot be satisfied.
            OSError: no port is free.
        """
        offer, link = self._offer, self._link
        payload_type = next((one for one, _ in offer.formats if offer.encoding(one) == "PS"), None)
        if payload_type is None or offer.kind != "video":
            raise Refusal(488)
        crypto = None if plain else self._crypto()
        own = link.own_end[0]
        way = await _way(offer, own)
        self._sender = PictureSender(way, ssrc, payload_type, crypto)
        if plain:
            offer.protocol = offer.protocol.replace("SAVP", "AVP")
        body = build_answer(
            offer,
            owner=self.channel.id,
            address=own,
            port=way.port,
            ssrc=ssrc,
            formats=[(payload_type, "PS/90000")],
            crypto=[crypto.build()] if crypto is not None else (),
        )
        request = incoming.request
        self.call_id = request.headers.get("Call-ID") or ""
        self._dialog = Dialog.from_uas(request, incoming.to_tag, contact=link.contact)
        incoming.on_unacknowledged = self._hung_up
        headers = [("Contact", link.contact), ("Content-Type", SDP)]
        incoming.respond(200, headers=headers, body=body)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def _crypto(self) -> CryptoLine | None:
        """Our key. Where signalling is encrypted, media in clear are not agreed to."""
        offer = self._offer
        if not offer.secure:
            if self._link.secure:
                raise Refusal(488)
            return None
        for text in offer.crypto:
            with contextlib.suppress(ProtocolError, ValueError):
                offered = parse_crypto_line(text)
                if offered.encrypts:
                    return new_crypto_line(offered.suite, offered.tag)
        raise Refusal(488)

    # What the upper platform says

    def acknowledged(self) -> None:
        """ACK came."""
        self._acknowledged.set()

    async def info(self, incoming: IncomingRequest) -> None:
        """Steer a recording."""
        if self._playback is None:
            incoming.respond(488)
            return
        try:
            command = parse_command(incoming.request.body)
            if command.what == "pause":
                await self._playback.pause()
            elif command.what == "speed" and command.scale is not None:
                await self._playback.scale(command.scale)
            elif command.what == "seek" and isinstance(command.start, float):
                await self._playback.seek(self._offer.start + command.start)
            elif command.what == "stop":
                incoming.respond(200)
                self._hung_up()
                return
            else:
                await self._playback.resume()
        except ProtocolError:
            incoming.respond(400)
        except PlatformError:
            incoming.respond(500)
        else:
            incoming.respond(200)

    def _hung_up(self) -> None:
        self._dialog = None
        if self._task is not None:
            self._task.cancel()

    def bye(self, incoming: IncomingRequest) -> None:
        """The upper platform wants no more."""
        incoming.respond(200)
        self._hung_up()

    async def close(self) -> None:
        """End the session with BYE."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.discard()

    # Sending

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(_ACKNOWLEDGED_SECONDS):
                await self._acknowledged.wait()
            await self._send()
        except (TimeoutError, OSError, PlatformError):
            pass  # the BYE says that it is over
        finally:
            await self.discard()

    async def _send(self) -> None:
        assert self._sender is not None
        await self._sender.way.open()
        async for unit in self._pictures:
            await self._sender.send(unit)
            if isinstance(self._sender.way, TcpWay) and self._sender.way.broken:
                return
        if self._playback is not None and self._dialog is not None:
            body = build_media_status(self._link.next_sn(), self.channel.id)
            with contextlib.suppress(SipTimeoutError, OSError):
                await self._link.ask(
                    self._dialog.request("MESSAGE", body=body, content_type=CONTENT_TYPE)
                )
            await asyncio.sleep(_ACKNOWLEDGED_SECONDS)  # its BYE comes first

    async def discard(self) -> None:
        """Give everything back; hang up unless the other side did."""
        if self._over:
            return
        self._over = True
        self._ended(self)
        closing = self._pictures.close()
        if asyncio.iscoroutine(closing):
            await closing
        if self._sender is not None:
            self._sender.way.close()
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            with contextlib.suppress(SipTimeoutError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._link.ask(dialog.request("BYE"))


async def _way(offer: GbSession, own: str) -> Way:
    """The way that the offer asks for."""
    if offer.transport == "udp":
        return UdpWay(own, offer.address, offer.port)
    way = TcpWay(own, offer.address, offer.port)
    if offer.setup == "active":
        await way.listen()
    return way
