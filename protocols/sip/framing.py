"""Messages out of a TCP or TLS stream by Content-Length (RFC 3261 section 18.3), within bounds."""

from __future__ import annotations

import re
from enum import Enum

from protocols.errors import ProtocolError

_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"(?:^|\n)(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_START = re.compile(rb"(?:SIP/\d|[!%'*+\-.`~\w]{1,64}(?:$|[ \t]))", re.IGNORECASE)
# What a message begins with, for finding it again behind a body that was not announced.
_AGAIN = re.compile(rb"(?:SIP/2\.0 \d{3}|[A-Z]{3,20} sips?:\S{1,300} SIP/2\.0)\r?\n")


class Keepalive(Enum):
    """Empty lines between messages (RFC 5626 section 3.5.1)."""

    PING = b"\r\n\r\n"
    PONG = b"\r\n"


class StreamSplitter:
    """Cuts a byte stream into messages.

    A Content-Length smaller than what follows (quirk: 0 with a body) is repaired by looking for
    the next start line; without any Content-Length the message is taken to have no body, unless
    the next start line tells more. After a ProtocolError the stream is lost.
    """

    __slots__ = ("_buffer", "_maximum_body", "_maximum_header", "_needed", "_searched")

    def __init__(self, maximum_header: int = 65_536, maximum_body: int = 16 << 20) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._needed = 0
        self._maximum_header = maximum_header
        self._maximum_body = maximum_body

    @property
    def pending(self) -> int:
        """Bytes received that do not make a whole message yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes | Keepalive]:
        """Add received bytes; the whole messages and keepalives that are complete now.

        Raises:
            ProtocolError: not SIP, or beyond the bounds.
        """
        self._buffer += data
        found: list[bytes | Keepalive] = []
        while (one := self._next()) is not None:
            found.append(one)
        return found

    def _next(self) -> bytes | Keepalive | None:
        buffer = self._buffer
        if not buffer or len(buffer) < self._needed:
            return None
        if buffer[0] in b"\r\n":
            return self._blank()
        found = _EMPTY_LINE.search(buffer, max(0, self._searched - 3))
        if not found:
            self._searched = len(buffer)
            if len(buffer) > self._maximum_header:
                raise ProtocolError(f"SIP: header beyond {self._maximum_header} bytes")
            self._check_beginning()
            return None
        self._searched = found.start()
        if found.start() > self._maximum_header:
            raise ProtocolError(f"SIP: header beyond {self._maximum_header} bytes")
        self._check_beginning()
        length = self._length(bytes(buffer[: found.start()]))
        end = found.end() + length
        if len(buffer) < end:
            self._needed = end
            return None
        end = self._unannounced(end)
        message = bytes(buffer[:end])
        del buffer[:end]
        self._searched = self._needed = 0
        return message

    def _blank(self) -> Keepalive | None:
        """Empty lines between messages; a lone line end may be half of a ping."""
        buffer = self._buffer
        length = len(buffer) - len(buffer.lstrip(b"\r\n"))
        ping = length >= 4
        del buffer[:length]
        self._searched = 0
        return Keepalive.PING if ping else Keepalive.PONG

    def _check_beginning(self) -> None:
        """Refuse what can never become a message, before it has filled the bound."""
        line = bytes(self._buffer[:80]).split(b"\n", 1)[0].rstrip(b"\r")
        if not _START.match(line):
            raise ProtocolError("SIP: the stream holds something else than messages")

    def _length(self, header: bytes) -> int:
        values = {value.strip() for value in _CONTENT_LENGTH.findall(header)}
        if not values:
            return 0
        if len(values) > 1:
            raise ProtocolError("SIP: two Content-Lengths disagree")
        text = values.pop()
        if not text.isdigit() or len(text) > 12:
            raise ProtocolError("SIP: Content-Length is no number")
        if int(text) > self._maximum_body:
            raise ProtocolError(f"SIP: body of {int(text)} bytes is beyond {self._maximum_body}")
        return int(text)

    def _unannounced(self, end: int) -> int:
        """Where the message really ends when more body came than it announced."""
        buffer = self._buffer
        if end >= len(buffer) or buffer[end] in b"\r\n" or buffer[end] not in b"<v":
            return end
        if re.match(rb"<\?xml|<[A-Z][a-z]+>|v=0\r?\n", bytes(buffer[end : end + 24])):
            again = _AGAIN.search(buffer, end)
            return again.start() if again else len(buffer)
        return end
