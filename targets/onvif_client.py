"""A camera's ONVIF services within hard bounds: time, bytes, one try of the password.

The password is sent only when the device asks for it, in the way it asks: HTTP digest when it
challenges so, else WS-UsernameToken with the time of the device's own clock (ONVIF Core 5.9).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lxml import etree
from zeep.wsse.username import UsernameToken

from protocols.errors import ProtocolError
from protocols.http_response import HttpResponse
from protocols.time_source import TimeSource
from protocols.xml_reading import children, find, integer, local_name, read_xml, words
from targets.camera import CameraTarget
from targets.credentials import Secret
from targets.errors import VisitProblem
from targets.http_client import HttpClient
from targets.onvif_services import NAMESPACES, service_proxy
from targets.transcript import Transcript

_CONTENT_TYPE = "application/soap+xml; charset=utf-8"


class OnvifFault(Exception):  # noqa: N818 - an answer of the device, not an error of ours
    """The device answered with a SOAP fault.

    Attributes:
        codes: local names of code and subcodes, the most particular last.
        text: the device's own words, cut.
    """

    def __init__(self, codes: tuple[str, ...], text: str) -> None:
        super().__init__(f"{'/'.join(codes)}: {text}")
        self.codes = codes
        self.text = text

    @property
    def not_authorised(self) -> bool:
        """Whether the device wants other credentials."""
        return bool({"NotAuthorized", "FailedAuthentication"} & set(self.codes))


class _Answer:
    """The outcome of one post: an element, or a fault."""

    def __init__(self, response: HttpResponse, where: str) -> None:
        self.status = response.status
        self.body: etree._Element | None = None
        self.fault: OnvifFault | None = None
        content = response.body
        try:
            envelope = read_xml(content)
        except ProtocolError as fault:
            if self.status >= 400:
                return
            raise VisitProblem("visit.malformed", where=where, detail=str(fault)) from None
        inner = _first_child(find(envelope, "Body"))
        if local_name(envelope) != "Envelope" or inner is None:
            if self.status < 400:
                raise VisitProblem("visit.malformed", where=where, detail="no SOAP body")
        elif local_name(inner) == "Fault":
            self.fault = _fault(inner)
        else:
            self.body = inner

    @property
    def asks_for_login(self) -> bool:
        return self.status == 401 or (self.fault is not None and self.fault.not_authorised)


def _first_child(element: etree._Element | None) -> etree._Element | None:
    found = element if element is not None else ()
    return next((one for one in found if isinstance(one.tag, str)), None)


def _fault(element: etree._Element) -> OnvifFault:
    codes: list[str] = []
    code = find(element, "Code")
    while code is not None and len(codes) < 8:
        codes.append((words(code, "Value") or "").rpartition(":")[2])
        code = find(code, "Subcode")
    text = words(element, "Reason", "Text") or words(element, "faultstring") or ""
    return OnvifFault(tuple(codes) or ("Fault",), text[:200])


class OnvifClient:
    """One camera over ONVIF.

    Args:
        camera: where it is; the host of every service is taken from here, whatever the device
            says of its own address (behind NAT it says a wrong one).
        time_source: reference time.
        transcript: collects the exchange; may be exchanged between visits.
    """

    def __init__(
        self, camera: CameraTarget, *, time_source: TimeSource, transcript: Transcript | None = None
    ) -> None:
        self.camera = camera
        self.transcript = transcript
        self.services: dict[str, str] = {NAMESPACES["devicemgmt"]: camera.device_service}
        self.addresses_elsewhere: list[str] = []
        self._time = time_source
        self._secret: Secret | None = camera.secret() if camera.user else None
        self.http = HttpClient(
            camera.host, options=camera.options, time_source=time_source,
            user=camera.user, secret=self._secret,
        )  # fmt: skip
        self._offset: float | None = None
        self._token_accepted = False
        self._refused = False
        self._known_services = False

    def close(self) -> None:
        """Drop the connections."""
        self.http.close()

    @property
    def logged_in(self) -> bool:
        """Whether the device has accepted the password."""
        return self._token_accepted or self.http.logged_in

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must be masked in whatever is kept."""
        return (self._secret,) if self._secret is not None else ()

    async def connect(self) -> None:
        """Learn the addresses of the services, once.

        Raises:
            VisitProblem: the device does not serve.
        """
        if self._known_services:
            return
        try:
            answer = await self.call("devicemgmt", "GetServices", IncludeCapability=False)
            found = {
                words(one, "Namespace") or "": words(one, "XAddr") or ""
                for one in children(answer, "Service")
            }
        except OnvifFault:
            found = _capability_addresses(
                await self.require("devicemgmt", "GetCapabilities", Category=["All"])
            )
        for namespace, address in found.items():
            if namespace and address and namespace != NAMESPACES["devicemgmt"]:
                self.services[namespace] = self.reachable(address)
        self._known_services = True

    def offers(self, service: str) -> bool:
        """Whether the device named an address for ``service``."""
        return NAMESPACES[service] in self.services

    def reachable(self, address: str) -> str:
        """``address`` with the host that the site file gives for this camera.

        Raises:
            VisitProblem: it is no address.
        """
        try:
            parts = urlsplit(address.strip())
            port, host = parts.port, parts.hostname
        except ValueError:
            parts, port, host = urlsplit(""), None, None
        if not parts.scheme or not host:
            raise VisitProblem("visit.malformed", where="address", detail="no address")
        if host != self.camera.host:
            self.addresses_elsewhere.append(host)
        own = f"[{self.camera.host}]" if ":" in self.camera.host else self.camera.host
        if parts.scheme == "http" and port is None and host != self.camera.host:
            port = self.camera.port if self.camera.scheme == "onvif" else None
        scheme = parts.scheme
        if scheme == "http" and self.camera.scheme == "onvifs":
            scheme, port = "https", self.camera.port  # nothing of ours goes in the clear
        netloc = own if port is None else f"{own}:{port}"
        return urlunsplit((scheme, netloc, parts.path, parts.query, ""))

    async def require(self, service: str, operation: str, **parameters: Any) -> etree._Element:
        """As ``call``, for what the visit cannot do without: a fault is ``visit.not-offered``."""
        try:
            return await self.call(service, operation, **parameters)
        except OnvifFault as fault:
            raise VisitProblem("visit.not-offered", what=operation, detail=str(fault)) from None

    async def optional(
        self, service: str, operation: str, **parameters: Any
    ) -> etree._Element | None:
        """As ``call``, or ``None`` when the device does not offer it."""
        if not self.offers(service):
            return None
        try:
            return await self.call(service, operation, **parameters)
        except OnvifFault:
            return None

    async def call(self, service: str, operation: str, **parameters: Any) -> etree._Element:
        """Ask ``operation`` of ``service`` and return the answer's element.

        Raises:
            OnvifFault: the device answered with a fault.
            VisitProblem: it did not answer within the bounds, not in XML, or refused the
                password.
        """
        address = self.services.get(NAMESPACES[service])
        if address is None:
            raise VisitProblem("visit.not-offered", what=service, detail="GetServices")
        return await self.call_at(service, address, operation, **parameters)

    async def call_at(
        self, service: str, address: str, operation: str, **parameters: Any
    ) -> etree._Element:
        """As ``call``, at an address that the device gave in an answer."""
        proxy = service_proxy(service, address, self._ask)
        answer: etree._Element = await getattr(proxy, operation)(parameters or None)
        return answer

    async def _ask(self, address: str, envelope: etree._Element) -> etree._Element:
        """Carry one envelope, logging in when the device asks for it."""
        operation = _operation(envelope)
        if self._token_accepted:
            answer = await self._post(
                address, await self._signed(envelope), operation, digest=False
            )
        else:
            answer = await self._post(address, envelope, operation, digest=True)
            if answer.asks_for_login and self._may_try_token():
                answer = await self._try_token(address, envelope, operation)
        return self._body(answer, operation)

    def _may_try_token(self) -> bool:
        return self._secret is not None and not self._refused

    async def _try_token(self, address: str, envelope: etree._Element, operation: str) -> _Answer:
        answer = await self._post(address, await self._signed(envelope), operation, digest=False)
        if answer.asks_for_login and not self.http.logged_in:
            self._refused = True
        self._token_accepted = not answer.asks_for_login
        return answer

    def _body(self, answer: _Answer, operation: str) -> etree._Element:
        if answer.asks_for_login and not self.logged_in:
            raise VisitProblem("visit.unauthorised", where=operation)
        if answer.fault is not None:
            raise answer.fault
        if answer.body is None:
            if answer.status == 401:
                raise OnvifFault(("NotAuthorized",), "HTTP 401")
            raise VisitProblem("visit.malformed", where=operation, detail=f"HTTP {answer.status}")
        return answer.body

    async def _post(
        self, address: str, envelope: etree._Element, operation: str, *, digest: bool
    ) -> _Answer:
        content = etree.tostring(envelope, encoding="utf-8", xml_declaration=True)
        self._record("request", content, address)
        exchange = await self.http.request(
            "POST", address, headers=[("Content-Type", _CONTENT_TYPE)], body=content,
            waiting_for=operation, log_in=digest,
        )  # fmt: skip
        response = exchange.response
        self._record("response", response.body, address, response.status)
        return _Answer(response, operation)

    def _record(self, kind: str, content: bytes, address: str, status: int | None = None) -> None:
        if self.transcript is not None:
            at = self._time.now()
            self.transcript.add(kind, content, at=at, label=address, status=status)

    async def _signed(self, envelope: etree._Element) -> etree._Element:
        """A copy of ``envelope`` with a WS-UsernameToken in the device's own time."""
        assert self._secret is not None
        if self._offset is None:
            self._offset = await self._measure_offset()
        created = datetime.fromtimestamp(self._time.now() + self._offset, UTC)
        token: Any = UsernameToken(  # type: ignore[no-untyped-call]
            self.camera.user, self._secret.reveal(), use_digest=True,
            created=created.replace(microsecond=0, tzinfo=None), zulu_timestamp=True,
        )  # fmt: skip
        copied = etree.fromstring(etree.tostring(envelope))
        token.apply(copied, {})
        return copied

    async def _measure_offset(self) -> float:
        """Device clock minus reference in seconds, as it says without login; 0 if it does not."""
        address = self.services[NAMESPACES["devicemgmt"]]
        proxy = service_proxy("devicemgmt", address, self._ask_openly)
        try:
            moment = device_utc(await proxy.GetSystemDateAndTime())
        except (OnvifFault, VisitProblem):
            return 0.0
        return 0.0 if moment is None else moment - self._time.now()

    async def _ask_openly(self, address: str, envelope: etree._Element) -> etree._Element:
        """Carry one envelope without ever logging in."""
        operation = _operation(envelope)
        answer = await self._post(address, envelope, operation, digest=False)
        return self._body(answer, operation)


