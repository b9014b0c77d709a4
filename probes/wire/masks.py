"""Repeating masks: bytes XORed with a key of 1 to 32 bytes, found out and taken off.

Two attacks, neither of which knows the key. *Known plaintext*: parameter sets and fragment
headers of H.264 and H.265 in RTP have bytes that every encoder writes. *Statistics*: where the
plain bytes are uneven, the histograms of the columns of a key of the right length are shifted
copies of one another. A candidate key counts only if what it uncovers can be read: the caller
rebuilds a picture or a message from it, so a wrong key never convicts.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from probes.wire.statistics import histogram_z
from protocols.errors import ProtocolError
from protocols.h264 import parse_sequence_parameters

MAXIMUM_KEY = 32
_SAMPLE = 1 << 20
_SIGNIFICANT = 8.0
_MAXIMUM_CANDIDATES = 12
_ALL = np.arange(256)
_SHIFTED: npt.NDArray[np.int64] = _ALL[:, None] ^ _ALL[None, :]
# What uncovered bytes hold most of: zero in media, space and 'e' in text, 0xFF and 'A' in fills.
_LIKELY_MOST = (0x00, 0x20, 0x65, 0xFF, 0x41, 0x30, 0x80)
_PARAMETER_NALS = (0x67, 0x27, 0x47)
_AGGREGATES = (0x78, 0x58, 0x38, 0x18)
_PROFILES = (66, 77, 100, 88, 110)
_CONSTRAINTS = (0x00, 0xC0, 0xE0, 0x40, 0x80, 0x60, 0x20, 0x10, 0x0C)
_LEVELS = (10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52)
# H.265 7.3.2.1 and 7.3.3: header, one layer, then 0xFFFF and the Main profile.
_VIDEO_PARAMETERS = bytes.fromhex("40010c01ffff016000000300")


def unmask(data: bytes, key: bytes, phase: int = 0) -> bytes:
    """``data`` XORed with ``key``, which begins at its byte ``phase``."""
    if not key:
        return data
    repeated = (key * (len(data) // len(key) + 2))[phase % len(key) :][: len(data)]
    mixed = np.frombuffer(data, np.uint8) ^ np.frombuffer(repeated, np.uint8)
    return mixed.tobytes()


def keys_from_statistics(pieces: list[bytes]) -> Iterator[bytes]:
    """Candidate keys, likeliest first, for pieces that each begin at the key's first byte."""
    pieces = [piece for piece in pieces if piece]
    period = find_period(pieces) if pieces else 0
    if not period:
        return
    relative = _align(_columns(pieces, period))
    aligned = _columns([unmask(piece, relative) for piece in _sampled(pieces)], period).sum(axis=0)
    most = int(aligned.argmax())
    for likely in _LIKELY_MOST:
        shift = most ^ likely
        key = bytes(byte ^ shift for byte in relative)
        if any(key):
            yield _shortest(key)


def find_period(pieces: list[bytes]) -> int:
    """The key length at which the columns are most uneven; 0 when none is significant."""
    best, best_z = 0, _SIGNIFICANT
    for period in range(1, MAXIMUM_KEY + 1):
        columns = _columns(pieces, period)
        # Chi-square of each column has 255 degrees of freedom; their sum has period * 255.
        total = sum(histogram_z(column) for column in columns) / period**0.5
        # A multiple of the true length is as uneven: only a clear gain lengthens the key.
        if total > best_z * 1.3:
            best, best_z = period, total
    return best


def keys_from_headers(payloads: list[bytes], phase: int = 0) -> Iterator[bytes]:
    """Candidate keys of 1 to 4 (H.264) or to 12 (H.265) bytes from the heads of RTP payloads.

    ``phase``: place in the key of the first byte of each payload.
    """
    # Parameter sets are small and come again with every key picture, under a mask the same.
    repeated = Counter(payload for payload in payloads if 8 <= len(payload) <= 200)
    small = sorted(repeated, key=lambda payload: (-repeated[payload], len(payload)))[:12]
    large = Counter(payload[:2] for payload in payloads if len(payload) > 600)
    # The H.265 pattern is long and seldom fits by chance; the H.264 one does, so it comes second.
    for search in (_h265_keys, _h264_keys):
        keys = (key for masked in small for key in search(masked, large, phase))
        yield from itertools.islice(_distinct(keys), _MAXIMUM_CANDIDATES)


def _distinct(keys: Iterable[bytes]) -> Iterator[bytes]:
    given: set[bytes] = set()
    for key in keys:
        if key not in given:
            given.add(key)
            yield key


