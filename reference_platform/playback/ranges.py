"""The part of a file that an HTTP request asks for (RFC 9110, 14.1.2, 14.2)."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):  # noqa: N818  (an answer, not a fault)
    """The part begins behind the end of the file."""


def requested_part(header: str | None, size: int) -> tuple[int, int] | None:
    """Begin and end (excluded) of the part; None for the whole file.

    What is not understood, and several parts at once, are answered with the whole file, as the
    RFC allows.

    Raises:
        Unsatisfiable: see there.
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        if not length or not size:
            raise Unsatisfiable
        return max(size - length, 0), size
    begin = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < begin:
        return None
    if begin >= size:
        raise Unsatisfiable
    return begin, end
