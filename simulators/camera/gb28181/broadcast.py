"""Voice from the platform: accept a broadcast, invite its source, receive sound (clause 9.12)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from protocols.errors import ProtocolError
from protocols.gb28181.sdp import CONTENT_TYPE, parse_session
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import Peer
from simulators.behaviours import defect
from simulators.camera.gb28181.markup import Order, e

if TYPE_CHECKING:
    from simulators.camera.gb28181.device import GbDevice

REFUSED = defect("broadcast-refused", "A voice broadcast is answered with ERROR.")

_ANSWER_S = 10.0


class Broadcasts:
    """The speaker of one device: at most one broadcast at a time.

    Attributes:
        packets: RTP packets heard so far.
    """

    def __init__(self, device: GbDevice) -> None:
        self._device = device
        self._dialog: Dialog | None = None
        self._peer: Peer | None = None
        self._sound: asyncio.DatagramTransport | None = None
        self.packets = 0

    async def offered(self, order: Order, peer: Peer | None) -> None:
        """Answer the notification, then ask for the sound."""
        device = self._device
        refused = device.state.has(REFUSED) or self._dialog is not None
        await device.respond(order, "Broadcast", [e("Result", "ERROR" if refused else "OK")], peer)
        if not refused:
            await self._invite(order)

    def owns(self, call_id: str) -> bool:
        """Whether a request belongs to the broadcast."""
        return self._dialog is not None and self._dialog.call_id == call_id

    def ended(self) -> None:
        """The platform hung up, or the device stops."""
        self._dialog = None
        if self._sound is not None:
            self._sound.close()
            self._sound = None

    async def _invite(self, order: Order) -> None:
        device = self._device
        state, settings = device.state, device.settings
        source = order.text("SourceID") or settings.server_id
        loop = asyncio.get_running_loop()
        self._sound, _ = await loop.create_datagram_endpoint(
            lambda: _Heard(self), local_addr=(state.address, 0)
        )
        port = self._sound.get_extra_info("sockname")[1]
        own = settings.speaker_id
        network = f"IN {'IP6' if ':' in state.address else 'IP4'} {state.address}"
        lines = [
            "v=0",
            f"o={own} 0 0 {network}",
            "s=Play",
            f"c={network}",
            "t=0 0",
            f"m=audio {port} RTP/AVP 8",
            "a=recvonly",
            "a=rtpmap:8 PCMA/8000",
            f"y=0{settings.domain[3:8]:0>5}9999",
            "f=v/////a/1/8/1",
        ]
        request = device.wire.invitation(
            source, own, "".join(f"{line}\r\n" for line in lines).encode(), CONTENT_TYPE
        )
        try:
            answer = await device.wire.send(request, timeout=_ANSWER_S)
            if answer.status != 200:
                self.ended()
                return
            parse_session(answer.body)
            self._dialog = Dialog.from_uac(request, answer)
            device.wire.post(self._dialog.request("ACK"))
        except (OSError, TimeoutError, ProtocolError):
            self.ended()


class _Heard(asyncio.DatagramProtocol):
    def __init__(self, broadcasts: Broadcasts) -> None:
        self._broadcasts = broadcasts

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        if len(data) > 12:
            self._broadcasts.packets += 1
