"""What the tests of the ONVIF server share: a server on its own, raw calls, an XML schema judge."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import importlib.metadata
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import aiohttp
import onvif
from lxml import etree

from simulators.camera.onvif.markup import NAMESPACES
from simulators.camera.onvif_server import OnvifServer
from simulators.camera.state import CameraState
from tests.loopback import fresh_addresses

Result = TypeVar("Result")

_XS = "{http://www.w3.org/2001/XMLSchema}"
_ADDRESSES = fresh_addresses("127.11")
_TOKEN_PROFILE = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
)
_SERVICE_WSDLS = ("devicemgmt", "media", "imaging", "ptz", "deviceio", "events")
_VALIDATED = {
    namespace: prefix
    for prefix, namespace in NAMESPACES.items()
    if prefix in ("tds", "trt", "timg", "tptz", "tmd", "tev", "wsnt")
}


def new_state(*behaviours: str, **changes: object) -> CameraState:
    """A camera at a loopback address of its own, on free ports."""
    address = next(_ADDRESSES)
    state = CameraState(address, f"point-{address}")
    state.ports = {"http": 0, "https": 0, "rtsp": 554, "rtsps": 322}
    state.switch(behaviours)
    for name, value in changes.items():
        assert hasattr(state, name), name
        setattr(state, name, value)
    return state


@asynccontextmanager
async def served(*behaviours: str, **changes: object) -> AsyncIterator[OnvifServer]:
    """A running server."""
    server = OnvifServer(new_state(*behaviours, **changes))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def wsdl_folder() -> Path:
    """The folder of the WSDL files that come with onvif-zeep."""
    for file in importlib.metadata.files("onvif-zeep") or ():
        if file.name == "devicemgmt.wsdl":
            return Path(str(file.locate())).resolve().parent
    raise AssertionError("onvif-zeep was installed without its WSDL files")


def zeep_camera(state: CameraState, **arguments: object) -> onvif.ONVIFCamera:
    """The reference client (blocking: call it in a thread)."""
    return onvif.ONVIFCamera(
        state.address,
        state.ports["http"],
        arguments.pop("user", state.user),
        arguments.pop("password", state.password),
        str(wsdl_folder()),
        **arguments,
    )


async def with_zeep(
    server: OnvifServer, use: Callable[[onvif.ONVIFCamera], Result], **arguments: object
) -> Result:
    """Use the reference client in a thread."""

    def work() -> Result:
        return use(zeep_camera(server.state, **arguments))

    return await asyncio.to_thread(work)


_nonces = itertools.count(int.from_bytes(os.urandom(6), "big"))


def security_header(
    user: str, password: str, created: str | None = None, nonce: bytes | None = None
) -> str:
    """A WS-Security header written without any code of the simulator."""
    nonce = next(_nonces).to_bytes(16, "big") if nonce is None else nonce
    created = created or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    proof = base64.b64encode(
        hashlib.sha1(nonce + created.encode() + password.encode()).digest()
    ).decode()
    return (
        f'<wsse:Security xmlns:wsse="{NAMESPACES["wsse"]}" xmlns:wsu="{NAMESPACES["wsu"]}">'
        f"<wsse:UsernameToken><wsse:Username>{user}</wsse:Username>"
        f'<wsse:Password Type="{_TOKEN_PROFILE}#PasswordDigest">{proof}</wsse:Password>'
        f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce>"
        f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
    )


def envelope(body: str, header: str = "", version: int = 12) -> str:
    """A SOAP request; prefixes as in the simulator's table."""
    soap = NAMESPACES["s" if version == 12 else "s11"]
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return (
        f'<e:Envelope xmlns:e="{soap}" {declared}><e:Header>{header}</e:Header>'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    )


async def post(
    server: OnvifServer,
    data: str | bytes,
    path: str = "/onvif/device_service",
    headers: dict[str, str] | None = None,
) -> tuple[int, aiohttp.typedefs.LooseHeaders, bytes]:
    """POST and give status, headers and body."""
    url = f"http://{server.state.address}:{server.state.ports['http']}{path}"
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
        session.post(url, data=data, headers=headers) as response,
    ):
        return response.status, response.headers, await response.read()


async def call(
    server: OnvifServer,
    body: str,
    path: str = "/onvif/device_service",
    version: int = 12,
    *,
    in_schema: bool = True,
) -> etree._Element:
    """Call an operation as the administrator: the element in the body, valid by the schema."""
    header = security_header(server.state.user, server.state.password)
    status, _, data = await post(server, envelope(body, header, version), path)
    root = etree.fromstring(data)
    element = root.find(f"{{{NAMESPACES['s' if version == 12 else 's11']}}}Body")[0]
    assert status == 200, etree.tostring(element, pretty_print=True).decode()
    if in_schema:
        check_schema(element)
    return element


def found(element: etree._Element, path: str) -> list[etree._Element]:
    """XPath with the prefixes of the simulator's table."""
    return element.xpath(path, namespaces=NAMESPACES)


def check_schema(element: etree._Element) -> None:
    """Judge an answer by ONVIF's own XML schema, where the reference client brings it."""
    if etree.QName(element).namespace not in _VALIDATED:
        return
    alone = etree.fromstring(etree.tostring(element))
    schema = _schema()
    assert schema.validate(alone), "\n".join(str(error) for error in schema.error_log)


@functools.cache
def _schema() -> etree.XMLSchema:
    """One schema of those inside the WSDL files of the reference client."""
    source = wsdl_folder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        everything = etree.Element(f"{_XS}schema")
        for service in _SERVICE_WSDLS:
            for index, part in enumerate(
                etree.parse(source / f"{service}.wsdl").iter(f"{_XS}schema")
            ):
                for imported in part.iter(f"{_XS}import"):
                    if location := imported.get("schemaLocation"):
                        imported.set("schemaLocation", (source / location).resolve().as_uri())
                file = folder / f"{service}-{index}.xsd"
                file.write_bytes(etree.tostring(part))
                etree.SubElement(
                    everything,
                    f"{_XS}import",
                    namespace=part.get("targetNamespace"),
                    schemaLocation=file.as_uri(),
                )
        main = folder / "everything.xsd"
        main.write_bytes(etree.tostring(everything))
        return etree.XMLSchema(etree.parse(main))