def _operation(envelope: etree._Element) -> str:
    body = _first_child(find(envelope, "Body"))
    return "" if body is None else local_name(body)


def device_utc(answer: etree._Element) -> float | None:
    """POSIX seconds of a GetSystemDateAndTimeResponse, or ``None`` when it says no UTC time."""
    moment = find(answer, "SystemDateAndTime", "UTCDateTime")
    numbers = [integer(moment, "Date", name) for name in ("Year", "Month", "Day")]
    numbers += [integer(moment, "Time", name) for name in ("Hour", "Minute", "Second")]
    if any(number is None for number in numbers):
        return None
    year, month, day, hour, minute, second = (number or 0 for number in numbers)
    try:
        start = datetime(year, month, day, tzinfo=UTC)
        return (start + timedelta(hours=hour, minutes=minute, seconds=second)).timestamp()
    except (ValueError, OverflowError):
        return None


def _capability_addresses(answer: etree._Element) -> dict[str, str]:
    """Service addresses of the older GetCapabilities."""
    capabilities = find(answer, "Capabilities")
    wanted: dict[str, tuple[str, ...]] = {
        "media": ("Media",),
        "imaging": ("Imaging",),
        "ptz": ("PTZ",),
        "deviceio": ("Extension", "DeviceIO"),
        "events": ("Events",),
    }
    found = {}
    for service, path in wanted.items():
        if address := words(capabilities, *path, "XAddr"):
            found[NAMESPACES[service]] = address
    return found
