"""A camera's media over ONVIF, by Media2 where it is offered (it knows H.265), else by Media."""

from __future__ import annotations

from typing import Any

from lxml import etree

from protocols.xml_reading import children, find, integer, words
from targets import onvif_reading as reading
from targets.errors import VisitProblem
from targets.onvif_client import OnvifClient, OnvifFault
from targets.onvif_reading import Facts

_MAIN_KINDS = ["VideoSource", "VideoEncoder", "AudioEncoder"]


class CameraMedia:
    """Profiles, addresses and encoders of the camera behind ``client``."""

    def __init__(self, client: OnvifClient) -> None:
        self.client = client
        self._profiles: list[Facts] | None = None

    @property
    def _by_media2(self) -> bool:
        return self.client.offers("media2")

    async def profiles(self, *, again: bool = False) -> list[Facts]:
        """The profiles as docs/recordings.md has them, without addresses.

        Raises:
            VisitProblem: the device offers no profiles.
        """
        if self._profiles is None or again:
            await self.client.connect()
            if self._by_media2:
                answer = await self.client.require("media2", "GetProfiles", Type=_MAIN_KINDS)
            else:
                answer = await self.client.require("media", "GetProfiles")
            self._profiles = reading.profiles(answer)
        return self._profiles

    async def stream_uri(self, token: str, *, secure: bool = False) -> str:
        """Where the profile streams, on the host of the site file.

        Raises:
            VisitProblem: not offered, or no address of RTSP.
        """
        await self.client.connect()
        if self._by_media2:
            protocol = "RtspsUnicast" if secure else "RtspUnicast"
            answer = await self.client.require(
                "media2", "GetStreamUri", Protocol=protocol, ProfileToken=token
            )
            given = words(answer, "Uri")
        else:
            setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
            answer = await self.client.require(
                "media", "GetStreamUri", StreamSetup=setup, ProfileToken=token
            )
            given = words(answer, "MediaUri", "Uri")
        uri = self.client.reachable(given or "")
        if not uri.startswith(("rtsp://", "rtsps://")):
            raise VisitProblem("visit.malformed", where="GetStreamUri", detail="no RTSP address")
        if secure and not uri.startswith("rtsps://"):
            raise VisitProblem("visit.not-offered", what="RTSPS", detail="GetStreamUri")
        return uri

    async def snapshot_uri(self, token: str) -> str | None:
        """Where the profile gives a snapshot, or ``None`` when it gives none."""
        await self.client.connect()
        service = "media2" if self._by_media2 else "media"
        try:
            answer = await self.client.call(service, "GetSnapshotUri", ProfileToken=token)
        except OnvifFault:
            return None
        given = words(answer, "Uri") or words(answer, "MediaUri", "Uri")
        return self.client.reachable(given) if given else None

    async def encoder_options(self, profile: Facts | None = None) -> Facts:
        """What the encoder of ``profile`` (or any) can be set to, by encoding."""
        await self.client.connect()
        asked: dict[str, Any] = {}
        if profile is not None and profile["video"]:
            asked["ConfigurationToken"] = profile["video"]["token"]
        operation = "GetVideoEncoderConfigurationOptions"
        found: Facts = {}
        for service in ("media", "media2"):
            found |= reading.encoder_options(
                await self.client.optional(service, operation, **asked)
            )
        return found

    async def audio_options(self) -> list[str]:
        """Audio encodings that can be set."""
        await self.client.connect()
        return reading.audio_options(
            await self.client.optional("media", "GetAudioEncoderConfigurationOptions")
        )

    async def set_encoder(self, profile: Facts, wanted: Facts) -> None:
        """Set encoding, size and frame rate of the video encoder of ``profile``.

        ``wanted`` has ``encoding``, ``width``, ``height``, ``frame_rate`` as in a profile.

        Raises:
            VisitProblem: the device refuses or does not offer it.
        """
        self._profiles = None
        token = profile["video"]["token"]
        if self._by_media2:
            answer = await self.client.require(
                "media2", "GetVideoEncoderConfigurations", ConfigurationToken=token
            )
            build, service = _configuration2, "media2"
        else:
            answer = await self.client.require("media", "GetVideoEncoderConfigurations")
            build, service = _configuration1, "media"
        current = next(
            (one for one in children(answer, "Configurations") if one.get("token") == token), None
        )
        if current is None:
            raise VisitProblem("visit.malformed", where="encoder", detail="configuration missing")
        parameters: dict[str, Any] = {"Configuration": build(current, wanted)}
        if service == "media":
            parameters["ForcePersistence"] = False
        await self.client.require(service, "SetVideoEncoderConfiguration", **parameters)


def _common(current: etree._Element, wanted: Facts) -> dict[str, Any]:
    quality = reading.decimal(current, "Quality")
    return {
        "token": current.get("token", ""),
        "Name": words(current, "Name") or "",
        "UseCount": integer(current, "UseCount") or 0,
        "Encoding": wanted["encoding"],
        "Resolution": {"Width": wanted["width"], "Height": wanted["height"]},
        "Quality": 1.0 if quality is None else quality,
    }


def _configuration2(current: etree._Element, wanted: Facts) -> dict[str, Any]:
    """A VideoEncoder2Configuration; the profile of the coding is left to the device on change."""
    built = _common(current, wanted)
    control = find(current, "RateControl")
    if control is not None:
        built["RateControl"] = {
            "FrameRateLimit": float(wanted["frame_rate"]),
            "BitrateLimit": integer(control, "BitrateLimit") or 0,
            "ConstantBitRate": control.get("ConstantBitRate") == "true",
        }
    same = reading.encoding_name(words(current, "Encoding") or "") == wanted["encoding"]
    if wanted.get("gop"):
        built["GovLength"] = wanted["gop"]
    if same and current.get("Profile"):
        built["Profile"] = current.get("Profile")
    return built


def _configuration1(current: etree._Element, wanted: Facts) -> dict[str, Any]:
    """A VideoEncoderConfiguration with what else it held."""
    built = _common(current, wanted)
    built["RateControl"] = {
        "FrameRateLimit": round(wanted["frame_rate"]),
        "EncodingInterval": integer(current, "RateControl", "EncodingInterval") or 1,
        "BitrateLimit": integer(current, "RateControl", "BitrateLimit") or 0,
    }
    if wanted["encoding"] == "H264":
        built["H264"] = {
            "GovLength": wanted.get("gop") or round(wanted["frame_rate"]) * 2,
            "H264Profile": words(current, "H264", "H264Profile") or "Main",
        }
    address = find(current, "Multicast", "Address")
    built["Multicast"] = {
        "Address": {
            "Type": words(address, "Type") or "IPv4",
            "IPv4Address": words(address, "IPv4Address") or "0.0.0.0",
        },
        "Port": integer(current, "Multicast", "Port") or 0,
        "TTL": integer(current, "Multicast", "TTL") or 0,
        "AutoStart": words(current, "Multicast", "AutoStart") == "true",
    }
    built["SessionTimeout"] = words(current, "SessionTimeout") or "PT60S"
    return built
