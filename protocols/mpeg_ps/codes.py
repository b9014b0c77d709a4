"""Start codes, stream types and the checksum of a program stream (ISO/IEC 13818-1 2.4.3, 2.5)."""

from __future__ import annotations

END, PACK, SYSTEM, MAP = 0xB9, 0xBA, 0xBB, 0xBC
PRIVATE_1, PADDING, PRIVATE_2 = 0xBD, 0xBE, 0xBF
FIRST_AUDIO, LAST_AUDIO = 0xC0, 0xDF
FIRST_VIDEO, LAST_VIDEO = 0xE0, 0xEF
DIRECTORY = 0xFF
# Packets whose content follows their length at once, without flags (Table 2-21).
WITHOUT_HEADER = frozenset({MAP, PADDING, PRIVATE_2, 0xF0, 0xF1, 0xF2, 0xF8, DIRECTORY})
LONGEST_PES = 65_535

# GB/T 28181-2016 C.1 and, for 0FH, 24H and 91H, GB/T 28181-2022 C.1.
VIDEO_TYPES = {0x10: "MPEG4", 0x1B: "H264", 0x24: "H265", 0x80: "SVAC"}
AUDIO_TYPES = {
    0x90: "PCMA",
    0x91: "PCMU",
    0x92: "G722.1",
    0x93: "G723.1",
    0x99: "G729",
    0x9B: "SVACA",
    0x0F: "AAC",
}
TYPE_OF = {name: number for number, name in (VIDEO_TYPES | AUDIO_TYPES).items()}
# Types of ISO/IEC 13818-1 that GB/T 28181 does not list.
OTHER_VIDEO_TYPES = {0x01: "MPEG1", 0x02: "MPEG2"}
OTHER_AUDIO_TYPES = {0x03: "MP2", 0x04: "MP2", 0x11: "AAC"}

CLOCK = 90_000
TIME_MASK = (1 << 33) - 1


def _table() -> tuple[int, ...]:
    values = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        values.append(value & 0xFFFFFFFF)
    return tuple(values)


_TABLE = _table()


def crc32(data: bytes) -> int:
    """The CRC-32 of ISO/IEC 13818-1 annex A: over data with its checksum it is 0."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value


def is_video(stream_id: int) -> bool:
    """Whether a stream id is one of a video stream."""
    return FIRST_VIDEO <= stream_id <= LAST_VIDEO


def is_audio(stream_id: int) -> bool:
    """Whether a stream id is one of an audio stream."""
    return FIRST_AUDIO <= stream_id <= LAST_AUDIO


def next_start(data: bytes | bytearray, at: int) -> int:
    """Where the next start code of the system layer (B9H and above) lies, -1 without one."""
    at = data.find(b"\0\0\1", at)
    while 0 <= at < len(data) - 3:
        if data[at + 3] >= END:
            return at
        at = data.find(b"\0\0\1", at + 3)
    return -1
