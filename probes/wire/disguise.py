"""Traffic that only looks encrypted: text encodings and repeating masks taken off and read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from probes.wire.content import Content, examine_datagrams, examine_stream
from probes.wire.masks import keys_from_headers, keys_from_statistics, unmask
from probes.wire.rtp_media import RtpTrack, find_tracks, read_track
from protocols.flow_signatures import decode_text_encoding, looks_like_rtp, text_encoding

_RTP_HEADER = 12
_MAXIMUM_TRIALS = 32
_MAXIMUM_STREAM = 8 * 2**20


@dataclass(frozen=True)
class Disguise:
    """How content was hidden.

    Attributes:
        kind: ``base64``, ``hexadecimal`` or ``mask``.
        key_size: bytes of the repeating mask, 0 for an encoding. The key itself is not kept.
    """

    kind: Literal["base64", "hexadecimal", "mask"]
    key_size: int
    content: Content


def see_through_datagrams(datagrams: list[bytes]) -> Disguise | None:
    """What the datagrams of one direction hide, ``None`` when it was not found out."""
    encoded = _encoding_of(datagrams)
    if encoded:
        decoded = [decode_text_encoding(data, encoded) for data in datagrams]
        content = examine_datagrams(decoded) or examine_stream(b"".join(decoded))
        return _encoded(encoded, content)
    tracks = find_tracks(datagrams)
    if tracks:
        return _masked_track(tracks[0])
    beyond_header = [data[_RTP_HEADER:] for data in datagrams if len(data) > _RTP_HEADER]
    keys = itertools.chain(
        keys_from_headers(beyond_header, _RTP_HEADER), keys_from_statistics(datagrams)
    )
    for key in _limited(keys):
        clear = [unmask(data, key) for data in datagrams]
        content = examine_datagrams(clear)
        if content is not None and _convicts(content):
            return Disguise("mask", len(key), content)
    return None


def see_through_stream(data: bytes) -> Disguise | None:
    """What one direction of a connection hides, ``None`` when it was not found out."""
    data = bytes(data[:_MAXIMUM_STREAM])
    encoded = text_encoding(data)
    if encoded:
        return _encoded(encoded, _examine_encoded(data, encoded))
    for key in _limited(keys_from_statistics([data])):
        content = examine_stream(unmask(data, key))
        if content is not None and _convicts(content):
            return Disguise("mask", len(key), content)
    return None


def _examine_encoded(data: bytes, encoded: str) -> Content | None:
    """Encoded streams carry one message a line, or one long text."""
    lines = [line for line in data.splitlines() if line]
    if len(lines) > 3:
        decoded = [decode_text_encoding(line, encoded) for line in lines]
        if sum(looks_like_rtp(line) for line in decoded) >= 0.9 * len(decoded):
            content = examine_datagrams(decoded)
            if content is not None:
                return content
    return examine_stream(decode_text_encoding(data, encoded))


def _encoded(kind: str, content: Content | None) -> Disguise | None:
    if content is None:
        return None
    return Disguise("base64" if kind == "base64" else "hexadecimal", 0, content)


def _encoding_of(datagrams: list[bytes]) -> str:
    kinds = {text_encoding(data) for data in datagrams[:200] if len(data) >= 24}
    return kinds.pop() if len(kinds) == 1 else ""


def _masked_track(track: RtpTrack) -> Disguise | None:
    """A track whose headers are clear and whose payloads are masked, each from its beginning."""
    payloads = track.payloads()
    for key in _limited(_keys(payloads)):
        clear = RtpTrack(
            track.ssrc,
            track.payload_type,
            [replace(packet, payload=unmask(packet.payload, key)) for packet in track.packets],
        )
        content = read_track(clear)
        if content is not None:
            pictures = [content.picture] if content.picture else []
            return Disguise("mask", len(key), Content("media", f"{content.codec} in rtp", pictures))
    return None


def _keys(payloads: list[bytes]) -> Iterator[bytes]:
    yield from keys_from_headers(payloads)
    yield from keys_from_statistics(payloads)


def _limited(keys: Iterable[bytes]) -> Iterator[bytes]:
    return itertools.islice(keys, _MAXIMUM_TRIALS)


def _convicts(content: Content) -> bool:
    """A picture, or signalling in a known protocol: mere text may be chance."""
    return bool(content.pictures) or (content.kind == "signalling" and content.form != "text")
