"""A subscription to what a device notifies of (GB/T 28181-2016 9.11, RFC 6665)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import CONTENT_TYPE, Fields, build_manscdp
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import SipTimeoutError
from protocols.sip.fields import expires_of
from protocols.sip.message import SipRequest, SipResponse

if TYPE_CHECKING:
    from targets.gb28181.device import RegisteredDevice

_ANSWER_SECONDS = 10.0


class Subscription:
    """One subscription; ``begin`` and ``end`` it.

    Attributes:
        status: of the answer to the last SUBSCRIBE, ``None`` when none came.
        granted: seconds that it lasts by that answer, ``None`` when it says nothing.
    """

    def __init__(
        self, device: RegisteredDevice, command: str, fields: Fields, *, event: str = "presence"
    ) -> None:
        self.status: int | None = None
        self.granted: int | None = None
        self.sn = device.platform.next_sn()
        self._device = device
        self._event = event
        self._dialog: Dialog | None = None
        self._body = build_manscdp(
            "Query", command, self.sn, device.id, fields, charset=device.charset
        )

    @property
    def accepted(self) -> bool:
        """Whether the device took the last SUBSCRIBE."""
        return self.status is not None and 200 <= self.status < 300

    async def begin(self, seconds: int) -> None:
        """Subscribe for ``seconds``.

        Raises:
            VisitProblem: nobody knows where the device is, or it cannot be reached.
        """
        platform, device = self._device.platform, self._device
        request = platform.new_request(
            "SUBSCRIBE",
            device,
            headers=(("Event", self._event), ("Expires", str(seconds))),
            content_type=CONTENT_TYPE,
            body=self._body,
        )

        async def sent() -> None:
            response = await self._answered(request)
            if response.status < 300:
                self._dialog = Dialog.from_uac(request, response)

        await device.answering(sent, "SUBSCRIBE", _ANSWER_SECONDS)

    async def refresh(self, seconds: int) -> None:
        """Have it last ``seconds`` from now on: another SUBSCRIBE in the dialog.

        No answer leaves ``status`` at ``None``.
        """
        self.status = self.granted = None
        if self._dialog is None:
            return
        headers = [("Event", self._event), ("Expires", str(seconds))]
        request = self._dialog.request(
            "SUBSCRIBE", headers=headers, content_type=CONTENT_TYPE, body=self._body
        )
        try:
            await self._answered(request)
        except (SipTimeoutError, OSError, ProtocolError):
            return

    async def end(self) -> None:
        """Unsubscribe: Expires 0 in the same dialog."""
        await self.refresh(0)
        self._dialog = None

    def forget(self) -> None:
        """It has run out: nothing is left to be ended."""
        self._dialog = None

    async def _answered(self, request: SipRequest) -> SipResponse:
        response = await self._device.platform.endpoint.request(
            request, self._device.peer, timeout=_ANSWER_SECONDS
        )
        self.status, self.granted = response.status, expires_of(response)
        return response
