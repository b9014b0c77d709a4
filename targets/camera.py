"""A camera as a target: where it is, as whom to speak to it, and within which bounds."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from targets.credentials import Secret
from targets.errors import TargetError

Scheme = Literal["onvif", "onvifs", "rtsp", "rtsps", "gb28181", "platform"]
StreamTransport = Literal["auto", "udp", "tcp", "rtsps"]
DEFAULT_PORTS: dict[str, int] = {
    "onvif": 80, "onvifs": 443, "rtsp": 554, "rtsps": 322, "gb28181": 5060,
}  # fmt: skip
_DEVICE_ID = re.compile(r"\d{20}")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


@dataclass(frozen=True)
class CameraOptions:
    """How to speak to a camera.

    Attributes:
        transport: of the stream; ``auto`` asks for UDP and falls back to TCP when the device
            refuses UDP or nothing arrives by it.
        verify_tls: whether a TLS certificate must be valid; without it the identity of the
            device is unproven.
        ca_file: PEM file of additional trusted authorities (a site's own, or the device's
            self-signed certificate).
        connect_seconds, answer_seconds: bounds for a connection and for one complete answer.
    """

    transport: StreamTransport = "auto"
    verify_tls: bool = True
    ca_file: Path | None = None
    connect_seconds: float = 5.0
    answer_seconds: float = 10.0

    def tls_context(self) -> ssl.SSLContext:
        """The TLS client context of these options.

        Raises:
            TargetError: the CA file cannot be read.
        """
        try:
            changed = 0 if self.ca_file is None else self.ca_file.stat().st_mtime_ns
            return _tls_context(self.verify_tls, self.ca_file, changed)
        except OSError as error:
            raise TargetError("target.ca-file", file=str(self.ca_file)) from error


@lru_cache(maxsize=16)
def _tls_context(verify: bool, ca_file: Path | None, _changed: int) -> ssl.SSLContext:
    """Loading what the machine trusts takes a tenth of a second, which others would wait for."""
    context = ssl.create_default_context(cafile=None)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class CameraTarget:
    """One camera.

    Attributes:
        point: the point's id in the inventory.
        name: its name there.
        scheme: ``onvif``/``onvifs`` for the ONVIF device service over HTTP/HTTPS, or
            ``rtsp``/``rtsps`` for a device that only streams, ``gb28181`` for one that only
            registers, ``platform`` for the operator's platform (``targets.platform``).
        host, port: where it answers; ``host`` is a name or an address without brackets, ""
            for a device that only registers and has not said where it is.
        user: account, "" for none.
        path: path and query of an RTSP address, "" otherwise.
        secret: gives the password, or ``None`` when none is known.
        device_id: 20 digits by which it registers (GB/T 28181), "" when it is not known to.
    """

    point: str
    name: str
    scheme: Scheme
    host: str
    port: int
    user: str = ""
    path: str = ""
    secret: Callable[[], Secret | None] = field(default=lambda: None, repr=False, compare=False)
    options: CameraOptions = CameraOptions()
    device_id: str = ""

    def without_password(self) -> CameraTarget:
        """The same camera for a visitor who must not log in."""
        return replace(self, secret=lambda: None)

    @property
    def speaks_onvif(self) -> bool:
        """Whether the device is reached by ONVIF."""
        return self.scheme in ("onvif", "onvifs")

    @property
    def only_registers(self) -> bool:
        """Whether nothing but its GB/T 28181 registration is known of the device."""
        return self.scheme == "gb28181"

    @property
    def netloc(self) -> str:
        """Host and port as they stand in a URI."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def device_service(self) -> str:
        """Address of the ONVIF device service (ONVIF Core, 5.1)."""
        return (
            f"{'https' if self.scheme == 'onvifs' else 'http'}://{self.netloc}/onvif/device_service"
        )

    @property
    def stream_uri(self) -> str:
        """Address of the stream of a device that only streams, without credentials."""
        return f"{self.scheme}://{self.netloc}{self.path}"


def bracketed(host: str) -> str:
    """``host`` as it stands in a URI: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def parse_camera(
    address: str,
    *,
    point: str = "",
    name: str = "",
    secret: Callable[[], Secret | None] = lambda: None,
    options: CameraOptions | None = None,
    device_id: str = "",
) -> CameraTarget:
    """The camera at ``address`` (``onvif://USER@HOST[:PORT]``, ``rtsp[s]://USER@HOST[:PORT]/PATH``,
    ``gb28181://DEVICE[@HOST[:PORT]]`` for a device that only registers).

    ``point`` is ``HOST`` or ``HOST:PORT`` unless given, ``name`` the point.

    Raises:
        TargetError: the address is not of that form, or holds a password. The text never
            repeats the password.
    """
    shown = _without_password(address)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise TargetError("target.address", address=shown) from error
    if parts.scheme not in DEFAULT_PORTS:
        raise TargetError("target.scheme", address=shown, scheme=parts.scheme or "-")
    if parts.password is not None:
        raise TargetError("target.password-in-address", address=shown)
    if parts.scheme == "gb28181":
        return _registering(address, point, name, secret, options)
    host = parts.hostname or ""
    if not _is_host(host) or port == 0 or parts.fragment or re.search(r"\s", address):
        raise TargetError("target.address", address=shown)
    streams_only = parts.scheme in ("rtsp", "rtsps")
    if not streams_only and (parts.path.strip("/") or parts.query):
        raise TargetError("target.onvif-path", address=shown)
    path = parts.path + (f"?{parts.query}" if parts.query else "") if streams_only else ""
    label = point or (bracketed(host) + (f":{port}" if port else ""))
    return CameraTarget(
        point=label,
        name=name or label,
        scheme=parts.scheme,  # type: ignore[arg-type]  # one of DEFAULT_PORTS
        host=host,
        port=port or DEFAULT_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        path=path,
        secret=secret,
        options=options or CameraOptions(),
        device_id=device_id,
    )


def _registering(
    address: str,
    point: str,
    name: str,
    secret: Callable[[], Secret | None],
    options: CameraOptions | None,
) -> CameraTarget:
    """The device at ``gb28181://DEVICE[@HOST[:PORT]]``.

    Raises:
        TargetError: as ``parse_camera``.
    """
    parts = urlsplit(address)
    device, host = (parts.username, parts.hostname) if "@" in parts.netloc else (
        parts.hostname, "")  # fmt: skip
    beyond = parts.path.strip("/") or parts.query or parts.fragment or re.search(r"\s", address)
    if beyond or not _DEVICE_ID.fullmatch(device or "") or (host and not _is_host(host)):
        raise TargetError("target.address", address=_without_password(address))
    label = point or device or ""
    return CameraTarget(
        point=label,
        name=name or label,
        scheme="gb28181",
        host=host or "",
        port=parts.port or DEFAULT_PORTS["gb28181"],
        user=device or "",
        secret=secret,
        options=options or CameraOptions(),
        device_id=device or "",
    )


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        dotted_number = re.fullmatch(r"[\d.]+", host) is not None
        return not dotted_number and len(host) < 254 and _HOST_NAME.fullmatch(host) is not None
    return True


def _without_password(address: str) -> str:
    """``address`` with whatever stands between the user's colon and the last @ masked."""
    return re.sub(r"^([^:/]+://[^:@/]*):.*@", r"\1:***@", address)
