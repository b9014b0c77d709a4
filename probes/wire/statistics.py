"""Byte statistics: what they can prove, which is only that bytes are *not* a good cipher's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
_SAMPLE = 2 * 2**20


def uniformity(data: bytes | bytearray) -> float:
    """How many standard deviations the byte histogram lies from a uniform one.

    Chi-square over 256 values, as z = (chi2 - 255) / sqrt(510) (NIST SP 800-22). A cipher gives
    |z| of a few; above 10 the bytes are certainly not uniform. A low value proves nothing:
    compressed video reaches it as well. Fewer than 2,560 bytes give 0.
    """
    sample = np.frombuffer(bytes(data[:_SAMPLE]), np.uint8)
    if len(sample) < 2560:
        return 0.0
    return histogram_z(np.bincount(sample, minlength=256))


def histogram_z(histogram: npt.NDArray[np.int_]) -> float:
    """As ``uniformity``, of a histogram of 256 values."""
    expected = histogram.sum() / 256
    if not expected:
        return 0.0
    chi_square = float(((histogram - expected) ** 2).sum() / expected)
    return (chi_square - 255) / float(510**0.5)


def positional_z(payloads: list[bytes], positions: int = 4) -> list[float]:
    """``uniformity`` of the byte at each of the first positions over many payloads.

    Clear and statically masked formats repeat a few header values there; a cipher with a
    counter or nonce does not.
    """
    found = []
    for position in range(positions):
        values = [payload[position] for payload in payloads if len(payload) > position]
        histogram = np.bincount(np.array(values, np.uint8), minlength=256)
        found.append(histogram_z(histogram) if len(values) >= 64 else 0.0)
    return found
