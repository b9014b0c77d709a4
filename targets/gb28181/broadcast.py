"""Speaking to a device (GB/T 28181-2016 9.12): it is told, it invites us, we send a tone."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from typing import TYPE_CHECKING

from protocols.addresses import UNSPECIFIED, family_of
from protocols.errors import ProtocolError
from protocols.gb28181.sdp import CONTENT_TYPE as SDP
from protocols.gb28181.sdp import GbSession, build_answer, parse_session
from protocols.rtp_packetise import rtp_header
from protocols.rtp_stream import frame
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, SipTimeoutError

if TYPE_CHECKING:
    from targets.gb28181.device import RegisteredDevice

_RATE, _SAMPLES = 8000, 160
_TONE_HZ, _LOUDNESS = 1000, 16_000
_PCMA = 8
_CONNECT_SECONDS = 5.0
_BYE_SECONDS = 5.0


class Broadcast:
    """One broadcast, while the context lasts the device may invite us.

    Attributes:
        invited_at: when the device's INVITE came, ``None`` if it did not.
        sent_packets: packets of sound that went out.
        problem: why none could be sent, "" if they could.
    """

    def __init__(self, device: RegisteredDevice) -> None:
        self.invited_at: float | None = None
        self.call_id = ""
        self.sent_packets = 0
        self.problem = ""
        self.offer: GbSession | None = None
        self._device = device
        self._dialog: Dialog | None = None
        self._listener: socket.socket | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> Broadcast:
        self._device.on_invite = self._invited
        return self

    def __exit__(self, *_: object) -> None:
        self._device.on_invite = None
        for one in (self._listener, self._socket):
            if one is not None:
                one.close()

    def _invited(self, incoming: IncomingRequest) -> None:
        """Accept the device's INVITE for our sound."""
        if self.invited_at is not None:
            incoming.respond(486)
            return
        self.invited_at = incoming.at
        platform = self._device.platform
        try:
            self.offer = offer = parse_session(incoming.request.body)
            contact = platform.contact(incoming.peer)
            self._dialog = Dialog.from_uas(incoming.request, incoming.to_tag, contact=contact)
        except ProtocolError as fault:
            self.problem = str(fault)
            incoming.respond(488)
            return
        self.call_id = incoming.request.headers.get("Call-ID") or ""
        platform.follow(self.call_id, self._device)
        self._device.on_ended[self.call_id] = lambda _: None
        tcp = offer.transport == "tcp"
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        local = socket.socket(family_of(platform.settings.address), kind)
        local.setblocking(False)
        local.bind((platform.settings.address, 0))
        if tcp and offer.setup == "active":
            local.listen(1)
            self._listener = local
        else:
            self._socket = local
        body = build_answer(
            offer,
            owner=platform.settings.server_id,
            address=platform.settings.address,
            port=local.getsockname()[1],
            formats=[(_PCMA, "PCMA/8000")],
        )
        headers = [("Contact", contact), ("Content-Type", SDP)]
        incoming.respond(200, headers=headers, body=body)
        self._device.changed()

    async def speak(self, seconds: float) -> None:
        """Send a tone for ``seconds``, one packet each 20 ms."""
        offer = self.offer
        if offer is None or self._dialog is None:
            return
        loop = asyncio.get_running_loop()
        try:
            tcp = await self._connected(offer)
        except (OSError, TimeoutError) as fault:
            self.problem = type(fault).__name__
            return
        assert self._socket is not None
        host = self._device.peer.host if offer.address in UNSPECIFIED else offer.address
        begun = loop.time()
        for number in range(int(seconds * _RATE / _SAMPLES)):
            await asyncio.sleep(max(0.0, begun + number * _SAMPLES / _RATE - loop.time()))
            header = rtp_header(
                _PCMA, number == 0, number & 0xFFFF, number * _SAMPLES, offer.ssrc or 1
            )
            packet = header + _tone(number * _SAMPLES)
            try:
                if tcp:
                    await loop.sock_sendall(self._socket, frame(packet))
                else:
                    self._socket.sendto(packet, (host, offer.port))
            except OSError as fault:
                self.problem = type(fault).__name__
                return
            self.sent_packets += 1

    async def _connected(self, offer: GbSession) -> bool:
        """Whether the media go over TCP; connected then."""
        if offer.transport != "tcp":
            return False
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            if self._listener is not None:
                self._socket, _ = await loop.sock_accept(self._listener)
                self._socket.setblocking(False)
            else:
                assert self._socket is not None
                await loop.sock_connect(self._socket, (offer.address, offer.port))
        return True

    async def end(self) -> int | None:
        """BYE; the status, ``None`` when there was nothing to end or no answer."""
        dialog, self._dialog = self._dialog, None
        if dialog is None:
            return None
        with contextlib.suppress(SipTimeoutError, OSError):
            response = await self._device.platform.endpoint.request(
                dialog.request("BYE"), self._device.peer, timeout=_BYE_SECONDS
            )
            return response.status
        return None


def _tone(start: int) -> bytes:
    """20 ms of the tone from sample ``start`` on, in G.711 A-law."""
    step = 2 * math.pi * _TONE_HZ / _RATE
    return bytes(
        a_law(int(_LOUDNESS * math.sin(step * (start + number)))) for number in range(_SAMPLES)
    )


def a_law(sample: int) -> int:
    """A 16-bit sample in A-law (ITU-T G.711, table 1a, even bits inverted)."""
    sign = 0x80 if sample >= 0 else 0
    size = min(sample if sample >= 0 else -sample - 1, 32_767) >> 4
    if size < 16:
        coded = size
    else:
        segment = size.bit_length() - 4
        coded = segment << 4 | (size >> segment - 1) & 0x0F
    return (sign | coded) ^ 0x55
