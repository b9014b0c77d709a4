"""What a device is asked when it comes: what it has and is, and to tell of alarms and changes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from protocols.errors import ProtocolError
from protocols.gb28181.alarms import build_alarm_query
from protocols.gb28181.catalog import build_catalog_query
from protocols.gb28181.device import build_query, read_device_info
from protocols.gb28181.manscdp import CONTENT_TYPE
from protocols.sip.dialog import Dialog
from reference_platform.errors import PlatformError
from reference_platform.signalling.exchange import ANSWER_SECONDS

if TYPE_CHECKING:
    from reference_platform.signalling.devices import Registered
    from reference_platform.signalling.server import SignallingServer

_LOG = logging.getLogger(__name__)
#: Devices that are asked at the same time, so that ten thousand may come at once.
_AT_ONCE = 256
_CATALOGUE_TRIES = 3
#: Seconds after which a catalogue that did not come is asked for again.
_AGAIN_S = (10.0, 30.0, 120.0, 600.0)
SUBSCRIBED_SECONDS = 3_600
_REFRESH_SHARE = 0.8


class Greeting:
    """Asks each device that comes, a bounded number at a time."""

    def __init__(self, server: SignallingServer) -> None:
        self._server = server
        self._catalogues = asyncio.Semaphore(_AT_ONCE)
        self._informations = asyncio.Semaphore(_AT_ONCE)

    async def greet(self, device: Registered) -> None:
        """Ask, and keep its subscriptions alive for as long as this registration is in force."""
        async with self._catalogues:
            came = await self._catalogue(device)
        await asyncio.gather(self._rest(device), self._again(device, came))

    async def _again(self, device: Registered, came: bool) -> None:
        """A catalogue that did not come in time is asked for later: the device, or we, had much
        to do.
        """
        for pause in _AGAIN_S:
            if came:
                return
            await asyncio.sleep(pause)
            async with self._catalogues:
                came = await self._catalogue(device)

    async def _rest(self, device: Registered) -> None:
        # Many a device does not know this question: it must not keep others' catalogues waiting.
        async with self._informations:
            await self._information(device)
        await self._subscribed(device)

    def _current(self, device: Registered) -> bool:
        return self._server.devices.online(device.id) is device

    async def catalogue(self, device: Registered) -> None:
        """Ask for the catalogue; an incomplete one is asked for again, then taken as it is."""
        await self._catalogue(device)

    async def _catalogue(self, device: Registered) -> bool:
        """See ``catalogue``; whether there is nothing more to ask for."""
        server = self._server
        for attempt in range(_CATALOGUE_TRIES):
            if not self._current(device):
                return True
            sn = server.next_sn()
            body = build_catalog_query(device.id, sn, charset=device.charset)
            try:
                items, complete = await server.asking.catalogue(device, sn, body)
            except PlatformError as problem:
                _LOG.info("no catalogue of %s: %s", device.id, problem.code)
                return problem.code != "source.timeout"
            if complete or attempt + 1 == _CATALOGUE_TRIES:
                await server.directory.catalogue(device.id, items)
                break
        return True

    async def _information(self, device: Registered) -> None:
        server = self._server
        sn = server.next_sn()
        body = build_query("DeviceInfo", sn, device.id, charset=device.charset)
        try:
            answer = await server.asking.one(device, "DeviceInfo", sn, body)
            device.information = read_device_info(answer)
        except (PlatformError, ProtocolError) as problem:
            _LOG.info("no information of %s: %s", device.id, problem)

    async def _subscribed(self, device: Registered) -> None:
        """Subscribe to alarms and to changes of the catalogue, and again before that runs out."""
        alarm = build_alarm_query(self._server.next_sn(), device.id, charset=device.charset)
        catalogue = build_catalog_query(device.id, self._server.next_sn(), charset=device.charset)
        dialogs: dict[bytes, Dialog] = {}
        wanted = [alarm, catalogue]
        while self._current(device) and wanted:
            wanted = [one for one in wanted if await self._subscribe(device, one, dialogs)]
            if not wanted:
                return
            await asyncio.sleep(SUBSCRIBED_SECONDS * _REFRESH_SHARE)

    async def _subscribe(
        self, device: Registered, body: bytes, dialogs: dict[bytes, Dialog]
    ) -> bool:
        """One subscription, or its refreshment; whether the device knows of such a thing."""
        server = self._server
        headers = (("Event", "presence"), ("Expires", str(SUBSCRIBED_SECONDS)))
        known = dialogs.get(body)
        if known is None:
            request = server.new_request(
                "SUBSCRIBE", device, headers=headers, content_type=CONTENT_TYPE, body=body
            )
        else:
            request = known.request(
                "SUBSCRIBE", headers=headers, content_type=CONTENT_TYPE, body=body
            )
        try:
            response = await server.ask(request, device, ANSWER_SECONDS)
            if response.status < 300 and known is None:
                dialogs[body] = Dialog.from_uac(request, response)
        except (PlatformError, ProtocolError):
            return True
        if response.status == 481:
            dialogs.pop(body, None)
            return True
        return response.status < 300
