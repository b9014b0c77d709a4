"""The visit ``clock``: what time the device tells, asked around the ticks of its seconds."""

from __future__ import annotations

import email.utils
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from protocols.errors import ProtocolError
from protocols.xml_reading import find, local_name, read_xml
from targets import onvif_reading as reading
from targets.errors import VisitProblem
from targets.http_client import Exchange
from targets.onvif_client import OnvifFault
from targets.onvif_services import NAMESPACES
from targets.transcript import Transcript
from visits.circumstances import Visit
from visits.clock_polling import watch_ticks
from visits.gb28181.clock_polls import gb28181_polls

_QUESTION = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
    b"</s:Body></s:Envelope>"
)
_CONTENT_TYPE = ("Content-Type", "application/soap+xml; charset=utf-8")
_DATE_POLLS = 6
_DATE_SECONDS = 8.0
_FAILURES_BORNE = 3

Poll = dict[str, Any]


async def record_clock(visit: Visit) -> None:
    """Fill the draft as docs/recordings.md describes.

    Raises:
        VisitProblem: the device tells no time at all.
    """
    visit.facts["polls"] = polls = []
    visit.facts["ntp"] = None
    await visit.note_reference()
    if not visit.registers:
        visit.needs_onvif()
    with visit.transcribed() as transcript:
        if visit.registers:
            polls += await gb28181_polls(visit)
        if not visit.camera.speaks_onvif:
            if not polls:
                raise VisitProblem("visit.not-offered", what="DeviceTime", detail="GB/T 28181")
            return
        asker = _Asker(visit, transcript)
        await asker.warm_up()
        polls += await _watch(visit, asker.onvif, visit.lengths.clock, visit.lengths.clock_polls)
        polls += asker.dates or await _dates_asked_apart(visit, asker)
        visit.facts["ntp"] = await _ntp(visit)
        await visit.note_reference()


async def _watch(
    visit: Visit, ask: Callable[[], Awaitable[Poll | None]], seconds: float, polls: int
) -> list[Poll]:
    return await watch_ticks(
        ask,
        time_source=visit.time,
        seconds=min(seconds, visit.lengths.clock),
        polls=polls,
        seed=visit.circumstances.seed,
    )


async def _dates_asked_apart(visit: Visit, asker: _Asker) -> list[Poll]:
    """The Date field asked of the root page, when the service's own answers carry none."""
    if await asker.http_date() is None:
        return []
    return await _watch(visit, asker.http_date, _DATE_SECONDS, _DATE_POLLS)


async def _ntp(visit: Visit) -> dict[str, Any] | None:
    """Where the device takes its time from, when the account may know it."""
    try:
        return reading.ntp(await visit.client.optional("devicemgmt", "GetNTP"))
    except VisitProblem:
        return None


class _Asker:
    """Asks by the shortest possible way, stamped next to the socket.

    Attributes:
        dates: polls by the Date field that the answers of the service carried along.
    """

    def __init__(self, visit: Visit, transcript: Transcript) -> None:
        self._visit = visit
        self._transcript = transcript
        self._address = visit.client.services[NAMESPACES["devicemgmt"]]
        self._failures = 0
        self._needs_login = False
        self.dates: list[Poll] = []

    async def warm_up(self) -> None:
        """One question ahead: connection made, and whether the device tells the time at all."""
        exchange = await self._ask()
        if self._read(exchange) is not None:
            return
        self._needs_login = True  # against ONVIF Core 5.12.1, but met in the field
        if await self._logged_in() is None:
            raise VisitProblem("visit.not-offered", what="GetSystemDateAndTime", detail="ONVIF")

    async def _ask(self) -> Exchange:
        exchange = await self._visit.client.http.request(
            "POST",
            self._address,
            headers=[_CONTENT_TYPE],
            body=_QUESTION,
            waiting_for="GetSystemDateAndTime",
        )
        response = exchange.response
        self._transcript.add("request", _QUESTION, at=exchange.sent, label=self._address)
        self._transcript.add(
            "response", response.body, at=exchange.received, status=response.status
        )
        return exchange

    async def onvif(self) -> Poll | None:
        """One poll by GetSystemDateAndTime."""
        if self._needs_login:
            return await self._logged_in()
        exchange = await self._bearing(self._ask)
        if exchange is None:
            return None
        if (date := _date_poll(exchange)) is not None:
            self.dates.append(date)
        told = self._read(exchange)
        return None if told is None else _poll("onvif", exchange, told)

    async def _logged_in(self) -> Poll | None:
        """A poll with a token; the engine stamps it, farther from the socket."""
        try:
            answer = await self._visit.client.call("devicemgmt", "GetSystemDateAndTime")
        except OnvifFault:
            return None
        told = reading.date_and_time(answer)
        return None if told["utc"] is None else {"path": "onvif"} | told

    @staticmethod
    def _read(exchange: Exchange) -> dict[str, Any] | None:
        try:
            envelope = read_xml(exchange.response.body)
        except ProtocolError:
            return None
        body = find(envelope, "Body")
        answers = [] if body is None else [one for one in body if isinstance(one.tag, str)]
        if not answers or local_name(answers[0]) != "GetSystemDateAndTimeResponse":
            return None
        return reading.date_and_time(answers[0])

    async def http_date(self) -> Poll | None:
        """One poll by the Date field of the root page, whatever its status."""
        parts = urlsplit(self._address)
        root = f"{parts.scheme}://{parts.netloc}/"
        exchange = await self._bearing(
            lambda: self._visit.client.http.ask_once("HEAD", root, waiting_for="Date")
        )
        return None if exchange is None else _date_poll(exchange)

    async def _bearing(self, ask: Callable[[], Awaitable[Exchange]]) -> Exchange | None:
        """An answer, or ``None``; after several failures in a row the problem itself."""
        try:
            exchange = await ask()
        except (VisitProblem, OnvifFault):
            self._failures += 1
            if self._failures >= _FAILURES_BORNE:
                raise
            return None
        self._failures = 0
        return exchange


def _poll(path: str, exchange: Exchange, told: dict[str, Any]) -> Poll:
    return {
        "path": path,
        "sent": exchange.sent,
        "received": exchange.received,
        "sent_mono": exchange.sent_mono,
        "received_mono": exchange.received_mono,
    } | told


def _date_poll(exchange: Exchange) -> Poll | None:
    """The poll that the Date field of an answer makes (RFC 9110, 6.6.1)."""
    told = http_date(exchange.response.header("Date"))
    unsaid = {"local": None, "time_zone": None, "type": None, "daylight_saving": False}
    return None if told is None else _poll("http-date", exchange, {"utc": told} | unsaid)


def http_date(text: str | None) -> dict[str, int] | None:
    """The fields of an HTTP date, or ``None``."""
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
        # "-0000" says UTC of unknown origin (RFC 5322, 3.3) and is read as naive.
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }
