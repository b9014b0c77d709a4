"""What plain bytes hold: pictures, sound, signalling. Nothing is taken on a signature alone.

The same examination serves bytes as they were captured and bytes behind a text encoding, a
repeating mask or a NULL cipher.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from probes.wire.framing import (
    http_bodies,
    inflated,
    interleaved_packets,
    jpeg_files,
    length_framed_packets,
)
from probes.wire.pictures import Picture, decode_container, decode_sequences
from probes.wire.rtp_media import find_tracks, read_track
from probes.wire.text_extract import extract, holds_credentials, messages
from protocols.flow_signatures import (
    is_readable_text,
    stream_protocol,
    text_encoding,
    text_protocol,
)

Kind = Literal["media", "picture", "signalling"]
_SIGNALLING = frozenset(
    {"rtsp", "sip", "http", "onvif", "manscdp", "mqtt", "ftp", "telnet", "text"}
)
_BARE_TEXT = frozenset({"ftp", "telnet", "rtmp", "mqtt", "text"})
_MAXIMUM_EXAMINED = 16 * 2**20


@dataclass
class Content:
    """What was read.

    Attributes:
        kind: the most telling of what was read: media before a still picture before signalling.
        form: where it was found, e.g. ``h264 in rtp``, ``jpeg in http``, ``rtsp``.
        pictures: rebuilt.
        text: masked extract of signalling.
        credentials: whether credentials or keys stood in the text.
        tag: authentication tag cut off RTP payloads (a NULL cipher).
    """

    kind: Kind
    form: str
    pictures: list[Picture] = field(default_factory=list)
    text: str = ""
    credentials: bool = False
    tag: int = 0


def examine_datagrams(datagrams: list[bytes]) -> Content | None:
    """What the datagrams of one direction hold, ``None`` when nothing can be read."""
    if not datagrams:
        return None
    media = _rtp(datagrams, "rtp")
    if media is not None:
        return media
    texts = [data for data in datagrams if text_protocol(data)]
    if texts and len(texts) >= 0.5 * len(datagrams):
        return _signalling(text_protocol(texts[0]), b"".join(texts))
    joined = b"".join(datagrams)[:_MAXIMUM_EXAMINED]
    bare = _bare_media(joined)
    if bare is not None:
        return bare
    if text_encoding(joined):
        return None
    readable = sum(is_readable_text(data) for data in datagrams[:200])
    if readable >= 0.9 * min(len(datagrams), 200):
        return _signalling("text", joined)
    return None


def examine_stream(data: bytes) -> Content | None:
    """What one direction of a connection holds, ``None`` when nothing can be read."""
    data = bytes(data[:_MAXIMUM_EXAMINED])
    if not data:
        return None
    name = stream_protocol(data)
    found: list[Content | None] = [
        _rtp(interleaved_packets(data), "interleaved rtp"),
        _rtp(length_framed_packets(data), "length-framed rtp") if not name else None,
        _http(data) if b"HTTP/1" in data[:_MAXIMUM_EXAMINED] else None,
        _bare_media(data),
    ]
    if name == "text" and text_encoding(data):
        name = ""
    if name in _SIGNALLING or name == "rtmp":
        found.append(_signalling(name, data))
    elif b"RTSP/1.0" in data:
        found.append(_signalling("rtsp", data[max(data.find(b"RTSP/1.0") - 200, 0) :]))
    return merge(found)


def merge(found: Iterable[Content | None]) -> Content | None:
    """The most telling content with the pictures and texts of all."""
    contents = [content for content in found if content is not None]
    if not contents:
        return None
    order = {"media": 0, "picture": 1, "signalling": 2}
    best = min(contents, key=lambda content: order[content.kind])
    pictures = {
        picture.pixels.tobytes(): picture for content in contents for picture in content.pictures
    }
    return Content(
        best.kind,
        best.form,
        list(pictures.values())[:4],
        "\n".join(dict.fromkeys(content.text for content in contents if content.text)),
        any(content.credentials for content in contents),
        best.tag,
    )


def _rtp(datagrams: list[bytes], form: str) -> Content | None:
    for track in find_tracks(datagrams):
        content = read_track(track)
        if content is not None:
            pictures = [content.picture] if content.picture else []
            return Content("media", f"{content.codec} in {form}", pictures, tag=content.tag)
    return None


def _http(data: bytes) -> Content | None:
    found: list[Content | None] = []
    for header, body in http_bodies(data):
        if b"multipart/x-mixed-replace" in header:
            found.append(_pictures(body, "jpeg in http multipart", "media"))
        elif body[:3] == b"\xff\xd8\xff" or b"image/jpeg" in header:
            found.append(_pictures(body, "jpeg in http", "picture"))
        else:
            found.append(_bare_media(body))
        if len(found) > 32:
            break
    return merge(found)


def _pictures(data: bytes, form: str, kind: Kind) -> Content | None:
    picture = decode_sequences("mjpeg", ([file] for file in jpeg_files(data)))
    return Content(kind, form, [picture]) if picture else None


def _bare_media(data: bytes) -> Content | None:
    """Media that stands in the bytes without RTP: containers, elementary streams, JPEG files."""
    if data[:2] in (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        inside = inflated(data)
        if inside:
            return _bare_media(inside) or (
                _signalling("text", inside) if is_readable_text(inside) else None
            )
    for start, container in _beginnings(data):
        picture = decode_container(data[start:], container)
        if picture is not None:
            return Content("media", f"{picture.codec} in {container}", [picture])
    if data.count(b"\xff\xd8\xff") >= 1:
        return _pictures(data, "jpeg", "picture")
    return None


def _beginnings(data: bytes) -> list[tuple[int, str]]:
    """Places where a container or an elementary stream may begin, with the format to try."""
    found: list[tuple[int, str]] = []
    pack = data.find(b"\0\0\1\xba")
    if pack >= 0:
        found.append((pack, "mpeg"))
    flv = data.find(b"FLV\x01")
    if flv >= 0:
        found.append((flv, "flv"))
    for start in range(min(len(data) - 3 * 188, 188)):
        if all(data[start + step] == 0x47 for step in (0, 188, 376)):
            found.append((start, "mpegts"))
            break
    for marks, name in (
        ((b"\0\0\1\x67", b"\0\0\1\x27", b"\0\0\1\x47"), "h264"),
        ((b"\0\0\1\x40\x01",), "hevc"),
    ):
        starts = [at for mark in marks if (at := data.find(mark)) >= 0]
        if starts and pack < 0:
            found.append((max(min(starts) - 1, 0), name))
    return found


def _signalling(name: str, data: bytes) -> Content:
    shown = extract(data) if name not in _BARE_TEXT else ""
    told = data if name in _BARE_TEXT else messages(data)
    return Content("signalling", name, text=shown, credentials=holds_credentials(told))
