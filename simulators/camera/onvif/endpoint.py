"""From the bytes of a SOAP request to the bytes of its answer, without sockets."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from protocols.errors import ProtocolError
from simulators.behaviours import variant
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.markup import NAMESPACES, Xml, write, x
from simulators.camera.onvif.operations import OPERATIONS, Call, Operation
from simulators.camera.onvif.security import (
    ANONYMOUS,
    HTTP_DIGEST_ONLY,
    LEVELS,
    Access,
    LockedError,
)
from simulators.camera.onvif.soap import (
    NotAuthorizedError,
    Request,
    SoapError,
    envelope,
    fault_element,
    read_request,
)

OTHER_PREFIXES = variant("other-xml-prefixes", "The XML of all answers uses unusual prefixes.")
VERBOSE_FAULTS = variant(
    "soap-faults-verbose", "SOAP faults hold every optional part: node, role, detail, languages."
)

# Each service module fills the table of operations when it is imported.
for _module in (
    *("device", "device_network", "device_users", "device_io"),
    *("services", "media", "media2", "imaging", "ptz", "events"),
):
    importlib.import_module(f"simulators.camera.onvif.{_module}")


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes
    content_type: str
    challenges: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What came over HTTP."""

    body: bytes
    path: str
    method: str = "POST"
    authorization: str = ""
    secure: bool = False


async def answer(device: DeviceMemory, asked: Asked) -> Answer:
    """Carry out a request; whatever goes wrong ends in a SOAP fault."""
    try:
        request = read_request(asked.body)
    except ProtocolError as error:
        return _fault(device, 12, SoapError(str(error), "ter:WellFormed"))
    try:
        operation = _operation(device, request)
        _authorise(device, asked, request, operation.access)
        result = operation.handler(Call(device, request.body, asked.secure, asked.path))
        body = await result if inspect.isawaitable(result) else result
    except SoapError as fault:
        return _fault(device, request.version, fault)
    return _written(device, 200, request.version, body, _addressing(request))


def _operation(device: DeviceMemory, request: Request) -> Operation:
    service = request.operation.partition(":")[0]
    offered = device.services() | {"wsnt"}
    if request.operation not in OPERATIONS or service not in offered:
        raise SoapError("the action is not supported", "ter:ActionNotSupported", receiver=True)
    return OPERATIONS[request.operation]


def _authorise(device: DeviceMemory, asked: Asked, request: Request, needed: Access) -> None:
    """Check credentials where the operation needs any (ONVIF Core 5.12.1)."""
    if device.state.has(ANONYMOUS) or needed is Access.PRE_AUTH:
        return
    token = _token(request.header)
    if token is not None and not device.state.has(HTTP_DIGEST_ONLY):
        user = device.guard.user_of_token(token, device.password_of)
    elif asked.authorization:
        user = device.guard.user_of_digest(asked.authorization, asked.method, device.password_of)
    else:
        raise NotAuthorizedError("the client has to authenticate")
    if LEVELS[device.level_of(user) or "Anonymous"] < needed:
        raise NotAuthorizedError("the user may not do this")


def _token(header: Element | None) -> Element | None:
    path = "wsse:Security/wsse:UsernameToken"
    return None if header is None else header.find(path, NAMESPACES)


def _addressing(request: Request) -> tuple[Xml, ...]:
    if not request.message_id:
        return ()
    return (
        x("wsa:Action", f"{request.action.removesuffix('Request')}Response"),
        x("wsa:RelatesTo", request.message_id),
    )


def _fault(device: DeviceMemory, version: int, fault: SoapError) -> Answer:
    verbose = device.state.has(VERBOSE_FAULTS)
    body = fault_element(version, fault, verbose=verbose)
    if not isinstance(fault, NotAuthorizedError):
        return _written(device, 500 if fault.receiver or version == 11 else 400, version, body)
    if isinstance(fault, LockedError):
        return _written(device, 403, version, body)
    challenges = tuple(device.guard.challenges(stale=fault.reason == "stale"))
    return _written(device, 401 if challenges else 400, version, body, challenges=challenges)


def _written(
    device: DeviceMemory,
    status: int,
    version: int,
    body: Xml,
    header: tuple[Xml, ...] = (),
    challenges: tuple[str, ...] = (),
) -> Answer:
    data = write(envelope(version, body, header), other_prefixes=device.state.has(OTHER_PREFIXES))
    kind = "text/xml" if version == 11 else "application/soap+xml"
    return Answer(status, data, f"{kind}; charset=utf-8", challenges)
