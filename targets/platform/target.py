"""The operator's platform as a target: where it is, and as whom it is worked."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protocols.addresses import family_of
from targets.camera import CameraOptions, bracketed
from targets.credentials import Secret
from targets.site import PlatformAccess, Point


@dataclass(frozen=True)
class PlatformTarget:
    """One platform.

    Attributes:
        point: the point's id in the inventory.
        name: its name there.
        access: as the site file declares it.
        secret: gives the administrator's password, or ``None`` when none is known.
    """

    point: str
    name: str
    access: PlatformAccess
    secret: Callable[[], Secret | None] = field(default=lambda: None, repr=False, compare=False)

    @classmethod
    def of(cls, point: Point, secret: Callable[[], Secret | None]) -> PlatformTarget:
        """The platform at ``point``, which has one."""
        assert point.platform is not None
        return cls(point.id, point.name, point.platform, secret)

    @property
    def host(self) -> str:
        """A name or an address without brackets, "" when only people can reach it."""
        return urlsplit(self.access.uri).hostname or ""

    @property
    def port(self) -> int:
        """Of its service to users."""
        return urlsplit(self.access.uri).port or 443

    @property
    def base(self) -> str:
        """``https://HOST:PORT``."""
        return f"https://{bracketed(self.host)}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """A TLS client that trusts what the site file says.

        Raises:
            TargetError: the authority's file cannot be read.
        """
        return CameraOptions(ca_file=self.access.certificate_authority).tls_context()

    @property
    def family(self) -> socket.AddressFamily:
        """Of the address that is declared."""
        return family_of(self.host)
