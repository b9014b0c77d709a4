"""Answers what an upper platform asks: catalogue, information, records, control, pictures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from protocols.errors import ProtocolError
from protocols.gb28181.catalog import CatalogItem, build_catalog, split_catalog
from protocols.gb28181.control import build_control_answer, read_control
from protocols.gb28181.device import (
    DeviceInfo,
    DeviceStatus,
    Preset,
    build_device_info,
    build_device_status,
    build_presets,
)
from protocols.gb28181.manscdp import CONTENT_TYPE, Manscdp, parse_manscdp
from protocols.gb28181.ptz import PtzCommand
from protocols.gb28181.records import RecordItem, read_record_query, split_records
from protocols.gb28181.sdp import parse_session
from protocols.gb28181.ssrc import SsrcAllocator
from protocols.gb28181.subscriptions import build_subscription_answer
from protocols.sip.dialog import Dialog
from protocols.sip.endpoint import IncomingRequest, SipTimeoutError
from protocols.sip.fields import expires_of
from protocols.sip.uri import parse_uri
from protocols.time_source import TimeSource
from reference_platform.behaviours import defect
from reference_platform.control.locks import Hand
from reference_platform.control.service import ControlService
from reference_platform.errors import PlatformError
from reference_platform.media.hub import LiveHub
from reference_platform.ports import ChannelRef, Sources
from reference_platform.signalling.cascade.link import UpperLink
from reference_platform.signalling.cascade.relay import CASCADE_PLAIN, Refusal, Relay
from reference_platform.signalling.cascade.tree import MAKER, Share
from reference_platform.signalling.steering import (
    SWITCHES,
    Lens,
    Move,
    Order,
    PresetOrder,
    Steers,
    SwitchOrder,
)

LAST_PAGE_DROPPED = defect(
    "catalog-last-page-dropped",
    "The last message of a catalogue of several messages is never sent upwards.",
    "wvp-GB28181-pro#858, #1577, #2103",
)
DOCKING_REFUSED = defect(
    "docking-refused",
    "The platform registers with an upper one and refuses everything that it asks for.",
)
_LOG = logging.getLogger(__name__)
#: Items a message: a datagram should stay within what the network carries in one piece.
_PER_DATAGRAM, _PER_MESSAGE = 2, 10
_MOST_RELAYS = 200
_LONGEST_SUBSCRIPTION_S = 86_400
_DEFAULT_SUBSCRIPTION_S = 600


class Desk:
    """Answers one upper platform.

    Args:
        share: what it may see now.
        name: of this platform.
    """

    def __init__(
        self,
        share: Callable[[], Awaitable[Share]],
        name: str,
        hub: LiveHub,
        sources: Sources,
        control: ControlService,
        steering: Steers,
        channel: Callable[[str], Awaitable[ChannelRef]],
        time_source: TimeSource,
        has: Callable[[str], bool],
    ) -> None:
        self._share = share
        self._name = name
        self._hub = hub
        self._sources = sources
        self._control = control
        self._steering = steering
        self._channel = channel
        self._time = time_source
        self._has = has
        self._link: UpperLink | None = None
        self._relays: dict[str, Relay] = {}
        self._ssrcs: SsrcAllocator | None = None
        self._subscription: tuple[Dialog, str, float, int | None, str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, link: UpperLink) -> None:
        """Answer over this link."""
        self._link = link
        self._ssrcs = SsrcAllocator(link.upper.device_id)

    @property
    def link(self) -> UpperLink:
        """The link that is answered over."""
        assert self._link is not None
        return self._link

    @property
    def streams(self) -> int:
        """Sessions under way."""
        return len(self._relays)

    async def close(self) -> None:
        """End all sessions."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(one.close() for one in list(self._relays.values())))

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _quietly(work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (SipTimeoutError, OSError, PlatformError, ProtocolError) as problem:
            _LOG.info("an upper platform was not answered: %s", type(problem).__name__)

    # Requests

    def requested(self, incoming: IncomingRequest) -> Coroutine[Any, Any, None] | None:
        """One request of the upper platform."""
        method = incoming.request.method
        if self._has(DOCKING_REFUSED):
            incoming.respond(403)
            return None
        relay = self._relays.get(incoming.request.headers.get("Call-ID") or "")
        if method == "INVITE":
            return self._invited(incoming)
        if method == "MESSAGE":
            self._asked(incoming)
        elif method == "SUBSCRIBE":
            return self._subscribed(incoming)
        elif method == "ACK" and relay is not None:
            relay.acknowledged()
        elif method == "BYE" and relay is not None:
            relay.bye(incoming)
        elif method == "INFO" and relay is not None:
            return relay.info(incoming)
        elif method == "OPTIONS":
            incoming.respond(200)
        elif method in ("BYE", "INFO"):
            incoming.respond(481)
        elif method not in ("ACK", "CANCEL"):
            incoming.respond(405)
        return None

    def _asked(self, incoming: IncomingRequest) -> None:
        try:
            message = parse_manscdp(incoming.request.body)
        except ProtocolError:
            incoming.respond(400)
            return
        incoming.respond(200)
        if message.kind == "Query":
            self._behind(self._answer(message))
        elif message.kind == "Control":
            self._behind(self._obey(message))

    async def _answer(self, message: Manscdp) -> None:
        asked, sn = message.device, message.sn
        if message.command == "Catalog":
            share = await self._share()
            await self._catalogue(asked, sn, share.part(asked, self.link.upper.device_id))
        elif message.command == "DeviceInfo":
            count = len((await self._share()).channels)
            await self.link.say(
                build_device_info(
                    DeviceInfo(sn, asked, True, self._name, MAKER, "platform", "1", count)
                )
            )
        elif message.command == "DeviceStatus":
            leaf = (await self._share()).channels.get(asked)
            online = leaf.online if leaf is not None else asked == self.link.upper.device_id
            status = DeviceStatus(sn, asked, True, online, True, device_time=self._time.now())
            await self.link.say(build_device_status(status))
        elif message.command == "RecordInfo":
            await self._records(message)
        elif message.command == "PresetQuery":
            channel = await self._shared(asked)
            known = await self._steering.presets(channel) if channel is not None else {}
            rows = [Preset(number, name) for number, name in sorted(known.items())]
            await self.link.say(build_presets(sn, asked, rows))

    async def _catalogue(self, asked: str, sn: int | None, items: tuple[CatalogItem, ...]) -> None:
        """Serial sending: each message waits for the answer to the one before (annex N)."""
        count = _PER_DATAGRAM if self.link.upper.transport == "udp" else _PER_MESSAGE
        pages = list(split_catalog(asked, sn, items, per_message=count))
        if self._has(LAST_PAGE_DROPPED) and len(pages) > 1:
            pages.pop()
        await self._say_all(pages)

    async def _say_all(self, pages: Iterable[bytes]) -> None:
        for page in pages:
            await self.link.say(page)

    async def _records(self, message: Manscdp) -> None:
        query = read_record_query(message)
        channel = await self._shared(message.device)
        items: list[RecordItem] = []
        if channel is not None and query.start is not None and query.end is not None:
            try:
                spans = await self._sources.records(channel, query.start, query.end)
            except PlatformError:
                spans = []
            kind = "time"
            items = [
                RecordItem(channel.id, kind, one.start, one.end, record_type=kind) for one in spans
            ]
        count = _PER_DATAGRAM if self.link.upper.transport == "udp" else _PER_MESSAGE
        leaf = (await self._share()).channels.get(message.device)
        name = leaf.name if leaf is not None else ""
        await self._say_all(
            split_records(message.device, message.sn, items, name=name, per_message=count)
        )

    async def _shared(self, identifier: str) -> ChannelRef | None:
        """The channel of that id if it is shared."""
        if identifier not in (await self._share()).channels:
            return None
        return await self._channel(identifier)

    # Control

    async def _obey(self, message: Manscdp) -> None:
        command = read_control(message)
        channel = await self._shared(message.device)
        done = False
        if channel is not None and self.link.upper.ptz_level > 0:
            if command.element == "IFameCmd":
                await self._steering.key_picture(channel)
            elif command.ptz is not None and command.ptz.checksum_correct:
                order = order_of(command.ptz)
                if order is not None:
                    await self._control.relay(self._hand(), channel, order)
                    done = True
        if command.answered:
            await self.link.say(build_control_answer(message.sn, message.device, correct=done))

    def _hand(self) -> Hand:
        upper = self.link.upper
        return Hand(f"upper:{upper.id}", upper.server_id, upper.ptz_level)

    # Subscriptions

    async def _subscribed(self, incoming: IncomingRequest) -> None:
        """Changes of the catalogue (annex P): at first everything that is off."""
        request = incoming.request
        try:
            asked = expires_of(request)
            message = parse_manscdp(request.body)
        except ProtocolError:
            incoming.respond(400)
            return
        if message.command != "Catalog":
            incoming.respond(489)
            return
        seconds = min(_DEFAULT_SUBSCRIPTION_S if asked is None else asked, _LONGEST_SUBSCRIPTION_S)
        event = request.headers.get("Event") or "presence"
        body = build_subscription_answer("Catalog", message.sn, message.device)
        headers = [
            ("Contact", self.link.contact),
            ("Expires", str(seconds)),
            ("Event", event),
            ("Content-Type", CONTENT_TYPE),
        ]
        incoming.respond(200, headers=headers, body=body)
        known = self._subscription
        if known is not None and known[0].matches(request):
            dialog = known[0]
        else:
            dialog = Dialog.from_uas(request, incoming.to_tag, contact=self.link.contact)
        if not seconds:
            self._subscription = None
            return
        ends = self._time.monotonic() + seconds
        self._subscription = (dialog, event, ends, message.sn, message.device)
        if known is None:
            share = await self._share()
            off = [(one, "OFF") for one, leaf in share.channels.items() if not leaf.online]
            await self._notify([CatalogItem(one, event=event_name) for one, event_name in off])

    def recheck(self) -> None:
        """What is shared may have changed: sessions of what is not any more end."""
        if self._relays:
            self._behind(self._end_unshared())

    async def _end_unshared(self) -> None:
        channels = (await self._share()).channels
        gone = [one for one in self._relays.values() if one.channel.id not in channels]
        await asyncio.gather(*(one.close() for one in gone))

    def channel_changed(self, channel: str, online: bool) -> None:
        """A channel came or went: tell of it where that was asked for."""
        if self._subscription is not None:
            self._behind(self._tell_channel(channel, online))

    async def _tell_channel(self, channel: str, online: bool) -> None:
        if channel in (await self._share()).channels:
            await self._notify([CatalogItem(channel, event="ON" if online else "OFF")])

    async def _notify(self, items: list[CatalogItem]) -> None:
        if self._subscription is None:
            return
        dialog, event, ends, _, device = self._subscription
        left = round(ends - self._time.monotonic())
        if left <= 0:
            self._subscription = None
            return
        rows = [[("DeviceID", one.device_id), ("Event", one.event)] for one in items]
        body = build_catalog(device, self.link.next_sn(), rows, kind="Notify")
        headers = [("Event", event), ("Subscription-State", f"active;expires={left}")]
        await self.link.ask(
            dialog.request("NOTIFY", headers=headers, body=body, content_type=CONTENT_TYPE)
        )

    # Pictures

    async def _invited(self, incoming: IncomingRequest) -> None:
        try:
            await self._relay(incoming)
        except Refusal as refusal:
            incoming.respond(refusal.status)
        except ProtocolError:
            incoming.respond(400)
        except PlatformError as problem:
            incoming.respond(404 if problem.code == "source.unknown" else 480)
        except OSError:
            incoming.respond(500)

    async def _relay(self, incoming: IncomingRequest) -> None:
        request = incoming.request
        offer = parse_session(request.body)
        channel = await self._shared(parse_uri(request.uri).user)
        channel = channel or await self._shared(offer.channel)
        if channel is None:
            raise Refusal(404)
        if len(self._relays) >= _MOST_RELAYS:
            raise Refusal(486)
        name = offer.name.lower()
        if name in ("playback", "download"):
            playback = await self._sources.playback(
                channel, offer.start, offer.stop, download=name == "download"
            )
            relay = Relay(self.link, channel, offer, playback, playback, self._relay_ended)
        else:
            live = await self._hub.subscribe(channel, "main")
            relay = Relay(self.link, channel, offer, live, None, self._relay_ended)
        try:
            if incoming.cancelled:
                raise Refusal(487)
            assert self._ssrcs is not None
            ssrc = offer.ssrc
            if ssrc is None:
                ssrc = self._ssrcs.allocate(history=name != "play")
            await relay.answer(incoming, ssrc, plain=self._has(CASCADE_PLAIN))
        except BaseException:
            await relay.discard()
            raise
        self._relays[relay.call_id] = relay

    def _relay_ended(self, relay: Relay) -> None:
        if self._relays.get(relay.call_id) is relay:
            del self._relays[relay.call_id]


def order_of(command: PtzCommand) -> Order | None:
    """What an upper platform's PTZCmd asks of a camera; ``None`` for what is not passed on."""
    group, actions = command.code >> 6, set(command.actions)
    if group == 0:
        pan = command.data_1 / 255 * (("right" in actions) - ("left" in actions))
        tilt = command.data_2 / 255 * (("up" in actions) - ("down" in actions))
        zoom = command.data_3 / 15 * (("zoom-in" in actions) - ("zoom-out" in actions))
        return Move(pan, tilt, zoom)
    if command.code >> 4 == 4:
        focus = command.data_1 / 255 * (("focus-near" in actions) - ("focus-far" in actions))
        iris = command.data_2 / 255 * (("iris-larger" in actions) - ("iris-smaller" in actions))
        return Lens(focus, iris)
    number = command.number or 0
    if command.code in (0x81, 0x82, 0x83) and number:
        action = {0x81: "set", 0x82: "call", 0x83: "delete"}[command.code]
        return PresetOrder(action, number)  # type: ignore[arg-type]
    switches = {value: name for name, value in SWITCHES.items()}
    if command.code in (0x8C, 0x8D) and number in switches:
        return SwitchOrder(switches[number], command.code == 0x8C)
    return None
