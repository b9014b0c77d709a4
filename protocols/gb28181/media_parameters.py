"""The ``f=`` line: what the media are (GB/T 28181-2016 annex F, codes added by 2022)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 annex F"
VIDEO_CODECS = {"1": "MPEG-4", "2": "H.264", "3": "SVAC", "4": "3GP", "5": "H.265"}
RESOLUTIONS = {"1": "QCIF", "2": "CIF", "3": "4CIF", "4": "D1", "5": "720P", "6": "1080P"}
AUDIO_CODECS = {"1": "G.711", "2": "G.723.1", "3": "G.729", "4": "G.722.1", "5": "SVAC", "6": "AAC"}
AUDIO_RATES = {
    "1": 5.3,
    "2": 6.3,
    "3": 8.0,
    "4": 16.0,
    "5": 24.0,
    "6": 32.0,
    "7": 48.0,
    "8": 64.0,
}
SAMPLING = {"1": 8_000, "2": 14_000, "3": 16_000, "4": 32_000}


@dataclass(frozen=True, slots=True)
class MediaParameters:
    """The eight codes of ``f=v/codec/resolution/fps/rate type/kbps`` ``a/codec/rate/sampling``.

    An empty code says nothing. ``deviations`` tells what a parsed one has that the standard has
    not.
    """

    video_codec: str = ""
    resolution: str = ""
    frame_rate: str = ""
    rate_type: str = ""
    bit_rate_kbps: str = ""
    audio_codec: str = ""
    audio_rate: str = ""
    sampling: str = ""
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        video = "/".join(
            (
                self.video_codec,
                self.resolution,
                self.frame_rate,
                self.rate_type,
                self.bit_rate_kbps,
            )
        )
        return f"v/{video}a/{self.audio_codec}/{self.audio_rate}/{self.sampling}"


def parse_media_parameters(text: str, *, edition: str = "2022") -> MediaParameters:
    """Read the value of ``f=``.

    Raises:
        ProtocolError: neither ``v/`` nor ``a/``, or too long.
    """
    text = text.strip()
    if len(text) > 200:
        raise ProtocolError("f: more than 200 characters")
    found = re.fullmatch(r"(?:v/([^av]*))?(?:a/([^av]*))?", text, re.IGNORECASE)
    if not found or not text:
        raise ProtocolError("f: not v/…a/…")
    deviations: list[Deviation] = []
    if re.search(r"\s", text):
        deviations.append(Deviation("f-space", CLAUSE, printable(text)))
    video = _codes(found[1], 5, text, deviations)
    audio = _codes(found[2], 3, text, deviations)
    allowed_codecs = set(VIDEO_CODECS) - ({"5"} if edition == "2016" else set())
    allowed_audio = set(AUDIO_CODECS) - ({"5", "6"} if edition == "2016" else set())
    resolution = video[1] in RESOLUTIONS or (
        edition != "2016" and bool(re.fullmatch(r"[0-9]{2,5}x[0-9]{2,5}", video[1]))
    )
    checks = (
        ("codec", video[0], video[0] in allowed_codecs),
        ("resolution", video[1], resolution),
        ("frame rate", video[2], bool(re.fullmatch(r"[0-9]{1,2}", video[2]))),
        ("rate type", video[3], video[3] in ("1", "2")),
        ("bit rate", video[4], bool(re.fullmatch(r"[0-9]{1,5}|100000", video[4]))),
        ("audio codec", audio[0], audio[0] in allowed_audio),
        ("audio rate", audio[1], audio[1] in AUDIO_RATES),
        ("sampling", audio[2], audio[2] in SAMPLING),
    )
    for name, code, correct in checks:
        if code and not correct:
            deviations.append(Deviation("f-code", CLAUSE, printable(f"{name} {code}")))
    v_codec, v_resolution, v_frames, v_type, v_rate = video
    a_codec, a_rate, a_sampling = audio
    return MediaParameters(
        v_codec,
        v_resolution,
        v_frames,
        v_type,
        v_rate,
        a_codec,
        a_rate,
        a_sampling,
        tuple(deviations),
    )


def _codes(text: str | None, count: int, whole: str, deviations: list[Deviation]) -> list[str]:
    """``count`` codes; a part that is absent or has too few or too many separators is told."""
    codes = [] if text is None else [one.strip() for one in text.split("/")]
    if len(codes) != count:
        one = Deviation("f-separators", CLAUSE, printable(whole))
        if one not in deviations:
            deviations.append(one)
    return (codes + [""] * count)[:count]
