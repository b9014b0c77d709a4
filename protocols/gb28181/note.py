"""The Note header: digest of a message (GB/T 28181-2016 8, annex H).

``nonce = Base64(H(From + To + Call-ID + Date + seed + body))``; the seed is a secret shared
beforehand and never leaves this module. A message whose Date is outside the window, or whose
digest is wrong, is dropped without an answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Literal

from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 annex H"
WINDOW_S = 600
"""Initial value of how far Date may be off, seconds."""
_HASHES = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA256": hashlib.sha256,
}


@dataclass(frozen=True, slots=True)
class Note:
    """``Digest nonce="…", algorithm=…``."""

    nonce: str
    algorithm: str = "MD5"

    def __str__(self) -> str:
        return f'Digest nonce="{self.nonce}", algorithm={self.algorithm}'


@dataclass(frozen=True, slots=True)
class DigestedMessage:
    """What goes into the digest, as written in the message."""

    from_header: str
    to_header: str
    call_id: str
    date: str
    body: bytes = field(default=b"", repr=False)


NoteCheck = Literal["absent", "correct", "wrong", "stale", "unsupported"]


def _digest(message: DigestedMessage, seed: str, algorithm: str) -> str:
    head = message.from_header + message.to_header + message.call_id + message.date + seed
    made = _HASHES[algorithm.upper()](head.encode() + message.body)
    return base64.b64encode(made.digest()).decode("ascii")


def build_note(message: DigestedMessage, seed: str, *, algorithm: str = "MD5") -> Note:
    """The header of ``message``. KeyError: an algorithm other than MD5, SHA-1, SHA-256."""
    return Note(_digest(message, seed, algorithm), algorithm)


def parse_note(text: str) -> Note:
    """Read the header's value.

    Raises:
        ProtocolError: no Digest with a nonce.
    """
    if len(text) > 1024:
        raise ProtocolError("Note: more than 1024 characters")
    scheme, _, rest = text.strip().partition(" ")
    nonce = re.search(r'(?:^|[,\s])nonce\s*=\s*"([^"]{1,512})"', rest, re.IGNORECASE)
    if scheme.lower() != "digest" or not nonce:
        raise ProtocolError("Note: no Digest with a nonce")
    algorithm = re.search(r'(?:^|[,\s])algorithm\s*=\s*"?([A-Za-z0-9-]{1,16})', rest, re.I)
    return Note(nonce[1], algorithm[1] if algorithm else "MD5")


def check_note(
    note: Note | None,
    message: DigestedMessage,
    seed: str,
    *,
    date: float | None,
    now: float,
    window_s: float = WINDOW_S,
) -> NoteCheck:
    """Check a digest.

    Args:
        note: the header, None when there is none.
        message: what it covers.
        seed: shared secret.
        date: of the Date header, POSIX seconds, None when it cannot be read.
        now: POSIX seconds.
        window_s: how far Date may be off.
    """
    if note is None:
        return "absent"
    if note.algorithm.upper() not in _HASHES:
        return "unsupported"
    if date is None or abs(date - now) > window_s:
        return "stale"
    expected = _digest(message, seed, note.algorithm)
    return "correct" if hmac.compare_digest(expected.encode(), note.nonce.encode()) else "wrong"
