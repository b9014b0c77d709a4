"""The Media service version 1.

It has no word for H.265 nor for G.722.1. A profile whose stream is coded so is listed all the
same, because its stream can be had by its token, but without an encoder configuration: a client
of version 1 is told nothing rather than something false.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from simulators.camera.onvif import encoders
from simulators.camera.onvif.device_memory import DeviceMemory, Profile
from simulators.camera.onvif.encoders import multicast, resolutions, value_range
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.ptz_description import ptz_configuration
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, number, one_of, optional, required
from simulators.camera.onvif.uris import snapshot_uri, stream_uri
from simulators.camera.state import EncoderSettings
from simulators.camera.stream_plan import offered_encodings

_ENCODINGS = ("H264", "JPEG")


@operation("trt:GetProfiles", Access.USER)
def get_profiles(call: Call) -> Xml:
    """All profiles with their configurations."""
    return x(
        "trt:GetProfilesResponse",
        *(_profile("trt:Profiles", call.device, profile) for profile in call.device.profiles()),
    )


@operation("trt:GetProfile", Access.USER)
def get_profile(call: Call) -> Xml:
    """One profile."""
    profile = encoders.profile_of(call.device, required(call.request, "trt:ProfileToken"))
    return x("trt:GetProfileResponse", _profile("trt:Profile", call.device, profile))


def _profile(name: str, device: DeviceMemory, profile: Profile) -> Xml:
    settings = device.encoder(profile.stream)
    has_audio = encoders.audio(device) is not None
    return x(
        name,
        {"token": profile.token, "fixed": True},
        x("tt:Name", profile.name),
        encoders.video_source_configuration("tt:VideoSourceConfiguration", device),
        encoders.audio_source_configuration("tt:AudioSourceConfiguration", device)
        if has_audio
        else None,
        _video_encoder("tt:VideoEncoderConfiguration", device, settings),
        _audio_encoder("tt:AudioEncoderConfiguration", device),
        ptz_configuration("tt:PTZConfiguration", device) if "tptz" in device.services() else None,
    )


def _video_encoder(name: str, device: DeviceMemory, settings: EncoderSettings) -> Xml | None:
    if settings.encoding not in _ENCODINGS:
        return None
    h264 = x("tt:H264", x("tt:GovLength", settings.gop), x("tt:H264Profile", "Main"))
    stream = next(one for one in encoders.STREAMS if device.encoder(one) is settings)
    return x(
        name,
        {"token": settings.token},
        x("tt:Name", f"{stream} encoder"),
        x("tt:UseCount", encoders.use_count(device, stream)),
        x("tt:Encoding", settings.encoding),
        x("tt:Resolution", x("tt:Width", settings.width), x("tt:Height", settings.height)),
        x("tt:Quality", 4.0),
        x(
            "tt:RateControl",
            x("tt:FrameRateLimit", settings.frame_rate),
            x("tt:EncodingInterval", 1),
            x("tt:BitrateLimit", settings.bitrate_kbps),
        ),
        h264 if settings.encoding == "H264" else None,
        multicast(),
        x("tt:SessionTimeout", "PT60S"),
    )


def _audio_encoder(name: str, device: DeviceMemory) -> Xml | None:
    audio = encoders.audio(device)
    if audio is None or not audio[0]:
        return None
    return x(
        name,
        {"token": encoders.AUDIO_ENCODER},
        x("tt:Name", "audio encoder"),
        x("tt:UseCount", len(device.profiles())),
        x("tt:Encoding", audio[0]),
        x("tt:Bitrate", audio[2]),
        x("tt:SampleRate", audio[3]),
        multicast(),
        x("tt:SessionTimeout", "PT60S"),
    )


@operation("trt:GetVideoSources", Access.USER)
def get_video_sources(call: Call) -> Xml:
    """The one video source."""
    return x("trt:GetVideoSourcesResponse", _video_source(call.device))


def _video_source(device: DeviceMemory) -> Xml:
    main = device.state.main
    return x(
        "trt:VideoSources",
        {"token": encoders.SOURCE},
        x("tt:Framerate", float(main.frame_rate)),
        x("tt:Resolution", x("tt:Width", main.width), x("tt:Height", main.height)),
    )


@operation("trt:GetVideoSourceConfigurations", Access.USER)
def get_video_source_configurations(call: Call) -> Xml:
    """The configuration of the one video source."""
    return x(
        "trt:GetVideoSourceConfigurationsResponse",
        encoders.video_source_configuration("trt:Configurations", call.device),
    )


@operation("trt:GetVideoSourceConfiguration", Access.USER)
def get_video_source_configuration(call: Call) -> Xml:
    """The same by its token."""
    if required(call.request, "trt:ConfigurationToken") != encoders.SOURCE_CONFIGURATION:
        raise SoapError("no such configuration", "ter:InvalidArgVal", "ter:NoConfig")
    return x(
        "trt:GetVideoSourceConfigurationResponse",
        encoders.video_source_configuration("trt:Configuration", call.device),
    )


@operation("trt:GetVideoEncoderConfigurations", Access.USER)
def get_video_encoder_configurations(call: Call) -> Xml:
    """The encoder configurations that version 1 has words for."""
    device = call.device
    return x(
        "trt:GetVideoEncoderConfigurationsResponse",
        *(
            _video_encoder("trt:Configurations", device, device.encoder(stream))
            for stream in encoders.STREAMS
        ),
    )


@operation("trt:GetVideoEncoderConfiguration", Access.USER)
def get_video_encoder_configuration(call: Call) -> Xml:
    """One of them."""
    token = required(call.request, "trt:ConfigurationToken")
    settings = encoders.encoder_of(call.device, token)
    found = _video_encoder("trt:Configuration", call.device, settings)
    if found is None:
        raise SoapError("no such configuration", "ter:InvalidArgVal", "ter:NoConfig")
    return x("trt:GetVideoEncoderConfigurationResponse", found)


@operation("trt:GetVideoEncoderConfigurationOptions", Access.USER)
def get_video_encoder_configuration_options(call: Call) -> Xml:
    """What can be set, for one encoder or for the device."""
    chosen = encoders.chosen_encoders(
        call.device,
        optional(call.request, "trt:ConfigurationToken"),
        optional(call.request, "trt:ProfileToken"),
    )
    sizes = dict.fromkeys(size for settings in chosen for size in encoders.sizes(settings))
    highest = max(map(encoders.highest_frame_rate, chosen))
    rates = value_range("tt:FrameRateRange", 1, highest)
    offered = offered_encodings(call.state)
    intervals = value_range("tt:EncodingIntervalRange", 1, 1)
    return x(
        "trt:GetVideoEncoderConfigurationOptionsResponse",
        x(
            "trt:Options",
            value_range("tt:QualityRange", 0, 5),
            x("tt:JPEG", *resolutions(sizes), rates, intervals) if "JPEG" in offered else None,
            x(
                "tt:H264",
                *resolutions(sizes),
                value_range("tt:GovLengthRange", 1, encoders.LONGEST_GOP),
                rates,
                intervals,
                *(x("tt:H264ProfilesSupported", name) for name in ("Baseline", "Main", "High")),
            )
            if "H264" in offered
            else None,
        ),
    )


@operation("trt:SetVideoEncoderConfiguration", Access.ADMINISTRATOR)
def set_video_encoder_configuration(call: Call) -> Xml:
    """Set an encoder to H.264 or JPEG."""
    given = call.request.find("trt:Configuration", NAMESPACES)
    if given is None:
        raise SoapError("the configuration is missing", "ter:InvalidArgs")
    settings = encoders.encoder_of(call.device, given.get("token", ""))
    encoders.change(call.state, settings, _read_encoder(given, settings))
    return x("trt:SetVideoEncoderConfigurationResponse")


def _read_encoder(given: Element, present: EncoderSettings) -> EncoderSettings:
    encoding = one_of(required(given, "tt:Encoding"), _ENCODINGS, "the encoding")
    rate, gop = "tt:RateControl/tt:FrameRateLimit", "tt:H264/tt:GovLength"
    return EncoderSettings(
        token=present.token,
        encoding=encoding,
        width=int(number(given, "tt:Resolution/tt:Width")),
        height=int(number(given, "tt:Resolution/tt:Height")),
        frame_rate=int(number(given, rate, present.frame_rate)),
        bitrate_kbps=int(number(given, "tt:RateControl/tt:BitrateLimit", present.bitrate_kbps)),
        gop=int(number(given, gop, present.gop)) if encoding == "H264" else present.gop,
    )


@operation("trt:GetGuaranteedNumberOfVideoEncoderInstances", Access.USER)
def get_guaranteed_number_of_video_encoder_instances(_: Call) -> Xml:
    """Three encoders run side by side, of any kind."""
    return x("trt:GetGuaranteedNumberOfVideoEncoderInstancesResponse", x("trt:TotalNumber", 3))


@operation("trt:GetAudioSources", Access.USER)
def get_audio_sources(call: Call) -> Xml:
    """The microphone, unless there is no audio."""
    source = x("trt:AudioSources", {"token": encoders.AUDIO_SOURCE}, x("tt:Channels", 1))
    return x("trt:GetAudioSourcesResponse", source if encoders.audio(call.device) else None)


@operation("trt:GetAudioSourceConfigurations", Access.USER)
def get_audio_source_configurations(call: Call) -> Xml:
    """The configuration of the microphone."""
    found = encoders.audio_source_configuration("trt:Configurations", call.device)
    return x(
        "trt:GetAudioSourceConfigurationsResponse", found if encoders.audio(call.device) else None
    )


@operation("trt:GetAudioEncoderConfigurations", Access.USER)
def get_audio_encoder_configurations(call: Call) -> Xml:
    """The audio encoder, if version 1 has a word for it."""
    return x(
        "trt:GetAudioEncoderConfigurationsResponse",
        _audio_encoder("trt:Configurations", call.device),
    )


@operation("trt:GetAudioEncoderConfigurationOptions", Access.USER)
def get_audio_encoder_configuration_options(call: Call) -> Xml:
    """The audio encoding is what it is: one option."""
    audio = encoders.audio(call.device)
    if audio is None or not audio[0]:
        return x("trt:GetAudioEncoderConfigurationOptionsResponse", x("trt:Options"))
    return x(
        "trt:GetAudioEncoderConfigurationOptionsResponse",
        x(
            "trt:Options",
            x(
                "tt:Options",
                x("tt:Encoding", audio[0]),
                x("tt:BitrateList", x("tt:Items", audio[2])),
                x("tt:SampleRateList", x("tt:Items", audio[3])),
            ),
        ),
    )


@operation("trt:GetStreamUri", Access.USER)
def get_stream_uri(call: Call) -> Xml:
    """Where to fetch a stream: RTSP for RTP over UDP or TCP, HTTP for the tunnel."""
    setup = "trt:StreamSetup"
    if optional(call.request, f"{setup}/tt:Stream", "RTP-Unicast") != "RTP-Unicast":
        raise SoapError("multicast is not offered", "ter:InvalidArgVal", "ter:InvalidStreamSetup")
    protocol = optional(call.request, f"{setup}/tt:Transport/tt:Protocol", "RTSP")
    one_of(protocol, ("UDP", "TCP", "RTSP", "HTTP"), "the protocol")
    profile = encoders.profile_of(call.device, required(call.request, "trt:ProfileToken"))
    uri = stream_uri(call, profile, tunnel=protocol == "HTTP")
    return x("trt:GetStreamUriResponse", _media_uri(uri))


@operation("trt:GetSnapshotUri", Access.USER)
def get_snapshot_uri(call: Call) -> Xml:
    """Where to fetch a picture."""
    encoders.profile_of(call.device, required(call.request, "trt:ProfileToken"))
    return x("trt:GetSnapshotUriResponse", _media_uri(snapshot_uri(call)))


def _media_uri(uri: str) -> Xml:
    return x(
        "trt:MediaUri",
        x("tt:Uri", uri),
        x("tt:InvalidAfterConnect", False),
        x("tt:InvalidAfterReboot", False),
        x("tt:Timeout", "PT0S"),
    )


@operation("trt:SetSynchronizationPoint", Access.OPERATOR)
def set_synchronization_point(call: Call) -> Xml:
    """The streams begin with a key picture anyhow; the profile is checked."""
    encoders.profile_of(call.device, required(call.request, "trt:ProfileToken"))
    return x("trt:SetSynchronizationPointResponse")
