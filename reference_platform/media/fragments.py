"""Fragmented MP4 of one H.264 track, without I/O (ISO/IEC 14496-12, 14496-15).

An initialisation segment (``ftyp``, ``moov``), then fragments (``moof``, ``mdat``) without end:
what browsers play through Media Source Extensions, and every other player from the first byte.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.h264 import (
    PICTURE_PARAMETERS,
    SEQUENCE_PARAMETERS,
    nal_type,
    split_annex_b,
)

TIMESCALE = 90_000
_TRACK = 1
_UNITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
# Sample flags (14496-12, 8.8.3.1): a picture that depends on none, and one that is not a sync one.
_KEY, _DEPENDENT = 0x02000000, 0x01010000
_PARAMETERS = frozenset({SEQUENCE_PARAMETERS, PICTURE_PARAMETERS})


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded picture of the track.

    Attributes:
        data: Annex B.
        pts: 90 kHz from the start of the stream; pictures come in the order that they are shown.
        duration: 90 kHz, to the next picture.
        key: whether decoding can begin here.
    """

    data: bytes
    pts: int
    duration: int
    key: bool


class FragmentedMp4:
    """Writes one track of ``width`` x ``height`` whose parameter sets are ``parameters``.

    Args:
        parameters: Annex B with a sequence and a picture parameter set, as encoders give them.
        width, height: of the picture as shown.

    Raises:
        ProtocolError: a parameter set is missing.
    """

    def __init__(self, parameters: bytes, width: int, height: int) -> None:
        units = split_annex_b(parameters)
        self._sequence = _first(units, SEQUENCE_PARAMETERS)
        self._picture = _first(units, PICTURE_PARAMETERS)
        self._width, self._height = width, height
        self._number = 0

    @property
    def codec(self) -> str:
        """As RFC 6381 names it, e.g. ``avc1.42C028``."""
        return f"avc1.{self._sequence[1:4].hex().upper()}"

    def initialisation(self) -> bytes:
        """The segment that comes first, once."""
        return _box(b"ftyp", b"iso5", bytes(4), b"iso5iso6avc1mp41") + self._movie()

    def fragment(self, samples: Sequence[Sample]) -> bytes:
        """The next fragment; ``samples`` is not empty and follows what was written before."""
        self._number += 1
        payloads = [_length_prefixed(sample.data) for sample in samples]
        head = self._movie_fragment(samples, payloads, 0)
        head = self._movie_fragment(samples, payloads, len(head) + 8)
        return head + _box(b"mdat", *payloads)

    def _movie_fragment(
        self, samples: Sequence[Sample], payloads: Sequence[bytes], offset: int
    ) -> bytes:
        rows = b"".join(
            struct.pack(">III", sample.duration, len(payload), _KEY if sample.key else _DEPENDENT)
            for sample, payload in zip(samples, payloads, strict=True)
        )
        return _box(
            b"moof",
            _full(b"mfhd", 0, 0, struct.pack(">I", self._number)),
            _box(
                b"traf",
                # Offsets count from the moof (default-base-is-moof).
                _full(b"tfhd", 0, 0x020000, struct.pack(">I", _TRACK)),
                _full(b"tfdt", 1, 0, struct.pack(">Q", samples[0].pts)),
                # Data offset, and duration, size and flags of every sample.
                _full(b"trun", 0, 0x000701, struct.pack(">Ii", len(samples), offset), rows),
            ),
        )

    def _movie(self) -> bytes:
        return _box(
            b"moov",
            _full(
                b"mvhd",
                0,
                0,
                struct.pack(">IIIIIHHII", 0, 0, TIMESCALE, 0, 0x10000, 0x100, 0, 0, 0),
                _UNITY,
                bytes(24),
                struct.pack(">I", _TRACK + 1),
            ),
            _box(b"trak", self._track_header(), self._media()),
            _box(b"mvex", _full(b"trex", 0, 0, struct.pack(">IIIII", _TRACK, 1, 0, 0, 0))),
        )

    def _track_header(self) -> bytes:
        return _full(
            b"tkhd",
            0,
            3,
            struct.pack(">IIIII", 0, 0, _TRACK, 0, 0),
            bytes(16),
            _UNITY,
            struct.pack(">II", self._width << 16, self._height << 16),
        )

    def _media(self) -> bytes:
        undetermined = 0x55C4  # "und", ISO 639-2
        return _box(
            b"mdia",
            _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, 0, undetermined, 0)),
            _full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"video\0"),
            _box(
                b"minf",
                _full(b"vmhd", 0, 1, bytes(8)),
                _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1))),
                _box(
                    b"stbl",
                    _full(b"stsd", 0, 0, struct.pack(">I", 1), self._sample_entry()),
                    _full(b"stts", 0, 0, bytes(4)),
                    _full(b"stsc", 0, 0, bytes(4)),
                    _full(b"stsz", 0, 0, bytes(8)),
                    _full(b"stco", 0, 0, bytes(4)),
                ),
            ),
        )

    def _sample_entry(self) -> bytes:
        return _box(
            b"avc1",
            struct.pack(">6xH16xHHIII", 1, self._width, self._height, 0x480000, 0x480000, 0),
            struct.pack(">H32sHh", 1, b"", 0x18, -1),
            self._decoder_configuration(),
        )

    def _decoder_configuration(self) -> bytes:
        profile, constraints, level = self._sequence[1:4]
        return _box(
            b"avcC",
            # Four bytes of length before every NAL unit; one set of each kind.
            struct.pack(">BBBBBB", 1, profile, constraints, level, 0xFF, 0xE1),
            struct.pack(">H", len(self._sequence)),
            self._sequence,
            struct.pack(">BH", 1, len(self._picture)),
            self._picture,
            # Profiles from High on say their sampling too (14496-15, 5.3.3.1.2); 4:2:0, 8 bits.
            b"" if profile in (66, 77, 88) else b"\xfd\xf8\xf8\x00",
        )


def _first(units: Sequence[bytes], kind: int) -> bytes:
    for unit in units:
        if nal_type(unit) == kind and len(unit) > 1:
            return unit
    raise ProtocolError("H.264: a parameter set is missing")


def _length_prefixed(annex_b: bytes) -> bytes:
    parts = []
    for unit in split_annex_b(annex_b):
        if nal_type(unit) not in _PARAMETERS:
            parts += [len(unit).to_bytes(4, "big"), unit]
    return b"".join(parts)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *content)
