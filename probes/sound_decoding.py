"""Sound payloads decoded into samples by FFmpeg through PyAV."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from protocols.depacketise import access_units_of_aac
from protocols.errors import ProtocolError

Samples = npt.NDArray[np.float64]
_MOST_PAYLOADS = 1000
_WHOLE_SCALE = {"s16": 32768.0, "s16p": 32768.0, "s32": 2.0**31, "flt": 1.0, "fltp": 1.0}
_PLAIN = {"PCMA": "pcm_alaw", "PCMU": "pcm_mulaw", "G722": "g722"}


def bits_of_g726(encoding: str) -> int:
    """Bits a sample: ``G726-32`` has 4. 4 when the name does not tell."""
    found = re.search(r"-(16|24|32|40)$", encoding)
    return int(found[1]) // 8 if found else 4


def format_parameter(session_format: str, name: str) -> str:
    """One parameter of a=fmtp, "" when absent."""
    for field in session_format.split(";"):
        key, _, value = field.strip().partition("=")
        if key.strip().lower() == name:
            return value.strip()
    return ""


def aac_units(payload: bytes, session_format: str) -> list[bytes]:
    """The AAC access units of a payload, by the field lengths of a=fmtp (RFC 3640 4.1).

    Raises:
        ProtocolError: the payload breaks its format.
    """
    size = format_parameter(session_format, "sizelength")
    index = format_parameter(session_format, "indexlength")
    return access_units_of_aac(
        payload,
        int(size) if size.isdigit() and len(size) < 3 else 13,
        int(index) if index.isdigit() and len(index) < 3 else 3,
    )


def decode_sound(
    payloads: Sequence[bytes], encoding: str, clock_rate: int, session_format: str
) -> Samples | None:
    """Samples in -1 to 1 of the first channel; empty when nothing could be decoded.

    ``None`` when there is no decoder for ``encoding`` (G.722.1, unknown ones). At most the first
    thousand payloads are decoded.
    """
    payloads = payloads[:_MOST_PAYLOADS]
    try:
        if encoding in _PLAIN:
            frames = _through_context(_PLAIN[encoding], payloads, clock_rate)
        elif encoding.startswith(("G726", "AAL2-G726")):
            frames = _g726(payloads, encoding, clock_rate)
        elif encoding == "MPEG4-GENERIC":
            frames = _aac(payloads, clock_rate, session_format)
        else:
            return None
    except (av.FFmpegError, ValueError, ProtocolError):
        return np.zeros(0)
    return np.concatenate([_samples(frame) for frame in frames]) if frames else np.zeros(0)


def _through_context(
    name: str, packets: Sequence[bytes], clock_rate: int, configuration: bytes = b""
) -> list[Any]:
    context: Any = av.CodecContext.create(name, "r")
    context.thread_count = 1
    if configuration:
        context.extradata = configuration
    else:
        context.sample_rate = max(1, clock_rate)
        context.layout = "mono"
    frames: list[Any] = []
    for packet in packets:
        if packet:
            frames += context.decode(av.Packet(packet))
    return frames


def _g726(payloads: Sequence[bytes], encoding: str, clock_rate: int) -> list[Any]:
    """The raw demuxer tells the decoder the code size; RFC 3551 packs from the low bits on."""
    form = "g726" if encoding.startswith("AAL2") else "g726le"
    options = {"code_size": str(bits_of_g726(encoding)), "sample_rate": str(clock_rate)}
    coded = io.BytesIO(b"".join(payloads))
    with av.open(coded, "r", format=form, options=options) as container:
        return list(container.decode(audio=0))


def _aac(payloads: Sequence[bytes], clock_rate: int, session_format: str) -> list[Any]:
    try:
        configuration = bytes.fromhex(format_parameter(session_format, "config"))
    except ValueError:
        configuration = b""
    units = [unit for payload in payloads for unit in aac_units(payload, session_format)]
    return _through_context("aac", units, clock_rate, configuration)


def _samples(frame: Any) -> Samples:
    scale = _WHOLE_SCALE.get(frame.format.name)
    if scale is None:
        return np.zeros(0)
    channels = 1 if frame.format.is_planar else len(frame.layout.channels)
    first: Samples = frame.to_ndarray()[0][::channels].astype(np.float64) / scale
    return first
