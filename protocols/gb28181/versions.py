"""X-GB-Ver: which edition a side speaks (GB/T 28181-2022; absent before)."""

from __future__ import annotations

import re

from protocols.deviation import Deviation, printable
from protocols.gb28181.manscdp import Edition

HEADER = "X-GB-Ver"
CLAUSE = "GB/T 28181-2022"
NAMES = {"1.0": "2011", "1.1": "2011 supplement", "2.0": "2016", "3.0": "2022"}


def version_of(edition: Edition) -> str:
    """The header's value for an edition."""
    return "3.0" if edition == "2022" else "2.0"


def read_version(value: str | None) -> tuple[Edition, str, tuple[Deviation, ...]]:
    """Edition to speak with a peer, the name of the edition it speaks, and what is wrong.

    A peer without the header, or with one that cannot be read, is spoken to by 2016; one newer
    than 3.0 by 2022.
    """
    if value is None:
        return "2016", "", ()
    text = value.strip()
    found = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})", text)
    if not found:
        return "2016", "", (Deviation("gb-version", CLAUSE, printable(text)),)
    edition: Edition = "2022" if int(found[1]) >= 3 else "2016"
    unknown = () if text in NAMES else (Deviation("gb-version", CLAUSE, printable(text)),)
    return edition, NAMES.get(text, ""), unknown
