"""What the encoders of the camera can do, for both media services."""

from __future__ import annotations

from collections.abc import Iterable

from simulators.camera.onvif.device_memory import DeviceMemory, Profile
from simulators.camera.onvif.markup import Xml, x
from simulators.camera.onvif.soap import SoapError
from simulators.camera.state import CameraState, EncoderSettings
from simulators.camera.stream_plan import offered_encodings

STREAMS = ("main", "sub", "third")
_HIGHEST_FRAME_RATE = 30
LONGEST_GOP = 300
BITRATES_KBPS = (64, 16_384)
SOURCE = "source"
SOURCE_CONFIGURATION = "source_config"
AUDIO_SOURCE = "audio_source"
AUDIO_SOURCE_CONFIGURATION = "audio_config"
AUDIO_ENCODER = "audio_encoder"

_SIZES = ((1920, 1080), (1280, 720), (640, 360))
#: By the encoding of the state: name in media 1 ("" = cannot be told), in media 2, kbit/s, kHz.
_AUDIO = {
    "PCMA": ("G711", "PCMA", 64, 8),
    "PCMU": ("G711", "PCMU", 64, 8),
    "G726": ("G726", "G726", 32, 8),
    "G7221": ("", "G7221", 32, 16),
    "AAC": ("AAC", "MP4A-LATM", 64, 16),
}


def audio(device: DeviceMemory) -> tuple[str, str, int, int] | None:
    """Names (media 1, media 2), kbit/s and kHz of the audio encoder, None without audio."""
    return _AUDIO.get(device.state.audio_encoding)


def profile_of(device: DeviceMemory, token: str) -> Profile:
    """The media profile with that token.

    Raises:
        SoapError: there is none.
    """
    for profile in device.profiles():
        if profile.token == token:
            return profile
    raise SoapError("no such profile", "ter:InvalidArgVal", "ter:NoProfile")


def encoder_of(device: DeviceMemory, token: str) -> EncoderSettings:
    """The video encoder configuration with that token.

    Raises:
        SoapError: there is none.
    """
    for stream in STREAMS:
        if device.encoder(stream).token == token:
            return device.encoder(stream)
    raise SoapError("no such configuration", "ter:InvalidArgVal", "ter:NoConfig")


def chosen_encoders(device: DeviceMemory, token: str, profile: str) -> list[EncoderSettings]:
    """The encoders that a request asks for by configuration or profile token, or all."""
    if token:
        return [encoder_of(device, token)]
    if profile:
        return [device.encoder(profile_of(device, profile).stream)]
    return [device.encoder(stream) for stream in STREAMS]


def sizes(settings: EncoderSettings) -> tuple[tuple[int, int], ...]:
    """The picture sizes that can be set, the present one among them."""
    present = (settings.width, settings.height)
    return _SIZES if present in _SIZES else (present, *_SIZES)


def use_count(device: DeviceMemory, stream: str) -> int:
    """How many profiles hold the encoder of a stream."""
    return sum(profile.stream == stream for profile in device.profiles())


def highest_frame_rate(settings: EncoderSettings) -> int:
    """The highest frame rate that can be set."""
    return max(_HIGHEST_FRAME_RATE, settings.frame_rate)


def change(state: CameraState, settings: EncoderSettings, wanted: EncoderSettings) -> None:
    """Set an encoder.

    Raises:
        SoapError: a value is not among the options.
    """
    sound = (
        wanted.encoding in offered_encodings(state)
        and (wanted.width, wanted.height) in sizes(settings)
        and 1 <= wanted.frame_rate <= highest_frame_rate(settings)
        and BITRATES_KBPS[0] <= wanted.bitrate_kbps <= BITRATES_KBPS[1]
        and 1 <= wanted.gop <= LONGEST_GOP
    )
    if not sound:
        raise SoapError("a value is not among the options", "ter:InvalidArgVal", "ter:ConfigModify")
    settings.encoding = wanted.encoding
    settings.width, settings.height = wanted.width, wanted.height
    settings.frame_rate = wanted.frame_rate
    settings.bitrate_kbps = wanted.bitrate_kbps
    settings.gop = wanted.gop


def multicast() -> Xml:
    """The multicast part of a configuration; it is not offered."""
    return x(
        "tt:Multicast",
        x("tt:Address", x("tt:Type", "IPv4"), x("tt:IPv4Address", "0.0.0.0")),
        x("tt:Port", 0),
        x("tt:TTL", 1),
        x("tt:AutoStart", False),
    )


def resolutions(all_sizes: Iterable[tuple[int, int]]) -> list[Xml]:
    """``tt:ResolutionsAvailable`` elements."""
    return [
        x("tt:ResolutionsAvailable", x("tt:Width", width), x("tt:Height", height))
        for width, height in all_sizes
    ]


def value_range(name: str, low: float, high: float) -> Xml:
    """An element of ``tt:Min`` and ``tt:Max``."""
    return x(name, x("tt:Min", low), x("tt:Max", high))


def video_source_configuration(name: str, device: DeviceMemory) -> Xml:
    """The configuration of the one video source."""
    width, height = device.state.main.width, device.state.main.height
    return x(
        name,
        {"token": SOURCE_CONFIGURATION},
        x("tt:Name", "VideoSourceConfig"),
        x("tt:UseCount", len(device.profiles())),
        x("tt:SourceToken", SOURCE),
        x("tt:Bounds", {"x": 0, "y": 0, "width": width, "height": height}),
    )


def audio_source_configuration(name: str, device: DeviceMemory) -> Xml:
    """The configuration of the microphone."""
    return x(
        name,
        {"token": AUDIO_SOURCE_CONFIGURATION},
        x("tt:Name", "AudioSourceConfig"),
        x("tt:UseCount", len(device.profiles())),
        x("tt:SourceToken", AUDIO_SOURCE),
    )
