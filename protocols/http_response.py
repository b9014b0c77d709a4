"""HTTP/1.1 responses read from bytes as they arrive (RFC 9112), within bounds.

Sans-I/O: feed what the socket gave, get a response when it is complete. Content codings are not
decoded: the client asks for none.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocols.errors import ProtocolError

_MAXIMUM_CHUNK_LINE = 256
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class AnswerTooLargeError(ProtocolError):
    """The answer goes beyond the bound of ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"answer of more than {limit} bytes")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response.

    Attributes:
        status: status code, 200 to 599 (interim 1xx answers are skipped).
        reason: reason phrase, possibly empty.
        headers: fields in order, names as sent.
        body: the content after transfer decoding.
        reusable: whether the connection may carry another request.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    reusable: bool

    def header(self, name: str) -> str | None:
        """The first field called ``name`` in any case, or ``None``."""
        return next(iter(self.fields(name)), None)

    def fields(self, name: str) -> list[str]:
        """Every field called ``name`` in any case, in order."""
        wanted = name.lower()
        return [value for field, value in self.headers if field.lower() == wanted]


class HttpResponseReader:
    """Collects one response; feed it until it answers.

    Args:
        maximum_body: bound of the content in bytes.
        maximum_head: bound of status line and header fields in bytes.
        bodiless: the request was HEAD: there is no content whatever the header says.
    """

    def __init__(
        self, maximum_body: int = 1 << 20, maximum_head: int = 65_536, *, bodiless: bool = False
    ) -> None:
        self._maximum_body = maximum_body
        self._maximum_head = maximum_head
        self._bodiless = bodiless
        self._buffer = bytearray()
        self._body = bytearray()
        self._head: tuple[int, str, tuple[tuple[str, str], ...], bool] | None = None
        self._length: int | None = None
        self._chunked = False
        self._chunk_left: int | None = None
        self._in_trailer = False

    @property
    def started(self) -> bool:
        """Whether any byte of the response has come."""
        return bool(self._buffer) or self._head is not None

    def feed(self, data: bytes) -> HttpResponse | None:
        """Take ``data`` and return the response when it is complete.

        Raises:
            AnswerTooLargeError: a bound is exceeded.
            ProtocolError: not HTTP, or inconsistent.
        """
        self._buffer += data
        if self._head is None and not self._read_head():
            return None
        if self._chunked:
            return self._finish() if self._read_chunks() else None
        self._body += self._buffer
        self._buffer.clear()
        if self._length is not None and len(self._body) >= self._length:
            surplus = self._body[self._length :]
            del self._body[self._length :]
            self._buffer += surplus
            return self._finish()
        if len(self._body) > self._maximum_body:
            raise AnswerTooLargeError(self._maximum_body)
        return None

    def close(self) -> HttpResponse:
        """The response that the end of the connection completes.

        Raises:
            ProtocolError: the response was cut off.
        """
        if self._head is None:
            raise ProtocolError("HTTP: connection closed before a complete header")
        if self._chunked or self._length is not None:
            raise ProtocolError("HTTP: connection closed before the announced length")
        return self._finish()

    def _finish(self) -> HttpResponse:
        assert self._head is not None
        status, reason, headers, reusable = self._head
        framed = self._chunked or self._length is not None
        clean = reusable and framed and not self._buffer
        return HttpResponse(status, reason, headers, bytes(self._body), clean)

    def _read_head(self) -> bool:
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            width = 4
            bare = self._buffer.find(b"\n\n")
            if bare >= 0 and (end < 0 or bare < end):
                end, width = bare, 2
            if end < 0:
                self._check_unfinished_head()
                return False
            if end > self._maximum_head:
                raise AnswerTooLargeError(self._maximum_head)
            head = bytes(self._buffer[:end])
            del self._buffer[: end + width]
            status = self._take_head(head)
            if status >= 200:
                return True

    def _check_unfinished_head(self) -> None:
        if len(self._buffer) > self._maximum_head:
            raise AnswerTooLargeError(self._maximum_head)
        if not b"HTTP/"[: len(self._buffer)] == self._buffer[:5]:
            raise ProtocolError("HTTP: the answer is not HTTP")

    def _take_head(self, head: bytes) -> int:
        lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
        version, _, rest = lines[0].partition(" ")
        code, _, reason = rest.partition(" ")
        if not (version in ("HTTP/1.1", "HTTP/1.0") and code.isdecimal() and len(code) == 3):
            raise ProtocolError("HTTP: malformed status line")
        headers: list[tuple[str, str]] = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise ProtocolError("HTTP: malformed header field")
            headers.append((name, value.strip()))
        status = int(code)
        if status < 100:
            raise ProtocolError("HTTP: malformed status line")
        if status >= 200:
            self._frame(status, version, headers)
            self._head = (status, reason, tuple(headers), self._reusable(version, headers))
        return status

    def _frame(self, status: int, version: str, headers: list[tuple[str, str]]) -> None:
        codings = [v.lower() for n, v in headers if n.lower() == "transfer-encoding"]
        lengths = {v for n, v in headers if n.lower() == "content-length"}
        if self._bodiless or status in (204, 304):
            self._length = 0
        elif codings:
            if codings != ["chunked"] or version != "HTTP/1.1":
                raise ProtocolError("HTTP: unknown transfer coding")
            self._chunked = True
        elif lengths:
            value = lengths.pop()
            if lengths or not value.isdecimal() or not value.isascii() or len(value) > 15:
                raise ProtocolError("HTTP: malformed Content-Length")
            self._length = int(value)
            if self._length > self._maximum_body:
                raise AnswerTooLargeError(self._maximum_body)

    @staticmethod
    def _reusable(version: str, headers: list[tuple[str, str]]) -> bool:
        options = ",".join(v.lower() for n, v in headers if n.lower() == "connection")
        tokens = {token.strip() for token in options.split(",")}
        return "close" not in tokens and (version == "HTTP/1.1" or "keep-alive" in tokens)

    def _read_chunks(self) -> bool:
        while True:
            if self._chunk_left is not None and not self._take_chunk():
                return False
            line = self._take_line()
            if line is None:
                return False
            if self._in_trailer:
                if not line:
                    return True
                continue
            size = line.split(b";", 1)[0].strip().decode("latin-1")
            if not size or len(size) > 8 or not set(size) <= _HEXADECIMAL:
                raise ProtocolError("HTTP: malformed chunk size")
            length = int(size, 16)
            if len(self._body) + length > self._maximum_body:
                raise AnswerTooLargeError(self._maximum_body)
            self._in_trailer = length == 0
            self._chunk_left = length or None

    def _take_chunk(self) -> bool:
        assert self._chunk_left is not None
        taken = self._buffer[: self._chunk_left]
        self._body += taken
        del self._buffer[: len(taken)]
        self._chunk_left -= len(taken)
        if self._chunk_left or len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise ProtocolError("HTTP: chunk longer than announced")
        del self._buffer[:2]
        self._chunk_left = None
        return True

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end > _MAXIMUM_CHUNK_LINE or (end < 0 and len(self._buffer) > _MAXIMUM_CHUNK_LINE):
            raise ProtocolError("HTTP: overlong chunk line")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line
