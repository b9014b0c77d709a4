"""The Media service version 2, which knows H.265 and names encodings as IANA does."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from simulators.camera.onvif import encoders
from simulators.camera.onvif.device_memory import DeviceMemory, Profile
from simulators.camera.onvif.encoders import resolutions, value_range
from simulators.camera.onvif.markup import NAMESPACES, Value, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.ptz_description import ptz_configuration
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, number, one_of, optional, required
from simulators.camera.onvif.uris import snapshot_uri, stream_uri
from simulators.camera.state import EncoderSettings
from simulators.camera.stream_plan import offered_encodings

_KINDS = ("VideoSource", "AudioSource", "VideoEncoder", "AudioEncoder", "PTZ")
_FRAME_RATES = (30, 25, 20, 15, 10, 5, 1)
_VIDEO_PROFILES = {"H264": "Baseline Main High", "H265": "Main"}
_PROTOCOLS = ("RtspUnicast", "RtspsUnicast", "RTSP", "RtspOverHttp")


@operation("tr2:GetProfiles", Access.USER)
def get_profiles(call: Call) -> Xml:
    """All profiles or one, with the kinds of configuration that are asked for."""
    token = optional(call.request, "tr2:Token")
    kinds = [(item.text or "").strip() for item in call.request.findall("tr2:Type", NAMESPACES)]
    device = call.device
    profiles = [encoders.profile_of(device, token)] if token else device.profiles()
    return x("tr2:GetProfilesResponse", *(_profile(device, one, kinds) for one in profiles))


def _profile(device: DeviceMemory, profile: Profile, kinds: list[str]) -> Xml:
    wanted = set(_KINDS if "All" in kinds else kinds)
    has_audio = encoders.audio(device) is not None
    settings = device.encoder(profile.stream)
    parts: dict[str, Callable[[], Xml | None]] = {
        "VideoSource": lambda: encoders.video_source_configuration("tr2:VideoSource", device),
        "AudioSource": lambda: (
            encoders.audio_source_configuration("tr2:AudioSource", device) if has_audio else None
        ),
        "VideoEncoder": lambda: _video_encoder("tr2:VideoEncoder", device, settings),
        "AudioEncoder": lambda: _audio_encoder("tr2:AudioEncoder", device),
        "PTZ": lambda: (
            ptz_configuration("tr2:PTZ", device) if "tptz" in device.services() else None
        ),
    }
    found = [part() for kind, part in parts.items() if kind in wanted]
    return x(
        "tr2:Profiles",
        {"token": profile.token, "fixed": True},
        x("tr2:Name", profile.name),
        x("tr2:Configurations", *found) if wanted else None,
    )


def _video_encoder(name: str, device: DeviceMemory, settings: EncoderSettings) -> Xml:
    stream = next(one for one in encoders.STREAMS if device.encoder(one) is settings)
    coded: dict[str, Value] = {"GovLength": settings.gop, "Profile": "Main"}
    return x(
        name,
        {"token": settings.token},
        coded if settings.encoding != "JPEG" else None,
        x("tt:Name", f"{stream} encoder"),
        x("tt:UseCount", encoders.use_count(device, stream)),
        x("tt:Encoding", settings.encoding),
        x("tt:Resolution", x("tt:Width", settings.width), x("tt:Height", settings.height)),
        x(
            "tt:RateControl",
            {"ConstantBitRate": True},
            x("tt:FrameRateLimit", float(settings.frame_rate)),
            x("tt:BitrateLimit", settings.bitrate_kbps),
        ),
        x("tt:Quality", 4.0),
    )


def _audio_encoder(name: str, device: DeviceMemory) -> Xml | None:
    audio = encoders.audio(device)
    if audio is None:
        return None
    return x(
        name,
        {"token": encoders.AUDIO_ENCODER},
        x("tt:Name", "audio encoder"),
        x("tt:UseCount", len(device.profiles())),
        x("tt:Encoding", audio[1]),
        x("tt:Bitrate", audio[2]),
        x("tt:SampleRate", audio[3]),
    )


def _chosen(call: Call) -> list[EncoderSettings]:
    return encoders.chosen_encoders(
        call.device,
        optional(call.request, "tr2:ConfigurationToken"),
        optional(call.request, "tr2:ProfileToken"),
    )


@operation("tr2:GetVideoSourceConfigurations", Access.USER)
def get_video_source_configurations(call: Call) -> Xml:
    """The configuration of the one video source."""
    return x(
        "tr2:GetVideoSourceConfigurationsResponse",
        encoders.video_source_configuration("tr2:Configurations", call.device),
    )


@operation("tr2:GetVideoEncoderConfigurations", Access.USER)
def get_video_encoder_configurations(call: Call) -> Xml:
    """The encoder configurations asked for."""
    return x(
        "tr2:GetVideoEncoderConfigurationsResponse",
        *(_video_encoder("tr2:Configurations", call.device, one) for one in _chosen(call)),
    )


@operation("tr2:GetVideoEncoderConfigurationOptions", Access.USER)
def get_video_encoder_configuration_options(call: Call) -> Xml:
    """What can be set, one element for each encoding."""
    chosen = _chosen(call)
    sizes = dict.fromkeys(size for settings in chosen for size in encoders.sizes(settings))
    highest = max(map(encoders.highest_frame_rate, chosen))
    return x(
        "tr2:GetVideoEncoderConfigurationOptionsResponse",
        *(_options(one, sizes, highest) for one in offered_encodings(call.state)),
    )


def _options(encoding: str, sizes: dict[tuple[int, int], None], highest: int) -> Xml:
    rates = dict.fromkeys((highest, *_FRAME_RATES))
    profiles = _VIDEO_PROFILES.get(encoding)
    coded = {
        "GovLengthRange": f"1 {encoders.LONGEST_GOP}",
        "ProfilesSupported": profiles or "",
    }
    return x(
        "tr2:Options",
        coded if profiles else None,
        {
            "FrameRatesSupported": " ".join(map(str, rates)),
            "ConstantBitRateSupported": True,
        },
        x("tt:Encoding", encoding),
        value_range("tt:QualityRange", 0.0, 5.0),
        *resolutions(sizes),
        value_range("tt:BitrateRange", *encoders.BITRATES_KBPS),
    )


@operation("tr2:SetVideoEncoderConfiguration", Access.ADMINISTRATOR)
def set_video_encoder_configuration(call: Call) -> Xml:
    """Set an encoder."""
    given = call.request.find("tr2:Configuration", NAMESPACES)
    if given is None:
        raise SoapError("the configuration is missing", "ter:InvalidArgs")
    settings = encoders.encoder_of(call.device, given.get("token", ""))
    encoders.change(call.state, settings, _read_encoder(call, given, settings))
    return x("tr2:SetVideoEncoderConfigurationResponse")


def _read_encoder(call: Call, given: Element, present: EncoderSettings) -> EncoderSettings:
    gop = given.get("GovLength", "")
    if gop and not (gop.isascii() and gop.isdigit() and len(gop) < 6):
        raise SoapError("the GOP length is not a number", "ter:InvalidArgVal")
    return EncoderSettings(
        token=present.token,
        encoding=one_of(
            required(given, "tt:Encoding"), offered_encodings(call.state), "the encoding"
        ),
        width=int(number(given, "tt:Resolution/tt:Width")),
        height=int(number(given, "tt:Resolution/tt:Height")),
        frame_rate=int(number(given, "tt:RateControl/tt:FrameRateLimit", present.frame_rate)),
        bitrate_kbps=int(number(given, "tt:RateControl/tt:BitrateLimit", present.bitrate_kbps)),
        gop=int(gop) if gop else present.gop,
    )


@operation("tr2:GetVideoEncoderInstances", Access.USER)
def get_video_encoder_instances(call: Call) -> Xml:
    """Three encoders run side by side, of any kind."""
    codecs = (
        x("tr2:Codec", x("tr2:Encoding", encoding), x("tr2:Number", 3))
        for encoding in offered_encodings(call.state)
    )
    return x(
        "tr2:GetVideoEncoderInstancesResponse",
        x("tr2:Info", *codecs, x("tr2:Total", 3)),
    )


@operation("tr2:GetAudioSourceConfigurations", Access.USER)
def get_audio_source_configurations(call: Call) -> Xml:
    """The configuration of the microphone."""
    found = encoders.audio_source_configuration("tr2:Configurations", call.device)
    return x(
        "tr2:GetAudioSourceConfigurationsResponse", found if encoders.audio(call.device) else None
    )


@operation("tr2:GetAudioEncoderConfigurations", Access.USER)
def get_audio_encoder_configurations(call: Call) -> Xml:
    """The audio encoder."""
    return x(
        "tr2:GetAudioEncoderConfigurationsResponse",
        _audio_encoder("tr2:Configurations", call.device),
    )


@operation("tr2:GetAudioEncoderConfigurationOptions", Access.USER)
def get_audio_encoder_configuration_options(call: Call) -> Xml:
    """The audio encoding is what it is: one option."""
    audio = encoders.audio(call.device)
    if audio is None:
        raise SoapError("there is no audio", "ter:InvalidArgVal", "ter:NoConfig")
    return x(
        "tr2:GetAudioEncoderConfigurationOptionsResponse",
        x(
            "tr2:Options",
            x("tt:Encoding", audio[1]),
            x("tt:BitrateList", x("tt:Items", audio[2])),
            x("tt:SampleRateList", x("tt:Items", audio[3])),
        ),
    )


@operation("tr2:GetStreamUri", Access.USER)
def get_stream_uri(call: Call) -> Xml:
    """Where to fetch a stream."""
    protocol = one_of(required(call.request, "tr2:Protocol"), _PROTOCOLS, "the protocol")
    profile = encoders.profile_of(call.device, required(call.request, "tr2:ProfileToken"))
    uri = stream_uri(
        call,
        profile,
        tunnel=protocol == "RtspOverHttp",
        secure=protocol == "RtspsUnicast",
    )
    return x("tr2:GetStreamUriResponse", x("tr2:Uri", uri))


@operation("tr2:GetSnapshotUri", Access.USER)
def get_snapshot_uri(call: Call) -> Xml:
    """Where to fetch a picture."""
    encoders.profile_of(call.device, required(call.request, "tr2:ProfileToken"))
    return x("tr2:GetSnapshotUriResponse", x("tr2:Uri", snapshot_uri(call)))


@operation("tr2:SetSynchronizationPoint", Access.OPERATOR)
def set_synchronization_point(call: Call) -> Xml:
    """The streams begin with a key picture anyhow; the profile is checked."""
    encoders.profile_of(call.device, required(call.request, "tr2:ProfileToken"))
    return x("tr2:SetSynchronizationPointResponse")
