"""Bits of a video parameter set: fixed fields and Exp-Golomb codes (ITU-T H.264 9.1)."""

from __future__ import annotations

from protocols.errors import ProtocolError

_LONGEST_CODE = 32
_MOST_BYTES = 4096


def unescape(nal_payload: bytes) -> bytes:
    """Remove the emulation prevention bytes: 00 00 03 becomes 00 00 (ITU-T H.264 7.4.1)."""
    if b"\0\0\3" not in nal_payload:
        return nal_payload
    out = bytearray()
    start = 0
    while True:
        found = nal_payload.find(b"\0\0\3", start)
        if found < 0:
            out += nal_payload[start:]
            return bytes(out)
        out += nal_payload[start : found + 2]
        start = found + 3


class BitReader:
    """Reads bits from the most significant on; running out of them is a ProtocolError.

    No parameter set is longer than 4096 bytes; what lies beyond is not read.
    """

    def __init__(self, data: bytes, what: str) -> None:
        data = data[:_MOST_BYTES]
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)
        self._what = what

    def bits(self, count: int) -> int:
        """The next ``count`` bits as an unsigned number."""
        if count > self._left:
            raise ProtocolError(f"{self._what}: cut off")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        """The next bit."""
        return bool(self.bits(1))

    def unsigned(self) -> int:
        """An unsigned Exp-Golomb code."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > _LONGEST_CODE:
                raise ProtocolError(f"{self._what}: Exp-Golomb code too long")
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        """A signed Exp-Golomb code."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def bounded(self, limit: int, name: str) -> int:
        """An unsigned Exp-Golomb code that the standard limits to ``limit``."""
        value = self.unsigned()
        if value > limit:
            raise ProtocolError(f"{self._what}: {name} is {value}")
        return value