def _h264_keys(masked: bytes, large: Counter[bytes], phase: int) -> Iterator[bytes]:
    """Keys that turn ``masked`` into a sequence parameter set, alone or first in a STAP-A."""
    for offset in (0, 3):
        body = masked[offset:]
        if offset and not any(_fits_first(large, masked[0] ^ opening) for opening in _AGGREGATES):
            continue
        for length in range(1, 5):
            for head in _heads(body, Counter() if offset else large):
                key = _key_from(body, head, length, phase + offset)
                if key is None or not _fits(large, key, phase, _is_h264_fragment):
                    continue
                if _parses(unmask(body, key, phase + offset)):
                    yield key


def _heads(body: bytes, large: Counter[bytes]) -> Iterator[bytes]:
    """Heads of sequence parameter sets; the first byte must suit the fragments as well."""
    for header in _PARAMETER_NALS:
        if not _fits_first(large, body[0] ^ header):
            continue
        for tail in itertools.product(_PROFILES, _CONSTRAINTS, _LEVELS):
            yield bytes((header, *tail))


def _h265_keys(masked: bytes, large: Counter[bytes], phase: int) -> Iterator[bytes]:
    """Keys that turn ``masked`` into a video parameter set, alone or first in an AP."""
    for offset in (0, 4):
        for length in range(1, len(_VIDEO_PARAMETERS) + 1):
            key = _key_from(masked[offset:], _VIDEO_PARAMETERS, length, phase + offset)
            if key is not None and _fits(large, key, phase, _is_h265_fragment):
                yield key


def _key_from(masked: bytes, plain: bytes, length: int, phase: int) -> bytes | None:
    """The key of ``length`` that turns ``masked`` into ``plain``, if one does all along."""
    key: dict[int, int] = {}
    for at, (dark, clear) in enumerate(zip(masked, plain, strict=False)):
        if key.setdefault((phase + at) % length, dark ^ clear) != dark ^ clear:
            return None
    found = bytes(key.get(at, 0) for at in range(length))
    return found if len(key) == length and any(found) else None


def _fits(
    large: Counter[bytes], key: bytes, phase: int, is_fragment: Callable[[bytes], bool]
) -> bool:
    first, second = key[phase % len(key)], key[(phase + 1) % len(key)]
    fits = sum(
        count
        for head, count in large.items()
        if is_fragment(bytes((head[0] ^ first, head[1] ^ second)))
    )
    return fits >= 0.8 * large.total()


def _fits_first(large: Counter[bytes], mask: int) -> bool:
    fits = sum(count for head, count in large.items() if (head[0] ^ mask) & 0x9F in (28, 1, 5))
    return fits >= 0.8 * large.total()


def _is_h264_fragment(head: bytes) -> bool:
    if head[0] & 0x80:
        return False
    return head[0] & 0x1F in (1, 5) or (head[0] & 0x1F == 28 and head[1] & 0x1F in (1, 5, 6))


def _is_h265_fragment(head: bytes) -> bool:
    return head[0] & 0x81 == 0 and (head[0] >> 1 == 49 or head[0] >> 1 < 22) and head[1] == 1


def _parses(parameters: bytes) -> bool:
    try:
        form = parse_sequence_parameters(parameters)
    except ProtocolError:
        return False
    return 64 <= form.coded_width <= 8192 and 64 <= form.coded_height <= 8192


def _sampled(pieces: list[bytes]) -> list[bytes]:
    chosen: list[bytes] = []
    total = 0
    for piece in pieces:
        if total >= _SAMPLE:
            break
        chosen.append(piece[: _SAMPLE - total])
        total += len(chosen[-1])
    return chosen


def _columns(pieces: list[bytes], period: int) -> npt.NDArray[np.int64]:
    """Histogram of the bytes at each place of the key: ``period`` rows of 256."""
    chosen = _sampled(pieces)
    values = np.frombuffer(b"".join(chosen), np.uint8).astype(np.int64)
    place = np.concatenate([np.arange(len(piece)) % period for piece in chosen])
    counts = np.bincount(place * 256 + values, minlength=period * 256)
    return counts.reshape(period, 256)


def _align(columns: npt.NDArray[np.int64]) -> bytes:
    """Masks, relative to the most uneven column, under which the histograms agree best."""
    order = np.argsort([-histogram_z(column) for column in columns])
    reference = columns[order[0]].astype(np.float64)
    masks = np.zeros(len(columns), np.int64)
    for _ in range(4):
        total = np.zeros(256)
        for at in order:
            shifted = columns[at][_SHIFTED]
            others = reference - reference.mean()
            masks[at] = int((shifted @ others).argmax())
            total += shifted[masks[at]]
        reference = total
    return masks.astype(np.uint8).tobytes()


def _shortest(key: bytes) -> bytes:
    """The key without repetition of itself."""
    for length in range(1, len(key)):
        if len(key) % length == 0 and key == key[:length] * (len(key) // length):
            return key[:length]
    return key
