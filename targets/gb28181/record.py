"""What the registrar keeps of a device, and what it keeps of one that somebody asks about."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.gb28181.manscdp import Manscdp
from protocols.sip.authentication import AuthorizationCheck
from protocols.sip.endpoint import Peer
from protocols.sip.message import SipRequest


class DeviceRecord:
    """The little that is kept of every device that registers: 50,000 fit into memory easily."""

    __slots__ = (
        "call_id", "expires_at", "gb_version", "host", "last_seen", "nonce", "nonce_at", "peer",
        "registered", "user_agent",
    )  # fmt: skip

    def __init__(self) -> None:
        self.registered = False
        self.peer: Peer | None = None
        self.host = ""
        self.expires_at = 0.0
        self.last_seen = 0.0
        self.nonce = ""
        self.nonce_at = 0.0
        self.call_id = ""
        self.user_agent = ""
        self.gb_version = ""


@dataclass(frozen=True)
class RegisterAnswer:
    """A REGISTER that carried an answer to our challenge, as it stood. Never written down."""

    at: float
    request: SipRequest
    check: AuthorizationCheck
    realm: str
    nonce: str


@dataclass(frozen=True)
class Event:
    """Something that befell a device.

    Attributes:
        what: ``challenged``, ``stale``, ``refused``, ``registered``, ``unregistered``,
            ``wrong-password``, ``keepalive``, ``withheld``, ``moved``, ``second-address``,
            ``alarm``, ``forgotten``.
    """

    at: float
    what: str
    detail: str = ""
    seconds: int | None = None


@dataclass(frozen=True)
class Notified:
    """A MANSCDP notification other than a keepalive, by MESSAGE or NOTIFY."""

    at: float
    method: str
    message: Manscdp
    call_id: str = ""
