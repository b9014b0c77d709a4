"""A question or command by MESSAGE and its answers, matched by SN (GB/T 28181-2016 9.3 to 9.7)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from protocols.gb28181.assembly import CatalogAssembly, RecordAssembly
from protocols.gb28181.catalog import CatalogItem, read_catalog
from protocols.gb28181.manscdp import CONTENT_TYPE, Manscdp
from protocols.gb28181.records import RecordItem, RecordQuery, build_record_query, read_records
from reference_platform.errors import PlatformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_platform.signalling.devices import Registered
    from reference_platform.signalling.server import SignallingServer

#: How long a device may take to its first answer, and between two messages of a paged one.
ANSWER_SECONDS = 10.0
GAP_SECONDS = 5.0
_MOST_WAITING = 20_000


class Exchange:
    """One question under way; answers are put in by the server as they come."""

    def __init__(self, command: str, sn: int) -> None:
        self.command = command
        self.sn = sn
        self._answers: asyncio.Queue[Manscdp] = asyncio.Queue(_MOST_WAITING)

    def take(self, message: Manscdp) -> None:
        """One Response; beyond all bounds it is dropped."""
        if not self._answers.full():
            self._answers.put_nowait(message)

    async def next(self, seconds: float) -> Manscdp | None:
        """The next Response, ``None`` when none came in time."""
        try:
            async with asyncio.timeout(seconds):
                return await self._answers.get()
        except TimeoutError:
            return None


class Asking:
    """What can be asked of a registered device."""

    def __init__(self, server: SignallingServer) -> None:
        self._server = server
        self._pending: dict[tuple[str, str, int], Exchange] = {}
        self._serial: dict[tuple[str, str], asyncio.Lock] = {}

    def answered(self, device: Registered, message: Manscdp) -> bool:
        """Give a Response to whoever waits for it; whether somebody did."""
        exchange = self._pending.get((device.id, message.command, message.sn or 0))
        if exchange is None:
            return False
        exchange.take(message)
        return True

    async def tell(self, device: Registered, target: str, body: bytes) -> None:
        """Send a MESSAGE; its SIP answer is waited for.

        Raises:
            PlatformError: ``source.offline``, ``source.timeout``, ``source.refused``.
        """
        request = self._server.new_request(
            "MESSAGE", device, user=target, content_type=CONTENT_TYPE, body=body
        )
        response = await self._server.ask(request, device, ANSWER_SECONDS)
        if response.status >= 300:
            raise PlatformError("source.refused", 502, device=device.id, answer=response.status)

    async def one(self, device: Registered, command: str, sn: int, body: bytes) -> Manscdp:
        """Ask what is answered by one Response.

        Raises:
            PlatformError: as ``tell``; ``source.timeout`` when no Response comes.
        """
        exchange = self._begin(device, command, sn)
        try:
            await self.tell(device, device.id, body)
            answer = await exchange.next(ANSWER_SECONDS)
        finally:
            self._end(device, exchange)
        if answer is None:
            raise PlatformError("source.timeout", 504, device=device.id, what=command)
        return answer

    async def catalogue(
        self, device: Registered, sn: int, body: bytes
    ) -> tuple[tuple[CatalogItem, ...], bool]:
        """Ask for the catalogue; its items, and whether they are as many as were promised.

        Raises:
            PlatformError: as ``one``.
        """
        assembly = CatalogAssembly(sn)

        def take(answer: Manscdp) -> None:
            assembly.add(read_catalog(answer))

        await self._pages(device, "Catalog", sn, device.id, body, assembly, take)
        return assembly.items, assembly.complete

    async def records(
        self, device: Registered, channel: str, start: float, end: float
    ) -> tuple[RecordItem, ...]:
        """Ask what a channel has recorded; one such question at a time and channel.

        Raises:
            PlatformError: as ``one``; ``source.incomplete`` when pages are missing.
        """
        sn = self._server.next_sn()
        assembly = RecordAssembly(sn)
        body = build_record_query(sn, channel, RecordQuery(start, end), charset=device.charset)

        def take(answer: Manscdp) -> None:
            assembly.add(read_records(answer))

        await self._pages(device, "RecordInfo", sn, channel, body, assembly, take)
        if not assembly.complete:
            raise PlatformError("source.incomplete", 502, device=device.id, what="RecordInfo")
        return assembly.items

    async def _pages(
        self,
        device: Registered,
        command: str,
        sn: int,
        target: str,
        body: bytes,
        assembly: CatalogAssembly | RecordAssembly,
        take: Callable[[Manscdp], None],
    ) -> None:
        """Ask what is answered by several Responses, until all came or none comes any more.

        Raises:
            PlatformError: as ``tell``; ``source.timeout`` when not one Response comes.
        """
        async with self._alone(device.id, command):
            exchange = self._begin(device, command, sn)
            try:
                await self.tell(device, target, body)
                while not assembly.complete:
                    answer = await exchange.next(GAP_SECONDS if assembly.pages else ANSWER_SECONDS)
                    if answer is None:
                        break
                    take(answer)
            finally:
                self._end(device, exchange)
        if not assembly.pages:
            raise PlatformError("source.timeout", 504, device=device.id, what=command)

    def _begin(self, device: Registered, command: str, sn: int) -> Exchange:
        exchange = Exchange(command, sn)
        self._pending[device.id, command, sn] = exchange
        return exchange

    def _end(self, device: Registered, exchange: Exchange) -> None:
        self._pending.pop((device.id, exchange.command, exchange.sn), None)

    def _alone(self, device: str, command: str) -> asyncio.Lock:
        """Some recorders mix up two questions at once (wvp-GB28181-pro#768, #980)."""
        return self._serial.setdefault((device, command), asyncio.Lock())
