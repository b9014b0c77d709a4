"""SOAP 1.2 envelopes, 1.1 accepted: requests read, answers and faults written."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from protocols.errors import ProtocolError
from simulators.camera.onvif.markup import NAMESPACES, Qualified, Xml, prefixed, read, x

_LONGEST_ARGUMENT = 1024


class SoapError(Exception):
    """An operation ends in a SOAP fault.

    Attributes:
        subcodes: fault subcodes from the outer to the inner one (``ter:NotAuthorized``).
        receiver: whether the fault is this device's and not the client's.
        detail: an element for the fault's detail, where a specification asks for one.
    """

    def __init__(
        self, reason: str, *subcodes: str, receiver: bool = False, detail: Xml | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.subcodes = subcodes
        self.receiver = receiver
        self.detail = detail


class NotAuthorizedError(SoapError):
    """The client has to authenticate, or may not do this (ONVIF Core 5.11.2, 5.12)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, "ter:NotAuthorized")


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        version: 12 or 11.
        operation: the name of the body's element, such as ``tds:GetHostname``, "" if unknown.
        body: that element.
        header: the SOAP header, or None.
        action: the WS-Addressing action, or "".
        message_id: the WS-Addressing message id, or "".
    """

    version: int
    operation: str
    body: Element
    header: Element | None
    action: str
    message_id: str


def read_request(data: bytes) -> Request:
    """Read an envelope.

    Raises:
        ProtocolError: not XML, not an envelope, or no element in its body.
    """
    root = read(data)
    name = prefixed(root.tag)
    if name not in ("s:Envelope", "s11:Envelope"):
        raise ProtocolError("the document is not a SOAP envelope")
    prefix = name.partition(":")[0]
    body = root.find(f"{prefix}:Body", NAMESPACES)
    if body is None or not len(body):
        raise ProtocolError("the SOAP body is empty")
    header = root.find(f"{prefix}:Header", NAMESPACES)
    return Request(
        version=12 if prefix == "s" else 11,
        operation=prefixed(body[0].tag),
        body=body[0],
        header=header,
        action=_header_text(header, "Action"),
        message_id=_header_text(header, "MessageID"),
    )


def _header_text(header: Element | None, name: str) -> str:
    if header is None:
        return ""
    for prefix in ("wsa", "a04"):
        text = header.findtext(f"{prefix}:{name}", None, NAMESPACES)
        if text:
            return text.strip()[:_LONGEST_ARGUMENT]
    return ""


def envelope(version: int, body: Xml, header: tuple[Xml, ...] = ()) -> Xml:
    """An envelope around ``body``."""
    prefix = _prefix(version)
    return x(
        f"{prefix}:Envelope",
        x(f"{prefix}:Header", *header) if header else None,
        x(f"{prefix}:Body", body),
    )


def fault_element(version: int, fault: SoapError, *, verbose: bool = False) -> Xml:
    """The fault as the body's element; ``verbose`` adds all that is optional."""
    return _fault11(fault) if version == 11 else _fault12(fault, verbose=verbose)


def _fault12(fault: SoapError, *, verbose: bool) -> Xml:
    code: Xml | None = None
    for subcode in reversed(fault.subcodes):
        code = x("s:Subcode", x("s:Value", Qualified(subcode)), code)
    side = "s:Receiver" if fault.receiver else "s:Sender"
    detail = fault.detail
    if detail is None and verbose:
        detail = x("s:Text", {"xml:lang": "en"}, f"Details for the support team: {fault.reason}")
    return x(
        "s:Fault",
        x("s:Code", x("s:Value", Qualified(side)), code),
        x(
            "s:Reason",
            x("s:Text", {"xml:lang": "en"}, fault.reason),
            x("s:Text", {"xml:lang": "zh"}, f"请求失败：{fault.reason}") if verbose else None,
        ),
        x("s:Node", f"{NAMESPACES['s']}/node/ultimateReceiver") if verbose else None,
        x("s:Role", f"{NAMESPACES['s']}/role/ultimateReceiver") if verbose else None,
        x("s:Detail", detail) if detail is not None else None,
    )


def _fault11(fault: SoapError) -> Xml:
    side = "s11:Server" if fault.receiver else "s11:Client"
    inner = fault.subcodes[-1] if fault.subcodes else side
    return x(
        "s11:Fault",
        x("faultcode", Qualified(inner)),
        x("faultstring", fault.reason),
        x("detail", fault.detail) if fault.detail is not None else None,
    )


def _prefix(version: int) -> str:
    return "s11" if version == 11 else "s"


def optional(request: Element, path: str, default: str = "") -> str:
    """The text at ``path`` (``tds:User/tt:Username``), stripped, or the default.

    Raises:
        SoapError: the text is longer than any argument of ONVIF.
    """
    text = request.findtext(path, None, NAMESPACES)
    if text is None:
        return default
    if len(text) > _LONGEST_ARGUMENT:
        raise SoapError(f"{path} is too long", "ter:InvalidArgVal")
    return text.strip()


def required(request: Element, path: str) -> str:
    """The text at ``path``, which must be there.

    Raises:
        SoapError: it is missing, empty or too long.
    """
    text = optional(request, path)
    if not text:
        raise SoapError(f"{path} is missing", "ter:InvalidArgs")
    return text


def number(request: Element, path: str, default: float | None = None) -> float:
    """The number at ``path``.

    Raises:
        SoapError: it is no finite number, or missing without a default.
    """
    text = optional(request, path)
    if not text and default is not None:
        return default
    return finite(text, path)


def finite(text: str, what: str) -> float:
    """A finite number from text.

    Raises:
        SoapError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        raise SoapError(f"{what} is not a number", "ter:InvalidArgVal") from None
    if not abs(value) < 1e12:
        raise SoapError(f"{what} is out of range", "ter:InvalidArgVal")
    return value


def truth(request: Element, path: str, *, default: bool = False) -> bool:
    """The xs:boolean at ``path``.

    Raises:
        SoapError: it is neither true nor false.
    """
    text = optional(request, path, "true" if default else "false")
    if text not in ("true", "1", "false", "0"):
        raise SoapError(f"{path} is not a boolean", "ter:InvalidArgVal")
    return text in ("true", "1")


def one_of(text: str, allowed: tuple[str, ...], what: str) -> str:
    """``text`` if it is one of the allowed words.

    Raises:
        SoapError: it is not.
    """
    if text not in allowed:
        raise SoapError(f"{what} is not one of {', '.join(allowed)}", "ter:InvalidArgVal")
    return text
