"""WS-Discovery: the camera answers probes and says hello and bye (WS-Discovery 2005/04)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import uuid
from xml.etree.ElementTree import Element

from protocols.errors import ProtocolError
from simulators.camera.onvif.device import endpoint_reference, fixed_scopes
from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.discovery_group import (
    GROUP,
    PORT,
    DatagramListener,
    discovery_group,
)
from simulators.camera.onvif.markup import NAMESPACES, Qualified, Xml, read, write, x
from simulators.camera.onvif.services import SERVICES

_TO_ALL = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
_ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_ACTIONS = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_TYPES = ("NetworkVideoTransmitter", "Device")
_LARGEST_PROBE = 8192
_EXACT = f"{_ACTIONS}/strcmp0"


class Discovery:
    """The discovery of one camera: unicast probes to its address, multicast ones where possible."""

    def __init__(self, device: DeviceMemory, port: int = PORT) -> None:
        self._device = device
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._instance = int(device.state.clock.now())
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Listen, and say hello. Without the port the camera is not discovered."""
        self._instance = int(self._device.state.clock.now())
        with contextlib.suppress(OSError):
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: DatagramListener(self._received), sock=self._unicast_socket()
            )
            await discovery_group().join(self._device.state.address, self._received)
            self._announce("Hello")

    async def stop(self) -> None:
        """Say bye and close."""
        if self._transport is not None:
            discovery_group().leave(self._received)
            self._announce("Bye")
            self._transport.close()
            self._transport = None

    def answer(self, data: bytes) -> bytes | None:
        """The ProbeMatches for a Probe that this camera matches, else None."""
        if len(data) > _LARGEST_PROBE:
            return None
        try:
            root = read(data)
        except ProtocolError:
            return None
        header, probe = (
            root.find("s:Header", NAMESPACES),
            root.find("s:Body/d:Probe", NAMESPACES),
        )
        if header is None or probe is None or not self._matches(probe):
            return None
        identity = header.findtext("a04:MessageID", "", NAMESPACES).strip()[:512]
        body = x("d:ProbeMatches", x("d:ProbeMatch", *self._description()))
        relates = x("a04:RelatesTo", identity)
        return write(self._message("ProbeMatches", body, _ANONYMOUS, relates))

    def _matches(self, probe: Element) -> bool:
        types = probe.findtext("d:Types", "", NAMESPACES).split()
        if any(name.rpartition(":")[2] not in _TYPES for name in types):
            return False
        scopes = probe.find("d:Scopes", NAMESPACES)
        if scopes is None:
            return True
        exact = scopes.get("MatchBy", "") == _EXACT
        return all(self._has_scope(scope, exact=exact) for scope in (scopes.text or "").split())

    def _has_scope(self, wanted: str, *, exact: bool) -> bool:
        """By RFC 3986 segments: ``.../type`` matches ``.../type/ptz`` but not ``.../types``."""
        wanted = wanted.rstrip("/")
        own = (*fixed_scopes(self._device), *self._device.scopes)
        return any(
            scope == wanted or (not exact and scope.lower().startswith(f"{wanted.lower()}/"))
            for scope in own
        )

    def _description(self) -> list[Xml]:
        scopes = " ".join((*fixed_scopes(self._device), *self._device.scopes))
        addresses = " ".join(
            self._device.uri(scheme, SERVICES[0].path)
            for scheme in ("http", "https")
            if scheme in self._device.state.ports
        )
        return [
            self._reference(),
            x("d:Types", Qualified("dn:NetworkVideoTransmitter tds:Device")),
            x("d:Scopes", scopes),
            x("d:XAddrs", addresses),
            x("d:MetadataVersion", 1),
        ]

    def _reference(self) -> Xml:
        return x("a04:EndpointReference", x("a04:Address", endpoint_reference(self._device)))

    def _message(self, kind: str, body: Xml, to: str, relates: Xml | None = None) -> Xml:
        return x(
            "s:Envelope",
            x(
                "s:Header",
                x("a04:MessageID", f"urn:uuid:{uuid.uuid4()}"),
                relates,
                x("a04:To", to),
                x("a04:Action", f"{_ACTIONS}/{kind}"),
                x(
                    "d:AppSequence",
                    {"InstanceId": self._instance, "MessageNumber": next(self._numbers)},
                ),
            ),
            x("s:Body", body),
        )

    def _announce(self, kind: str) -> None:
        parts = self._description() if kind == "Hello" else [self._reference()]
        data = write(self._message(kind, x(f"d:{kind}", *parts), _TO_ALL))
        self._send(data, (GROUP, PORT))

    def _unicast_socket(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        address = self._device.state.address
        try:
            sock.setblocking(False)
            interface = socket.inet_aton(address)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
            sock.bind((address, self._port))
        except OSError:
            sock.close()
            raise
        return sock

    def _received(self, data: bytes, sender: tuple[str, int]) -> None:
        """Answer from the camera's own address, also where the probe came by multicast."""
        answer = self.answer(data)
        if answer is not None:
            self._send(answer, sender)

    def _send(self, data: bytes, address: tuple[str, int]) -> None:
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.sendto(data, address)
