"""ONVIF service proxies: WSDLs parsed once per process and shared by all cameras.

onvif-zeep supplies the definitions and builds the requests. Its own transport, camera class and
reply objects are left aside: they know no bounds, ask on construction, and parse what a visit
never reads. The Media2 service, which onvif-zeep lacks, is our own small WSDL through zeep.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import zeep
from lxml import etree
from zeep.proxy import AsyncServiceProxy


def _import_onvif() -> Any:
    """onvif-zeep, without the root logger set-up that importing it brings."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    import onvif

    root.handlers[:] = handlers
    root.setLevel(level)
    return onvif


onvif = _import_onvif()

_ONVIF_WSDL = Path(onvif.__file__).parent.parent / "wsdl"
_OWN_WSDL = Path(__file__).parent / "wsdl"
MEDIA2 = "media2"
_MEDIA2_NAMESPACE = "http://www.onvif.org/ver20/media/wsdl"
NAMESPACES: Mapping[str, str] = {
    "devicemgmt": "http://www.onvif.org/ver10/device/wsdl",
    "media": "http://www.onvif.org/ver10/media/wsdl",
    MEDIA2: _MEDIA2_NAMESPACE,
    "imaging": "http://www.onvif.org/ver20/imaging/wsdl",
    "ptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "deviceio": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "events": "http://www.onvif.org/ver10/events/wsdl",
}
"""Namespace of each service by its short name."""


#: Carries an envelope to an address and returns the element inside the answer's body.
Post = Callable[[str, etree._Element], Awaitable[etree._Element]]


class _Transport:
    """What zeep sees of ``Post``."""

    def __init__(self, post: Post) -> None:
        self._post = post

    async def post_xml(
        self, address: str, envelope: etree._Element, _headers: Mapping[str, str]
    ) -> etree._Element:
        return await self._post(address, envelope)


class _SharedClient(zeep.Client):
    """A zeep client whose service proxies are awaited."""

    def create_service(self, binding_name: str, address: str) -> Any:
        proxy: Any = AsyncServiceProxy
        return proxy(self, self.wsdl.bindings[binding_name], address=address)


def _definition(service: str) -> tuple[Path, str]:
    """WSDL file and binding of ``service``."""
    if service == MEDIA2:
        return _OWN_WSDL / "media2.wsdl", f"{{{_MEDIA2_NAMESPACE}}}Media2Binding"
    if service == "subscription":  # not among the services of onvif-zeep, but in its WSDL
        return _ONVIF_WSDL / "events.wsdl", f"{{{NAMESPACES['events']}}}SubscriptionManagerBinding"
    entry = onvif.definition.SERVICES[service]
    return _ONVIF_WSDL / entry["wsdl"], f"{{{entry['ns']}}}{entry['binding']}"


@cache
def _parsed(service: str) -> _SharedClient:
    """The parsed WSDL of ``service`` (about 0.1 s of CPU the first time)."""
    path, _ = _definition(service)
    settings = zeep.Settings(
        strict=False, raw_response=True, forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    return _SharedClient(wsdl=str(path), settings=settings)  # type: ignore[no-untyped-call]


def service_proxy(service: str, address: str, post: Post) -> Any:
    """A proxy of ``service`` at ``address``; its operations are awaited.

    ``service`` is a key of ``NAMESPACES``, ``pullpoint`` or ``subscription``.
    """
    path, binding = _definition(service)
    client = copy.copy(_parsed(service))
    client.transport = _Transport(post)
    return onvif.ONVIFService(
        address, None, None, str(path), zeep_client=client, binding_name=binding
    )
