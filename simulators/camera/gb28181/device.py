"""The GB/T 28181 side of a simulated camera or recorder: one service on one address."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from protocols.errors import ProtocolError
from protocols.sip.endpoint import IncomingRequest, Peer
from protocols.sip.fields import transaction_branch
from protocols.sip.message import SipRequest, SipResponse
from protocols.sip.passed import PassedMessage
from simulators.behaviours import defect
from simulators.camera.gb28181 import alarms, controls, queries, quirks
from simulators.camera.gb28181.broadcast import Broadcasts
from simulators.camera.gb28181.inventory import Entry
from simulators.camera.gb28181.markup import (
    CONTENT_TYPE,
    Element,
    Order,
    date_time,
    e,
    read,
    read_date_time,
    write,
)
from simulators.camera.gb28181.memory import Memory
from simulators.camera.gb28181.pictures import ClosablePictures
from simulators.camera.gb28181.registration import WRONG_KEEPALIVE_ID, Registration
from simulators.camera.gb28181.sessions import Sessions
from simulators.camera.gb28181.settings import GbSettings
from simulators.camera.gb28181.subscriptions import Subscriptions
from simulators.camera.gb28181.tasks import end
from simulators.camera.gb28181.wire import Wire, patiently
from simulators.camera.state import CameraState

TAMPERED_ACCEPTED = defect(
    "tampered-accepted",
    "Registered over TLS, the device obeys anybody's MESSAGE on its plain port 5060 too.",
)
REPLAY_ACCEPTED = defect(
    "replay-accepted",
    "The device obeys a copy of a message that it obeyed before, on its plain port 5060.",
)
REPLAY_IN_NEW_TRANSACTION = defect(
    "replay-accepted-in-new-transaction",
    "A message that was obeyed is obeyed again when the copy has a branch of its own.",
)

_LOG = logging.getLogger(__name__)
_REMEMBERED = 1_000
_MTU = 1_400
_TWELVE_HOURS = 43_200
ALLOW = "INVITE, ACK, INFO, CANCEL, BYE, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY"


class GbDevice:
    """Registers with its platform, answers, obeys, sends.

    Args:
        state: the camera's state, shared with its other services.
        settings: what the installer set up.
        entries: what its catalog lists instead of a camera's parts, for a platform.
        live: the pictures of one of them, which a session gives up with ``close``.
        passed: called with every message that goes out or comes in.
    """

    def __init__(
        self,
        state: CameraState,
        settings: GbSettings,
        *,
        entries: Callable[[], list[Entry]] | None = None,
        live: Callable[[str], ClosablePictures] | None = None,
        passed: Callable[[PassedMessage], None] | None = None,
    ) -> None:
        self._entries = entries
        self.live = live
        self.state = state
        self.memory = Memory()
        self.wire = Wire(state, lambda: self.settings, self._on_request, self._on_lost, passed)
        self.sessions = Sessions(self)
        self.subscriptions = Subscriptions(self)
        self.broadcasts = Broadcasts(self)
        self.registration: Registration | None = None
        self._installed = settings
        self._sn = 0
        self._searching = False
        self._obeyed: OrderedDict[tuple[str, str, bytes], str] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._behaviours: frozenset[str] = frozenset()

    @property
    def settings(self) -> GbSettings:
        """The settings as behaviours and the platform's configuration change them."""
        settings = self._installed.with_behaviours(self.state)
        if self.memory.heartbeat_s:
            settings = replace(settings, keepalive_s=self.memory.heartbeat_s)
        if self.memory.expiration_s:
            settings = replace(settings, register_expires_s=self.memory.expiration_s)
        return settings

    @property
    def own_id(self) -> str:
        """The ID under which the device registers."""
        return self.wire.own_id

    def monotonic(self) -> float:
        """The clock of what moves."""
        return self.state.clock.monotonic()

    async def start(self) -> None:
        """Open the port and begin to register. OSError: the port cannot be had."""
        self._behaviours = frozenset(self.state.behaviours)
        await self.wire.start()
        self._take_habits()
        self.registration = Registration(self.state, lambda: self.settings, self)
        self.registration.start()

    async def stop(self) -> None:
        """Leave the platform and close everything."""
        if self.registration is not None:
            await self.registration.stop()
            self.registration = None
        await self.subscriptions.close()
        await self.sessions.close()
        self.broadcasts.ended()
        await end(list(self._tasks))
        await self.wire.stop()

    async def apply(self) -> None:
        """Behaviours were switched: register anew, for most of them show there."""
        present = frozenset(self.state.behaviours)
        if self.registration is not None and present != self._behaviours:
            self._behaviours = present
            self._take_habits()
            self.wire.drop()
            self.registration.renew()

    def _take_habits(self) -> None:
        """What the SIP stack of the device does by itself."""
        endpoint = self.wire.endpoint
        endpoint.large_over_tcp = not self.state.has(quirks.RECORDS_NOT_PAGED)
        endpoint.refuses_merged = not self.state.has(REPLAY_IN_NEW_TRANSACTION)

    async def set_registration(self, wanted: bool) -> None:
        """Register with the platform, or leave it with Expires 0."""
        if self.registration is not None:
            await self.registration.set_wanted(wanted)

    async def set_alarm_input(self, closed: bool) -> None:
        """Close or open the contact at the alarm input."""
        await alarms.contact(self, closed)

    async def restart(self, seconds: float, *, farewell: bool = False) -> None:
        """Fall silent as a device does that restarts, and register anew afterwards.

        ``farewell``: it leaves the platform before.
        """
        await self.sessions.close()
        await self.subscriptions.close()
        self.broadcasts.ended()
        if self.registration is not None:
            await self.registration.fall_silent(seconds, farewell=farewell)

    # What registration needs

    async def register(
        self, expires: int, credentials: Callable[[str, str], str] | None
    ) -> SipResponse:
        """See ``Signalling``."""
        return await self.wire.register(expires, credentials)

    async def keepalive(self, timeout: float) -> SipResponse:
        """See ``Signalling``."""
        device = self.own_id
        if self.state.has(WRONG_KEEPALIVE_ID):
            device = f"{device[:-4]}9999"
        body = self.body("Notify", "Keepalive", str(self.next_sn()), device, [e("Status", "OK")])
        request = self.wire.message(body, CONTENT_TYPE)
        if self.state.has(quirks.PORT_CHANGES):
            return await self.wire.send_from_elsewhere(request, timeout)
        return await self.wire.send(request, timeout=timeout)

    def drop_connection(self) -> None:
        """See ``Signalling``."""
        self.wire.drop()

    def begin_anew(self) -> None:
        """See ``Signalling``."""
        self.wire.drop()
        self.wire.begin_anew()

    # Speaking

    def next_sn(self) -> int:
        """A serial number for a message that is no answer."""
        self._sn += 1
        return self._sn

    def body(
        self, kind: str, command: str, sn: str | None, device: str, fields: list[Element]
    ) -> bytes:
        """A body in the device's charset."""
        return write(kind, command, sn, device, fields, queries.writing(self.state, self.settings))

    async def say(self, body: bytes, peer: Peer | None = None, timeout: float = 10.0) -> int:
        """Send a MESSAGE; the status of its answer, 0 when there was none."""
        try:
            answer = await self.wire.send(self.wire.message(body, CONTENT_TYPE), peer, timeout)
        except (OSError, TimeoutError):
            return 0
        return answer.status

    async def ask_in_dialog(self, request: SipRequest, peer: Peer) -> int:
        """Send a request of a dialog; the status of its answer, 0 when there was none."""
        try:
            answer = await self.wire.send(request, peer if peer.transport == "udp" else None)
        except (OSError, TimeoutError):
            return 0
        return answer.status

    def dress_answer(self, body: bytes) -> bytes:
        """A session description as this device writes it."""
        return quirks.dress_answer(self.state, body)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside everything else, to be ended with the device."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("a simulated device failed", exc_info=task.exception())

    # Hearing

    def _on_lost(self) -> None:
        if self.registration is not None:
            self.registration.renew()

    async def _on_request(self, incoming: IncomingRequest) -> None:
        method = incoming.request.method
        in_session = {
            "INVITE": self.sessions.invite,
            "ACK": self.sessions.acknowledge,
            "BYE": self._on_bye,
            "SUBSCRIBE": self.subscriptions.subscribe,
            "INFO": self.sessions.info,
        }
        if method == "OPTIONS":
            incoming.respond(200, headers=[("Allow", ALLOW)])
        elif method == "MESSAGE":
            await self._on_message(incoming)
        elif method in in_session:
            if not self._from_platform(incoming.peer):
                incoming.respond(403)
                return
            await patiently(self.state)
            await in_session[method](incoming)
        elif method != "CANCEL":
            incoming.respond(405, headers=[("Allow", ALLOW)])

    async def _on_bye(self, incoming: IncomingRequest) -> None:
        if self.broadcasts.owns(incoming.request.headers.get("Call-ID") or ""):
            incoming.respond(200)
            self.broadcasts.ended()
        else:
            await self.sessions.bye(incoming)

    async def _on_message(self, incoming: IncomingRequest) -> None:
        request = incoming.request
        key = (
            request.headers.get("Call-ID") or "",
            request.headers.get("CSeq") or "",
            request.body,
        )
        if not self._trusts(incoming, key):
            incoming.respond(403)
            return
        try:
            order = read(request.body)
        except ProtocolError:
            incoming.respond(400)
            return
        misled = self.wire.trying and self.state.has(quirks.TRYING_MISUNDERSTOOD)
        if misled and order.command == "Catalog":
            incoming.respond(403)
            return
        self._obeyed[key] = transaction_branch(request)
        while len(self._obeyed) > _REMEMBERED:
            self._obeyed.popitem(last=False)
        await patiently(self.state)
        incoming.respond(200)
        self.spawn(self._obey(order, incoming.peer))

    def _trusts(self, incoming: IncomingRequest, key: tuple[str, str, bytes]) -> bool:
        """Whether a request comes from the platform, and not for the second time."""
        known = key in self._obeyed
        mine = self._from_platform(incoming.peer)
        if self.state.has(REPLAY_ACCEPTED) and known:
            return True
        if self.state.has(REPLAY_IN_NEW_TRANSACTION) and known:
            return self._obeyed[key] != transaction_branch(incoming.request)
        if self.state.has(TAMPERED_ACCEPTED) and incoming.peer.transport == "udp" and not mine:
            return True
        return mine and not known

    def cameras(self) -> list[Entry]:
        """What the catalog of a platform lists beside itself; of a device nothing."""
        entries = self._entries() if self._entries is not None else []
        return [one for one in entries if one.device != self.own_id]

    def channels(self) -> tuple[str, ...]:
        """What can be watched: the video channels, of a platform the cameras that are there."""
        if self._entries is None:
            return self.settings.channel_ids()
        return tuple(one.device for one in self.cameras() if one.online)

    def _from_platform(self, peer: Peer) -> bool:
        settings, server = self.settings, self.wire.peer
        if settings.transport == "tls":
            return server is not None and peer == server
        return peer.host == settings.server_address

    async def _obey(self, order: Order, peer: Peer) -> None:
        back = self._return_path(peer)
        if order.kind == "Query":
            await self._answer_query(order, back)
        elif order.kind == "Control":
            if order.command == "DeviceConfig":
                result: str | None = controls.configure(self, order)
                if self.state.has(quirks.RESTARTS_UNTOLD):
                    self.spawn(self.restart(2.0))
                    return
            else:
                result = await controls.obey(self, order)
            if result is not None:
                await patiently(self.state)
                await self.respond(order, order.command, [e("Result", result)], back)
            if order.has("SnapShotConfig"):
                await self._snapshot_told(order)
        elif order.kind == "Notify" and order.command == "Broadcast":
            await self.broadcasts.offered(order, back)

    async def _snapshot_told(self, order: Order) -> None:
        """Tell that ordered snapshots were uploaded (2022)."""
        session = order.text("SnapShotConfig", "SessionID")
        stamp = date_time(self.state.clock.now()).translate({45: None, 58: None, 84: None})
        name = f"{self.settings.channel_ids()[0]}01{stamp}00001"
        fields = [
            e("SessionID", session),
            e("SnapShotList", [e("SnapShotFileID", name)]),
        ]
        device = order.device or self.own_id
        sn = str(self.next_sn())
        await self.say(self.body("Notify", "UploadSnapShotFinished", sn, device, fields))

    def _return_path(self, peer: Peer) -> Peer | None:
        """Where an answer goes: to the platform, or to whom the device should not obey."""
        return None if self._from_platform(peer) else peer

    async def _answer_query(self, order: Order, peer: Peer | None) -> None:
        asked = queries.Asked(
            self.state,
            self.settings,
            self.own_id,
            self.memory,
            self.monotonic(),
            order,
            self._entries() if self._entries is not None else None,
        )
        found = queries.answers(asked)
        if found is None:
            return
        await patiently(self.state)
        if order.command == "RecordInfo" and self.state.has(quirks.ONE_QUERY):
            if self._searching:
                return
            self._searching = True
        try:
            await self._say_all(order, found, peer)
        finally:
            self._searching = False

    async def _say_all(self, order: Order, found: list[queries.Answer], peer: Peer | None) -> None:
        """Send the messages of an answer, each when the one before was answered."""
        for number, answer in enumerate(found):
            fields, first = list(answer.fields), number == 0
            if self.state.has(quirks.AT_ONCE):
                self.spawn(self._answer(order, answer.command, fields, peer, first=first))
                continue
            if number == len(found) // 2 and self.state.has(quirks.TWO_A_MESSAGE):
                await asyncio.sleep(quirks.PAUSE_MIDWAY_S)
            await self._answer(order, answer.command, fields, peer, first=first)

    async def respond(
        self, order: Order, command: str, fields: list[Element], peer: Peer | None
    ) -> None:
        """Send an application answer of one message."""
        await self._answer(order, command, fields, peer)

    async def _answer(
        self,
        order: Order,
        command: str,
        fields: list[Element],
        peer: Peer | None,
        *,
        first: bool = True,
    ) -> None:
        """Send one message of an application answer."""
        sn = queries.with_sn(self.state, order, self.next_sn() + 7_000)
        body = self.body("Response", command, sn, order.device or self.own_id, fields)
        wide = _spans_12_hours(order)
        body = quirks.dress_body(self.state, command, body, first=first, wide=wide)
        fragmented = len(body) > _MTU and self.settings.transport == "udp"
        if not (fragmented and command == "Catalog" and self.state.has(quirks.FRAGMENTS_LOST)):
            await self.say(body, peer)


def _spans_12_hours(order: Order) -> bool:
    """Whether a query asks for more than 12 h."""
    start, end = (read_date_time(order.text(name)) for name in ("StartTime", "EndTime"))
    return start is not None and end is not None and end - start > _TWELVE_HOURS
