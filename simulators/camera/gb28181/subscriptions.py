"""What the platform has subscribed to: alarms, the catalog, the position (clause 9.11, P)."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocols.errors import ProtocolError
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, Peer
from protocols.sip.fields import expires_of, new_call_id
from simulators.behaviours import defect, variant
from simulators.camera.gb28181.markup import CONTENT_TYPE, Element, Order, date_time, e, read

if TYPE_CHECKING:
    from simulators.camera.gb28181.device import GbDevice

IGNORED = defect(
    "subscription-ignored", "A subscription to alarms is accepted, and nothing is told by it."
)
NEVER_ENDS = defect(
    "subscription-never-ends", "Notifications of alarms go on when the subscription has run out."
)
NOT_REFRESHED = defect(
    "subscription-not-refreshed", "A SUBSCRIBE within the dialog of another is answered 481."
)
OUTSIDE = defect(
    "notify-outside-dialog", "Each notification has a Call-ID of its own, outside the dialog."
)
SHORTENED = variant(
    "gb-subscription-shortened", "Subscriptions are granted for a second less than was asked for."
)

_MOST = 64
_LONGEST_S = 86_400
_DEFAULT_S = 600
_KNOWN = ("Alarm", "Catalog", "MobilePosition")


@dataclass
class Subscription:
    """One subscription: what of, its dialog, when it ends by the loop's clock."""

    order: Order
    dialog: Dialog
    peer: Peer
    event: str
    ends: float
    task: asyncio.Task[None] | None = None


class Subscriptions:
    """All subscriptions of one device."""

    def __init__(self, device: GbDevice) -> None:
        self._device = device
        self._all: dict[str, Subscription] = {}

    async def subscribe(self, incoming: IncomingRequest) -> None:
        """Begin, refresh or end a subscription."""
        request = incoming.request
        call_id = request.headers.get("Call-ID") or ""
        asked = expires_of(request)
        seconds = min(_DEFAULT_S if asked is None else asked, _LONGEST_S)
        known = self._all.get(call_id)
        if self._device.state.has(SHORTENED) and seconds > 1:
            seconds -= 1
        if known is not None and seconds and self._device.state.has(NOT_REFRESHED):
            incoming.respond(481)
            return
        if known is None:
            try:
                known = self._made(incoming)
            except (ProtocolError, ValueError):
                incoming.respond(400)
                return
            if known.order.command not in _KNOWN:
                incoming.respond(489)
                return
            if len(self._all) >= _MOST:
                incoming.respond(503)
                return
        self._accept(incoming, known, seconds)
        if seconds == 0:
            self._drop(call_id)
            await self._notify(known, [], ended=True)
            return
        fresh = call_id not in self._all
        self._all[call_id] = known
        known.ends = asyncio.get_running_loop().time() + seconds
        if fresh and known.order.command == "MobilePosition":
            known.task = asyncio.create_task(self._positions(known))
        elif fresh and known.order.command == "Catalog":
            await self._notify(known, self._states())

    def _made(self, incoming: IncomingRequest) -> Subscription:
        request = incoming.request
        order = read(request.body)
        contact = self._device.wire.contact()
        dialog = Dialog.from_uas(request, incoming.to_tag, contact=contact)
        event = request.headers.get("Event") or "presence"
        return Subscription(order, dialog, incoming.peer, event, 0.0)

    def _accept(self, incoming: IncomingRequest, known: Subscription, seconds: int) -> None:
        body = self._device.body(
            "Response", known.order.command, known.order.sn, known.order.device, [e("Result", "OK")]
        )
        headers = [
            ("Contact", self._device.wire.contact()),
            ("Expires", str(seconds)),
            ("Event", known.event),
            ("Content-Type", CONTENT_TYPE),
        ]
        incoming.respond(200, headers=headers, body=body)

    async def tell(self, command: str, fields: list[Element], device: str = "") -> int:
        """NOTIFY everybody who subscribed to ``command``; how many."""
        told = 0
        for one in list(self._all.values()):
            if one.order.command == command and await self._notify(one, fields, device=device):
                told += 1
        return told

    async def tell_state(self, camera: str) -> int:
        """NOTIFY everybody who subscribed to the catalog that a camera has come or gone."""
        return await self.tell("Catalog", self._states(camera))

    def _states(self, only: str = "") -> list[Element]:
        """Of each camera of a platform whether it is there (annex P)."""
        items = [
            e("Item", [e("DeviceID", one.device), e("Event", one.event)])
            for one in self._device.cameras()
            if only in ("", one.device)
        ]
        listed = [e("DeviceList", items, Num=len(items))] if items else []
        return [e("SumNum", len(items)), *listed]

    async def close(self) -> None:
        """End all subscriptions without a word."""
        for call_id in list(self._all):
            self._drop(call_id)

    def _drop(self, call_id: str) -> None:
        gone = self._all.pop(call_id, None)
        if gone is not None and gone.task is not None:
            gone.task.cancel()

    async def _notify(
        self, one: Subscription, fields: list[Element], *, ended: bool = False, device: str = ""
    ) -> bool:
        state, alarm = self._device.state, one.order.command == "Alarm"
        if alarm and state.has(IGNORED):
            return False
        left = round(one.ends - asyncio.get_running_loop().time())
        if alarm and state.has(NEVER_ENDS):
            left = max(left, 1)
        if left <= 0 and not ended:
            self._drop(one.dialog.call_id)
            return False
        told = "terminated;reason=timeout" if ended else f"active;expires={left}"
        body = b""
        if fields or not ended:
            sn = str(self._device.next_sn())
            target = device or one.order.device
            body = self._device.body("Notify", one.order.command, sn, target, fields)
        request = one.dialog.request(
            "NOTIFY",
            body=body,
            content_type=CONTENT_TYPE if body else "",
            headers=[("Event", one.event), ("Subscription-State", told)],
        )
        if state.has(OUTSIDE):
            own = new_call_id(self._device.wire.endpoint.random, state.address)
            request.headers.replace_first("Call-ID", own)
        return await self._device.ask_in_dialog(request, one.peer) == 200

    async def _positions(self, one: Subscription) -> None:
        try:
            interval = min(max(float(one.order.text("Interval") or 5), 0.2), 3600)
        except ValueError:
            interval = 5.0
        with contextlib.suppress(asyncio.CancelledError):
            while asyncio.get_running_loop().time() < one.ends:
                await self._notify(one, self._position())
                await asyncio.sleep(interval)

    def _position(self) -> list[Element]:
        fields = [
            e("Time", date_time(self._device.state.clock.now())),
            e("Longitude", "108.940174"),
            e("Latitude", "34.341568"),
            e("Speed", "0.0"),
            e("Direction", "0.0"),
            e("Altitude", "405"),
        ]
        if self._device.settings.edition == "2016":
            return fields
        item = e("Item", [e("DeviceID", self._device.own_id), *fields])
        return [e("SumNum", 1), e("DeviceList", [item], Num=1)]
