"""Changes to an encoder's H.264 sequence parameter sets that the encoder cannot make itself."""

from __future__ import annotations

from protocols.bits import unescape

_SEQUENCE_PARAMETERS = 7
_HIGH = 100


def without_usability(stream: bytes) -> bytes:
    """An Annex B stream whose sequence parameter sets lose their VUI, and so their picture rate.

    Only for the Baseline, Main and High profiles without scaling lists, as our encoder writes.
    """
    pieces = stream.split(b"\0\0\1")
    for index, piece in enumerate(pieces[1:], 1):
        if piece and piece[0] & 31 == _SEQUENCE_PARAMETERS:
            zeros = len(piece) - len(piece.rstrip(b"\0"))
            pieces[index] = _cut(piece[: len(piece) - zeros]) + bytes(zeros)
    return b"\0\0\1".join(pieces)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.position = 0

    def take(self, count: int) -> int:
        self.position += count
        return int(self.text[self.position - count : self.position], 2)

    def exp_golomb(self) -> int:
        zeros = self.text.index("1", self.position) - self.position
        self.position += zeros
        return self.take(zeros + 1) - 1


def _cut(unit: bytes) -> bytes:
    bits = _Bits(unescape(unit[1:]))
    profile = bits.take(8)
    bits.take(16)
    bits.exp_golomb()
    if profile == _HIGH:
        for _ in range(3):  # chroma format, both bit depths
            bits.exp_golomb()
        if bits.take(2) & 1:
            raise ValueError("a parameter set with scaling lists cannot be changed")
    bits.exp_golomb()
    if bits.exp_golomb() == 0:
        bits.exp_golomb()
    bits.exp_golomb()
    bits.take(1)
    bits.exp_golomb()
    bits.exp_golomb()
    if not bits.take(1):
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        for _ in range(4):
            bits.exp_golomb()
    kept = bits.text[: bits.position] + "01"
    kept += "0" * (-len(kept) % 8)
    content = bytes(int(kept[start : start + 8], 2) for start in range(0, len(kept), 8))
    return unit[:1] + _escaped(content)


def _escaped(content: bytes) -> bytes:
    out = bytearray()
    for byte in content:
        if byte <= 3 and out[-2:] == b"\0\0":
            out.append(3)
        out.append(byte)
    return bytes(out)
