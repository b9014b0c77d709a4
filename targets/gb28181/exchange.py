"""A question or command by MESSAGE and its answers, matched by SN (GB/T 28181-2016 9.3 to 9.7)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from protocols.gb28181.manscdp import CONTENT_TYPE, Fields, Kind, Manscdp, build_manscdp
from protocols.sip.endpoint import SipTimeoutError
from protocols.sip.message import SipRequest, SipResponse
from protocols.xml_reading import children, find, local_name

if TYPE_CHECKING:
    from targets.gb28181.device import RegisteredDevice

__all__ = ["Exchange", "Fields", "run_exchange"]

#: Longest pause between two messages of one paged answer (annex N; field practice 5 s).
GAP_SECONDS = 5.0
#: An answer in parts that does not say how many: a part after so long is not waited for.
_SETTLE_SECONDS = 0.3
_MAXIMUM_PAGES = 20_000
_LISTS = ("DeviceList", "RecordList")
_PAGED = frozenset({"Catalog", "RecordInfo"})
_IN_PARTS = frozenset({"ConfigDownload"})


class Exchange:
    """One question and what came back.

    Attributes:
        status: of the SIP response, ``None`` when there was none; 0 when it could not be sent.
        pages: the Responses in order of arrival, ``arrived`` when each came.
    """

    def __init__(self, kind: Kind, command: str, sn: int, device: str | None) -> None:
        self.kind = kind
        self.command = command
        self.sn = sn
        self.device = device
        self.sent_at = 0.0
        self.status: int | None = None
        self.status_at: float | None = None
        self.pages: list[Manscdp] = []
        self.arrived: list[float] = []
        self._came = asyncio.Event()

    @property
    def answered(self) -> bool:
        """Whether any Response came."""
        return bool(self.pages)

    @property
    def complete(self) -> bool:
        """Whether as many items came as the answer says there are, or its one message did."""
        if not self.pages:
            return False
        if self.command not in _PAGED:
            return True
        total = next((one.text("SumNum") for one in self.pages if one.text("SumNum")), "")
        if not total.isascii() or not total.isdigit() or len(total) > 9:
            return True
        return sum(map(items_in, self.pages)) >= int(total)

    @property
    def result(self) -> str:
        """Result of the first Response, "" without one."""
        return self.pages[0].text("Result") if self.pages else ""

    def expects(self, message: Manscdp) -> bool:
        """Whether ``message`` answers this; DeviceID is left to the judge (annex A.1)."""
        return message.command == self.command and len(self.pages) < _MAXIMUM_PAGES

    def take(self, at: float, message: Manscdp) -> None:
        """One Response."""
        self.pages.append(message)
        self.arrived.append(at)
        self._came.set()

    async def another(self, seconds: float) -> bool:
        """Whether one more Response came within ``seconds`` (or since the last call)."""
        try:
            async with asyncio.timeout(seconds):
                await self._came.wait()
        except TimeoutError:
            return False
        self._came.clear()
        return True


def items_in(page: Manscdp) -> int:
    """How many items a page of a paged answer holds."""
    for one in page.root:
        if isinstance(one.tag, str) and local_name(one) in _LISTS:
            return sum(1 for _ in children(one, "Item"))
    return 0 if find(page.root, "Item") is None else 1


async def run_exchange(
    device: RegisteredDevice, exchange: Exchange, fields: Fields, seconds: float, *, wait: bool
) -> None:
    """Send the MESSAGE and, when ``wait``, collect its Responses into ``exchange``.

    A device that does not answer is a result, not an error: ``status`` and ``pages`` say so.

    Args:
        device: whom to ask.
        exchange: which question.
        fields: what stands after DeviceID.
        seconds: bound for the SIP response, and again for the first Response.
        wait: whether a Response is due (table in 9.3.1).

    Raises:
        VisitProblem: nobody knows where the device is, or it cannot be reached.
    """
    platform = device.platform
    body = build_manscdp(
        exchange.kind, exchange.command, exchange.sn, exchange.device, fields,
        charset=device.charset,
    )  # fmt: skip
    request = platform.new_request("MESSAGE", device, content_type=CONTENT_TYPE, body=body)
    device.pending[exchange.sn] = exchange
    exchange.sent_at = platform.time.now()
    try:
        response = await device.answering(
            lambda: _sent(device, request, seconds), exchange.command, seconds
        )
        if response is not None:
            exchange.status, exchange.status_at = response.status, platform.time.now()
        if not wait or (response is not None and response.status >= 300):
            return
        if not await exchange.another(seconds):
            return
        if exchange.command in _IN_PARTS:
            while await exchange.another(_SETTLE_SECONDS):
                pass
            return
        while not exchange.complete:
            if not await exchange.another(GAP_SECONDS):
                return
    finally:
        del device.pending[exchange.sn]


async def _sent(
    device: RegisteredDevice, request: SipRequest, seconds: float
) -> SipResponse | None:
    """The final response, ``None`` when none came."""
    try:
        return await device.platform.endpoint.request(request, device.peer, timeout=seconds)
    except SipTimeoutError:
        return None
