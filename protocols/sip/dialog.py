"""Dialogs (RFC 3261 section 12): what both sides remember between INVITE and BYE."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.errors import ProtocolError
from protocols.sip.fields import contacts_of, from_of, sequence_of, to_of
from protocols.sip.message import Headers, SipMessage, SipRequest, SipResponse
from protocols.sip.uri import NameAddress, parse_name_address

_MAXIMUM_ROUTES = 16


class Dialog:
    """One dialog as one side sees it.

    Attributes:
        local, remote: From and To of requests that we send, with tags.
        remote_target: Request-URI of requests that we send.
        route_set: Route values, in the order of use.
        local_sequence: number of our last request; None before the first.
        remote_sequence: number of the peer's last request; None before the first.
        contact: Contact value that our requests carry, "" for none.
        user_agent: User-Agent value that our requests carry, "" for none.
    """

    def __init__(
        self,
        call_id: str,
        local: NameAddress,
        remote: NameAddress,
        remote_target: str,
        *,
        route_set: tuple[str, ...] = (),
        local_sequence: int | None = None,
        remote_sequence: int | None = None,
        contact: str = "",
        user_agent: str = "",
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_target = remote_target
        self.route_set = route_set
        self.local_sequence = local_sequence
        self.remote_sequence = remote_sequence
        self.contact = contact
        self.user_agent = user_agent
        self.invite_sequence = local_sequence
        self.confirmed = False

    @classmethod
    def from_uac(cls, request: SipRequest, response: SipResponse) -> Dialog:
        """The dialog of a request that we sent and the response that made it (12.1.2).

        Raises:
            ProtocolError: the response names neither dialog nor target that can be used.
        """
        dialog = cls(
            request.headers.get("Call-ID") or "",
            from_of(request),
            to_of(response),
            _target(response) or request.uri,
            route_set=tuple(reversed(_routes(response))),
            local_sequence=sequence_of(request).number,
            contact=request.headers.get("Contact") or "",
            user_agent=request.headers.get("User-Agent") or "",
        )
        dialog.confirmed = response.status >= 200
        return dialog

    @classmethod
    def from_uas(
        cls, request: SipRequest, to_tag: str, *, contact: str = "", user_agent: str = ""
    ) -> Dialog:
        """The dialog of a request that we accepted under ``to_tag`` (12.1.1).

        Raises:
            ProtocolError: the request lacks what a dialog needs.
        """
        return cls(
            request.headers.get("Call-ID") or "",
            to_of(request).with_tag(to_tag),
            from_of(request),
            _target(request) or str(from_of(request).uri),
            route_set=tuple(_routes(request)),
            remote_sequence=sequence_of(request).number,
            contact=contact,
            user_agent=user_agent,
        )

    @property
    def identifier(self) -> tuple[str, str, str]:
        """Call-ID, our tag, the peer's tag."""
        return self.call_id, self.local.tag, self.remote.tag

    def request(
        self,
        method: str,
        *,
        body: bytes = b"",
        content_type: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> SipRequest:
        """The next request in the dialog (12.2.1.1); an ACK takes the number of the INVITE."""
        if method == "ACK":
            number = self.invite_sequence or 1
        else:
            number = self.local_sequence = (self.local_sequence or 0) + 1
            if method == "INVITE":
                self.invite_sequence = number
        made = Headers([("Route", route) for route in self.route_set])
        made.add("Max-Forwards", "70")
        made.add("From", str(self.local))
        made.add("To", str(self.remote))
        made.add("Call-ID", self.call_id)
        made.add("CSeq", f"{number} {method}")
        if self.contact and method not in ("BYE", "CANCEL"):
            made.add("Contact", self.contact)
        for name, value in headers:
            made.add(name, value)
        if self.user_agent:
            made.add("User-Agent", self.user_agent)
        if content_type:
            made.add("Content-Type", content_type)
        return SipRequest(method, self.remote_target, made, body)

    def matches(self, request: SipRequest) -> bool:
        """Whether a request of the peer belongs to the dialog: Call-ID and both tags."""
        if (request.headers.get("Call-ID") or "") != self.call_id:
            return False
        try:
            sender, target = from_of(request), to_of(request)
        except ProtocolError:
            return False
        return target.tag == self.local.tag and sender.tag == self.remote.tag

    def accept(self, request: SipRequest) -> bool:
        """Take the peer's request into account; False: out of order, to be answered 500.

        A new Contact changes the remote target (12.2.2).

        Raises:
            ProtocolError: no readable CSeq.
        """
        number = sequence_of(request).number
        if request.method in ("ACK", "CANCEL"):
            return True
        if self.remote_sequence is not None and number <= self.remote_sequence:
            return False
        self.remote_sequence = number
        if request.method in ("INVITE", "SUBSCRIBE", "NOTIFY", "UPDATE"):
            self.refresh_target(request)
        return True

    def refresh_target(self, message: SipMessage) -> None:
        """Take the remote target from a message's Contact, if it has a readable one."""
        try:
            self.remote_target = _target(message) or self.remote_target
        except ProtocolError:
            return


def _target(message: SipMessage) -> str:
    contacts = contacts_of(message)
    return str(contacts[0].uri) if contacts else ""


def _routes(message: SipMessage) -> list[str]:
    routes = message.headers.get_all("Record-Route")
    if len(routes) > _MAXIMUM_ROUTES:
        raise ProtocolError(f"SIP: more than {_MAXIMUM_ROUTES} routes")
    for route in routes:
        parse_name_address(route)
    return routes
