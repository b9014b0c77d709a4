"""Single lines of a session description of GB/T 28181, read with a note of what deviates."""

from __future__ import annotations

import re

from protocols import sdp
from protocols.deviation import Deviation, printable
from protocols.gb28181.session_judgement import CLAUSE

_NTP_EPOCH = 2_208_988_800
#: Above this a time cannot be meant as Unix seconds (it would be after 2065).
_CERTAINLY_NTP = 3_000_000_000


def own_lines(body: bytes, deviations: list[Deviation]) -> dict[str, str]:
    """The first u, y and f line; their order is judged."""
    text = body.decode("utf-8", "replace")
    if re.search(r"(?<!\r)\n", text):
        deviations.append(Deviation("sdp-line-ends", "RFC 4566 5"))
    own: dict[str, str] = {}
    order = ""
    for line in re.split(r"\r\n|\n|\r", text):
        kind, equals, value = line.partition("=")
        kind = kind.strip()
        if not equals or len(kind) != 1:
            continue
        order += kind
        if kind in "uyf":
            own.setdefault(kind, value.strip())
    if "y" in order and order[order.index("y") + 1 :].strip("f"):
        deviations.append(Deviation("sdp-y-order", CLAUSE, printable(order)))
    if order.count("y") > 1 or order.count("f") > 1:
        deviations.append(Deviation("sdp-line-twice", CLAUSE, printable(order)))
    return own


def origin(text: str, deviations: list[Deviation]) -> tuple[str, str]:
    """User name and address of ``o=``."""
    parts = text.split()
    if len(parts) != 6:
        deviations.append(Deviation("sdp-origin", "RFC 4566 5.2", printable(text)))
    owner = parts[0] if parts else ""
    if not re.fullmatch(r"[0-9]{20}", owner):
        deviations.append(Deviation("sdp-owner", CLAUSE, printable(owner)))
    return owner[:64], parts[5][:64] if len(parts) == 6 else ""


def address(connection: str, deviations: list[Deviation]) -> str:
    """The address of ``c=``, "" when there is none."""
    parts = connection.split()
    if len(parts) == 3 and parts[0].upper() == "IN" and parts[1].upper() in ("IP4", "IP6"):
        return parts[2].partition("/")[0][:64]
    deviations.append(Deviation("sdp-address", CLAUSE, printable(connection)))
    return ""


def rtpmap(media: sdp.Media, payload_type: int) -> str:
    """Encoding, clock rate and channels of a payload type, "" when nothing tells."""
    found = media.rtpmap(payload_type)
    if found is None:
        return ""
    channels = f"/{found.channels}" if found.channels != 1 else ""
    return f"{found.encoding}/{found.clock_rate}{channels}"


def times(timing: str, deviations: list[Deviation]) -> tuple[int, int]:
    """``t=`` in POSIX seconds; seconds since 1900 are converted and told."""
    found = re.fullmatch(r"([0-9]{1,12})\s+([0-9]{1,12})", timing)
    if not found:
        deviations.append(Deviation("sdp-time", CLAUSE, printable(timing)))
        return 0, 0
    start, stop = int(found[1]), int(found[2])
    if start > _CERTAINLY_NTP or stop > _CERTAINLY_NTP:
        deviations.append(Deviation("sdp-time-epoch", CLAUSE, printable(timing)))
        start, stop = (max(0, one - _NTP_EPOCH) if one else 0 for one in (start, stop))
    if stop < start:
        deviations.append(Deviation("sdp-time", CLAUSE, printable(timing)))
    return start, stop


def count(media: sdp.Media, name: str, deviations: list[Deviation]) -> int | None:
    """The whole number of ``a=name``, None when absent or none."""
    text = media.attribute(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        deviations.append(Deviation("sdp-attribute", CLAUSE, printable(f"{name}:{text}")))
        return None
    return int(text)
