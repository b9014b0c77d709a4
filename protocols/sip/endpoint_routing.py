"""Where requests came from and where their answers go (RFC 3261 section 18.2, RFC 3581)."""

from __future__ import annotations

from protocols.sip.endpoint_parts import Peer
from protocols.sip.fields import Via
from protocols.sip.message import SipRequest
from protocols.sip.uri import same_host


def stamp(request: SipRequest, via: Via, peer: Peer) -> None:
    """Write into the top Via where the request came from (section 18.2.1, RFC 3581)."""
    if not via.rport_wanted and same_host(via.host, peer.host):
        return
    stamped = Via(
        via.transport,
        via.host,
        via.port,
        via.branch,
        peer.host.partition("%")[0],
        peer.port if via.rport_wanted else None,
        via.rport_wanted,
        via.parameters,
    )
    values = request.headers.get("Via") or ""
    rest = values.partition(",")[2]
    request.headers.replace_first("Via", f"{stamped},{rest}" if rest else str(stamped))


def problem_of(request: SipRequest, method: str) -> tuple[int, str] | None:
    """Why a request cannot be served, as status and reason (section 8.2)."""
    if method.upper() != request.method.upper():  # "INFO" with CSeq "88 Info" is met in the field
        return 400, "Bad Request: CSeq names another method"
    for one in request.deviations:
        if one.code == "sip-version":
            return 505, ""
        if one.code == "sip-header-missing":
            return 400, f"Bad Request: {one.detail} is missing"
    return None


def return_peer(via: Via, peer: Peer) -> Peer:
    """Where answers to a request of ``peer`` go (section 18.2.2): the connection, or its top Via.

    Without rport a request that came straight from its sender is answered at the sent-by port;
    one that passed an address translator is answered where it came from.
    """
    if peer.transport != "udp" or via.rport_wanted or not same_host(via.host, peer.host):
        return peer
    return Peer("udp", peer.host, via.port or 5060)
