"""MANSRTSP: control of playback in the body of INFO (GB/T 28181-2016 annex B)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CONTENT_TYPE = "Application/MANSRTSP"
CLAUSE = "GB/T 28181-2016 annex B"
MAXIMUM_BYTES = 8192
_MAXIMUM_LINES = 64
Method = Literal["PLAY", "PAUSE", "TEARDOWN"]
_METHODS: tuple[Method, ...] = ("PLAY", "PAUSE", "TEARDOWN")


@dataclass(frozen=True, slots=True)
class PlaybackCommand:
    """One request.

    Attributes:
        method: PLAY, PAUSE or TEARDOWN.
        cseq: its own sequence, not the one of SIP; None when absent.
        scale: speed of playback, negative backwards; None: no Scale header.
        start: ``Range: npt=start-`` in seconds from the start of the recording, ``"now"``, or
            None without a Range header.
        end: end of that range, seconds, or None.
        deviations: what a parsed one has that the standard has not.
    """

    method: Method
    cseq: int | None = 1
    scale: float | None = None
    start: float | Literal["now"] | None = None
    end: float | None = None
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    @property
    def what(self) -> str:
        """``pause``, ``resume``, ``speed``, ``seek``, ``play`` or ``stop``."""
        if self.method != "PLAY":
            return {"PAUSE": "pause", "TEARDOWN": "stop"}[self.method]
        if isinstance(self.start, float):
            return "seek"
        if self.scale is not None:
            return "speed"
        return "resume" if self.start == "now" else "play"

    def to_bytes(self, *, start_line: str = "RTSP/1.0") -> bytes:
        """The body; ``start_line`` may be ``MANSRTSP/1.0`` as annex J has it."""
        lines = [f"{self.method} {start_line}"]
        if self.cseq is not None:
            lines.append(f"CSeq: {self.cseq}")
        if self.method == "PAUSE":
            lines.append("PauseTime: now")
        if self.scale is not None:
            lines.append(f"Scale: {_number(self.scale)}")
        if self.start is not None:
            start = self.start if self.start == "now" else _number(float(self.start), whole=True)
            end = "" if self.end is None else _number(self.end, whole=True)
            lines.append(f"Range: npt={start}-{end}")
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


@dataclass(frozen=True, slots=True)
class PlaybackAnswer:
    """The answer that the 200 OK to INFO, or an INFO back, may carry.

    Attributes:
        status, reason: as in RTSP.
        cseq: of the request, None when absent.
        range_text: value of Range, "" when absent.
        rtp_sequence, rtp_time: from RTP-Info, None when absent.
        deviations: what a parsed one has that the standard has not.
    """

    status: int
    reason: str = "OK"
    cseq: int | None = None
    range_text: str = ""
    rtp_sequence: int | None = None
    rtp_time: int | None = None
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    def to_bytes(self) -> bytes:
        """The body."""
        lines = [f"RTSP/1.0 {self.status} {self.reason}"]
        if self.cseq is not None:
            lines.append(f"CSeq: {self.cseq}")
        if self.range_text:
            lines.append(f"Range: {self.range_text}")
        if self.rtp_sequence is not None:
            stamp = "" if self.rtp_time is None else f";rtptime={self.rtp_time}"
            lines.append(f"RTP-Info: seq={self.rtp_sequence}{stamp}")
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def _number(value: float, *, whole: bool = False) -> str:
    """A number as devices write it: ``2.0``, ``0.25``; ``100`` when whole ones go without point."""
    if whole and value == int(value):
        return str(int(value))
    text = f"{value:.6f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def resume(cseq: int) -> PlaybackCommand:
    """Go on from where it paused."""
    return PlaybackCommand("PLAY", cseq, None, "now")


def pause(cseq: int) -> PlaybackCommand:
    """Pause, keeping resources."""
    return PlaybackCommand("PAUSE", cseq)


def speed(cseq: int, scale: float) -> PlaybackCommand:
    """Play faster or slower from the present position."""
    return PlaybackCommand("PLAY", cseq, scale)


def seek(cseq: int, seconds: float) -> PlaybackCommand:
    """Go to ``seconds`` after the start of the recording."""
    return PlaybackCommand("PLAY", cseq, None, float(seconds))


def teardown(cseq: int) -> PlaybackCommand:
    """End."""
    return PlaybackCommand("TEARDOWN", cseq)


def parse_command(body: bytes) -> PlaybackCommand:
    """Read a request; MANSRTSP/1.0, bare line feeds and ``ntp=`` are taken and told.

    Raises:
        ProtocolError: no such request, or numbers that are none.
    """
    deviations: list[Deviation] = []
    first, headers = _lines(body, deviations)
    found = re.fullmatch(r"([A-Za-z]{1,16})\s+(?:\S{1,256}\s+)?(\S{1,32})", first)
    method = next((one for one in _METHODS if found and one == found[1].upper()), None)
    if not found or method is None:
        raise ProtocolError("MANSRTSP: neither PLAY, PAUSE nor TEARDOWN")
    if found[2].upper() not in ("RTSP/1.0", "MANSRTSP/1.0"):
        deviations.append(Deviation("mansrtsp-version", CLAUSE, printable(found[2])))
    scale = _decimal(headers["scale"]) if "scale" in headers else None
    start, end = _range(headers, deviations)
    if isinstance(start, float) and scale is not None:
        deviations.append(Deviation("mansrtsp-range-and-scale", CLAUSE))
    if scale == 0:
        deviations.append(Deviation("mansrtsp-scale-zero", CLAUSE))
    if method == "PAUSE" and "pausetime" not in headers:
        deviations.append(Deviation("mansrtsp-no-pause-time", CLAUSE))
    return PlaybackCommand(method, _cseq(headers, deviations), scale, start, end, tuple(deviations))


def parse_answer(body: bytes) -> PlaybackAnswer:
    """Read an answer.

    Raises:
        ProtocolError: no status line.
    """
    deviations: list[Deviation] = []
    first, headers = _lines(body, deviations)
    found = re.fullmatch(r"(?:MANS)?RTSP/1\.0\s+([1-9][0-9]{2})\b\s*(.{0,128})", first, re.I)
    if not found:
        raise ProtocolError("MANSRTSP: no status line")
    numbers: dict[str, int | None] = {}
    for name in ("seq", "rtptime"):
        one = re.search(rf"\b{name}\s*=\s*([0-9]{{1,10}})\b", headers.get("rtp-info", ""), re.A)
        numbers[name] = int(one[1]) if one else None
    return PlaybackAnswer(
        int(found[1]),
        found[2],
        _cseq(headers, deviations),
        headers.get("range", ""),
        numbers["seq"],
        numbers["rtptime"],
        tuple(deviations),
    )


def _lines(body: bytes, deviations: list[Deviation]) -> tuple[str, dict[str, str]]:
    """The first line and the headers by lower-case name."""
    if len(body) > MAXIMUM_BYTES:
        raise ProtocolError(f"MANSRTSP: more than {MAXIMUM_BYTES} bytes")
    text = body.decode("utf-8", "replace")
    if re.search(r"(?<!\r)\n", text):
        deviations.append(Deviation("mansrtsp-line-ends", CLAUSE))
    lines = [line.strip() for line in re.split(r"\r\n|\n|\r", text.lstrip())]
    if len(lines) > _MAXIMUM_LINES:
        raise ProtocolError(f"MANSRTSP: more than {_MAXIMUM_LINES} lines")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return lines[0], headers


def _cseq(headers: dict[str, str], deviations: list[Deviation]) -> int | None:
    text = headers.get("cseq", "")
    if re.fullmatch(r"[0-9]{1,10}", text):
        return int(text)
    deviations.append(Deviation("mansrtsp-cseq", CLAUSE, printable(text)))
    return None


def _decimal(text: str) -> float:
    if not re.fullmatch(r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})", text):
        raise ProtocolError("MANSRTSP: not a number")
    return float(text)


def _range(
    headers: dict[str, str], deviations: list[Deviation]
) -> tuple[float | Literal["now"] | None, float | None]:
    if "range" not in headers:
        return None, None
    text = headers["range"].lower()
    found = re.fullmatch(r"(npt|ntp)\s*=\s*(now|-?[0-9.]{1,20})?\s*-\s*([0-9.]{1,20})?", text)
    if not found or (found[2] is None and found[3] is None):
        raise ProtocolError("MANSRTSP: malformed Range")
    if found[1] == "ntp":
        deviations.append(Deviation("mansrtsp-ntp", CLAUSE, printable(text)))
    start: float | Literal["now"] = "now"
    if found[2] not in (None, "now"):
        start = _decimal(found[2])
        if start < 0 or math.copysign(1, start) < 0:
            deviations.append(Deviation("mansrtsp-range-negative", CLAUSE, printable(text)))
    return start, _decimal(found[3]) if found[3] else None
