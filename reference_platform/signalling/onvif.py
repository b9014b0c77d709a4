"""The little of ONVIF that a platform needs: where the stream is, and to steer (ONVIF Core, Media,
PTZ). Requests carry a WS-UsernameToken with a digest, by the camera's own clock.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape

import aiohttp
from lxml import etree

from protocols.errors import ProtocolError
from protocols.xml_reading import read_xml
from reference_platform.errors import PlatformError
from reference_platform.ports import StreamName
from reference_platform.signalling.directory import KnownDevice

_SECONDS = aiohttp.ClientTimeout(total=8.0)
_LARGEST = 1 << 20
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
    "#PasswordDigest"
)
_BASE64 = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)


@dataclass(frozen=True)
class Preset:
    """A preset of an ONVIF camera: its token and name."""

    token: str
    name: str


class OnvifCamera:
    """One camera for a few requests; use as an asynchronous context manager."""

    def __init__(self, known: KnownDevice) -> None:
        self._known = known
        self._session = aiohttp.ClientSession(timeout=_SECONDS)
        self._ahead = timedelta()
        self._media = self._ptz = ""
        self._profiles: list[str] = []

    async def __aenter__(self) -> OnvifCamera:
        try:
            await self._meet()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def _meet(self) -> None:
        """Learn the camera's clock, its services and its profiles."""
        clock = await self._call(self._own, _DEVICE, "<d:GetSystemDateAndTime/>", signed=False)
        self._ahead = _clock_of(clock) - datetime.now(UTC)
        body = "<d:GetCapabilities><d:Category>All</d:Category></d:GetCapabilities>"
        found = await self._call(self._own, _DEVICE, body)
        self._media = self._service(found, "Media")
        self._ptz = self._service(found, "PTZ")
        profiles = await self._call(self._media, _MEDIA, "<d:GetProfiles/>")
        self._profiles = [
            token
            for one in profiles.iter(f"{{{_MEDIA}}}Profiles")
            if (token := str(one.get("token") or ""))
        ]
        if not self._profiles:
            raise self._malformed()

    @property
    def _own(self) -> str:
        address = self._known.address
        url = address if "://" in address else f"http://{address}"
        parts = urlsplit(url)
        return urlunsplit(parts._replace(path=parts.path or "/onvif/device_service"))

    def _service(self, found: etree._Element, name: str) -> str:
        """Address of a service, at the camera's own host whatever it says (behind a router)."""
        element = found.find(f".//{{{_SCHEMA}}}{name}/{{{_SCHEMA}}}XAddr")
        told = urlsplit((element.text or "").strip()) if element is not None else urlsplit("")
        own = urlsplit(self._own)
        return urlunsplit(own._replace(path=told.path or own.path, query=told.query))

    async def stream_url(self, stream: StreamName) -> str:
        """The rtsp:// URL of the main or sub stream, without a log-in."""
        profile = self._profiles[min(int(stream == "sub"), len(self._profiles) - 1)]
        body = (
            "<d:GetStreamUri><d:StreamSetup>"
            "<s:Stream>RTP-Unicast</s:Stream>"
            "<s:Transport><s:Protocol>RTSP</s:Protocol></s:Transport>"
            f"</d:StreamSetup><d:ProfileToken>{escape(profile)}</d:ProfileToken></d:GetStreamUri>"
        )
        found = await self._call(self._media, _MEDIA, body)
        element = found.find(f".//{{{_SCHEMA}}}Uri")
        url = (element.text or "").strip() if element is not None else ""
        parts = urlsplit(url)
        if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname:
            raise self._malformed()
        host = urlsplit(self._own).hostname or ""
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit(parts._replace(netloc=f"{host}{port}"))

    async def move(self, pan: float, tilt: float, zoom: float) -> None:
        """Turn and zoom until told otherwise; each from -1 to 1, all 0 stops."""
        token = escape(self._profiles[0])
        if not (pan or tilt or zoom):
            body = f"<d:Stop><d:ProfileToken>{token}</d:ProfileToken></d:Stop>"
        else:
            body = (
                f"<d:ContinuousMove><d:ProfileToken>{token}</d:ProfileToken><d:Velocity>"
                f'<s:PanTilt x="{pan:.3f}" y="{tilt:.3f}"/><s:Zoom x="{zoom:.3f}"/>'
                "</d:Velocity></d:ContinuousMove>"
            )
        await self._call(self._ptz, _PTZ, body)

    async def presets(self) -> Sequence[Preset]:
        """The presets that the camera keeps."""
        body = f"<d:GetPresets><d:ProfileToken>{self._profiles[0]}</d:ProfileToken></d:GetPresets>"
        found = await self._call(self._ptz, _PTZ, body)
        return [
            Preset(str(one.get("token") or ""), (one.findtext(f"{{{_SCHEMA}}}Name") or "").strip())
            for one in found.iter(f"{{{_PTZ}}}Preset")
        ]

    async def go_to(self, token: str) -> None:
        """Go to a preset."""
        await self._preset("GotoPreset", f"<d:PresetToken>{escape(token)}</d:PresetToken>")

    async def keep(self, name: str, token: str = "") -> None:
        """Keep the position as a preset, a new one without ``token``."""
        more = f"<d:PresetToken>{escape(token)}</d:PresetToken>" if token else ""
        await self._preset("SetPreset", f"<d:PresetName>{escape(name)}</d:PresetName>{more}")

    async def forget(self, token: str) -> None:
        """Delete a preset."""
        await self._preset("RemovePreset", f"<d:PresetToken>{escape(token)}</d:PresetToken>")

    async def _preset(self, name: str, more: str) -> None:
        token = escape(self._profiles[0])
        body = f"<d:{name}><d:ProfileToken>{token}</d:ProfileToken>{more}</d:{name}>"
        await self._call(self._ptz, _PTZ, body)

    async def _call(
        self, url: str, namespace: str, body: str, *, signed: bool = True
    ) -> etree._Element:
        header = self._token() if signed and self._known.user else ""
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<e:Envelope xmlns:e="{_ENVELOPE}" xmlns:d="{namespace}" xmlns:s="{_SCHEMA}">'
            f"<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
        )
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        try:
            async with self._session.post(
                url, data=text.encode(), headers=headers, allow_redirects=False
            ) as response:
                content = await response.content.read(_LARGEST)
                status = response.status
        except TimeoutError:
            raise PlatformError(
                "source.timeout", 504, device=self._known.id, what="ONVIF"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise PlatformError("source.unreachable", 502, device=self._known.id) from None
        if status != 200:
            raise PlatformError("source.refused", 502, device=self._known.id, answer=status)
        try:
            return read_xml(content)
        except ProtocolError:
            raise self._malformed() from None

    def _token(self) -> str:
        """The WS-UsernameToken of this moment by the camera's clock."""
        nonce = secrets.token_bytes(16)
        created = (datetime.now(UTC) + self._ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
        secret = self._known.password.encode()
        digest = hashlib.sha1(nonce + created.encode() + secret, usedforsecurity=False).digest()
        return (
            f'<w:Security xmlns:w="{_WSSE}" xmlns:u="{_WSU}"><w:UsernameToken>'
            f"<w:Username>{escape(self._known.user)}</w:Username>"
            f'<w:Password Type="{_DIGEST}">{base64.b64encode(digest).decode()}</w:Password>'
            f'<w:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</w:Nonce>'
            f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
        )

    def _malformed(self) -> PlatformError:
        return PlatformError("source.malformed", 502, device=self._known.id)


def _clock_of(answer: etree._Element) -> datetime:
    """The camera's clock, ours where it tells nothing readable."""
    element = answer.find(f".//{{{_SCHEMA}}}UTCDateTime")
    if element is None:
        return datetime.now(UTC)
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        numbers = [int(element.findtext(f".//{{{_SCHEMA}}}{one}") or "") for one in names]
        year, month, day, hour, minute, second = numbers
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


async def stream_url(known: KnownDevice, stream: StreamName) -> str:
    """Ask a camera where its stream is.

    Raises:
        PlatformError: ``source.unreachable``, ``source.timeout``, ``source.refused``,
            ``source.malformed``.
    """
    async with OnvifCamera(known) as camera:
        return await camera.stream_url(stream)
