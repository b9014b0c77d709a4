"""A lower platform's call to one of its cameras, whose pictures it passes on (9.2)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from protocols.errors import ProtocolError
from protocols.mpeg_ps.demultiplex import demultiplex
from protocols.rtp import parse_rtp
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import Peer, SipEndpoint
from protocols.sip.message import SipRequest
from protocols.wrap import RTP_TIME_BITS, Unwrapper
from simulators.camera.gb28181.pictures import CodedPicture

_LOG = logging.getLogger(__name__)
_CLOCK = 90_000
_LARGEST = 65_536
_RECEIVE_BUFFER = 4 << 20
_ANSWER_S = 5.0


class CameraCall:
    """A ``PictureSource``: a camera, called when its first picture is wanted.

    Args:
        endpoint: the platform's to its cameras.
        invitation: the INVITE for media to a port of the platform.
        peer: where the camera is.
        spawn: runs what nobody waits for.
    """

    def __init__(
        self,
        endpoint: SipEndpoint,
        invitation: Callable[[int], SipRequest],
        peer: Peer,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._endpoint = endpoint
        self._invitation = invitation
        self._peer = peer
        self._spawn = spawn
        self._socket: socket.socket | None = None
        self._dialog: Dialog | None = None
        self._times = Unwrapper(RTP_TIME_BITS)
        self._first: int | None = None
        self._taken = 0.0
        self._pack = bytearray()
        self._units: list[CodedPicture] = []

    def due(self) -> float:
        """See ``PictureSource``: pictures are passed on as they come."""
        return self._taken

    def force_key(self) -> None:
        """See ``PictureSource``: the platform passes on what comes."""

    async def next_picture(self) -> CodedPicture:
        """See ``PictureSource``; of a camera that does not answer none ever comes."""
        try:
            media = self._socket or await self._call()
            while not self._units:
                data = await asyncio.get_running_loop().sock_recv(media, _LARGEST)
                with contextlib.suppress(ProtocolError):
                    self._take(data)
        except (OSError, TimeoutError, ProtocolError) as fault:
            _LOG.warning("a camera of the simulated platform gives no picture: %r", fault)
            await asyncio.get_running_loop().create_future()
        return self._units.pop(0)

    def close(self) -> None:
        """Hang up."""
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            self._spawn(self._hang_up(dialog))
        if self._socket is not None:
            self._socket.close()

    async def _call(self) -> socket.socket:
        media = self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        media.setblocking(False)
        media.bind((self._endpoint.address, 0))
        request = self._invitation(media.getsockname()[1])
        answer = await self._endpoint.request(request, self._peer, timeout=_ANSWER_S)
        if answer.status != 200:
            raise ProtocolError(f"INVITE: {answer.status}")
        self._dialog = Dialog.from_uac(request, answer)
        self._endpoint.send(self._dialog.request("ACK"), self._peer)
        return media

    async def _hang_up(self, dialog: Dialog) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            request = dialog.request("BYE")
            await self._endpoint.request(request, self._peer, timeout=_ANSWER_S)

    def _take(self, data: bytes) -> None:
        """One packet; the last one of a picture completes the pack that holds it."""
        packet = parse_rtp(data)
        self._pack += packet.payload
        if not packet.marker:
            return
        pack, self._pack = bytes(self._pack), bytearray()
        ticks = self._times.next(packet.timestamp)
        self._first = ticks if self._first is None else self._first
        self._taken = max(self._taken, (ticks - self._first) / _CLOCK)
        self._units += [
            CodedPicture(one.data, one.key, self._taken) for one in demultiplex(pack).access_units
        ]
