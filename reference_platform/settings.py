"""What an operator decides before the platform starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class PlatformSettings:
    """Where the platform listens, where it keeps things, and who it is.

    Attributes:
        data: folder of the database, the certificate, recordings and downloads; made if missing.
        address: IPv4 address of all listeners.
        https_port: of the pages and the API; 0 picks one.
        http_port: answers only with a redirect to HTTPS; ``None``: not offered.
        sip_port: of GB/T 28181 over UDP and TCP; 0 picks one.
        sip_tls_port: of GB/T 28181 over TLS; ``None``: not offered.
        ntp_port: on which time is served to cameras (UDP); 0 picks one; ``None``: not offered.
        database_url: SQLAlchemy URL; "" for SQLite in ``data``.
        server_id: 20 digits, type 200 (GB/T 28181-2016, annex D).
        domain: SIP domain and digest realm; "" for the first ten digits of ``server_id``.
        certificate, key: PEM files for HTTPS and SIP over TLS; ``None``: made on first start.
        keepalive_s: interval expected of devices; three missed mean offline (GB/T 28181, 9.6).
        retention_days: days that recordings are kept; the standard asks for at least 7.
        default_record: whether a new channel is recorded.
        control_hold_s: how long a camera stays with whoever steered it last (4.3.3.1-f2).
        home_below_level: users below this level leave a camera at its home preset (4.3.3.1-f3).
        behaviours: named defects and variants, for tests of the harness only.
    """

    data: Path
    address: str = "0.0.0.0"
    https_port: int = 8443
    http_port: int | None = 8080
    sip_port: int = 5060
    sip_tls_port: int | None = 5061
    ntp_port: int | None = None
    database_url: str = ""
    server_id: str = "61010200002000000010"
    domain: str = ""
    certificate: Path | None = None
    key: Path | None = None
    keepalive_s: float = 60.0
    retention_days: int = 30
    default_record: bool = True
    language: str = "zh"
    control_hold_s: float = 15.0
    home_below_level: int = 5
    behaviours: frozenset[str] = field(default_factory=frozenset)

    @property
    def own_domain(self) -> str:
        """The SIP domain and realm in force."""
        return self.domain or self.server_id[:10]

    def has(self, behaviour: str) -> bool:
        """Whether a named behaviour is switched on."""
        return behaviour in self.behaviours
