"""The table of ONVIF operations: every service module adds its own, all cameras share it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from simulators.camera.onvif.device_memory import DeviceMemory
from simulators.camera.onvif.markup import Xml
from simulators.camera.onvif.security import Access
from simulators.camera.state import CameraState


@dataclass(frozen=True)
class Call:
    """One call of an operation.

    Attributes:
        device: whose it is.
        request: the element in the SOAP body.
        secure: whether it came over TLS; addresses in the answer then stay on TLS.
        path: the path of the HTTP request.
    """

    device: DeviceMemory
    request: Element
    secure: bool
    path: str

    @property
    def state(self) -> CameraState:
        """The state shared with the camera's other services."""
        return self.device.state

    def web_uri(self, path: str) -> str:
        """An HTTP or HTTPS address of the device, as the client came."""
        return self.device.uri("https" if self.secure else "http", path)


Handler = Callable[[Call], Xml | Awaitable[Xml]]


@dataclass(frozen=True)
class Operation:
    """An operation: what it needs and what does it."""

    access: Access
    handler: Handler


OPERATIONS: dict[str, Operation] = {}
"""By the name of the request element, such as ``tds:GetHostname``."""


def operation(name: str, access: Access) -> Callable[[Handler], Handler]:
    """Add a handler to the table.

    Raises:
        ValueError: the name is taken.
    """

    def add(handler: Handler) -> Handler:
        if name in OPERATIONS:
            raise ValueError(f"operation {name} is declared twice")
        OPERATIONS[name] = Operation(access, handler)
        return handler

    return add
