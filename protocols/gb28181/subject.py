"""The Subject header of INVITE (GB/T 28181-2016 annex K)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError

CLAUSE = "GB/T 28181-2016 annex K"


@dataclass(frozen=True, slots=True)
class Subject:
    """``sender:sequence,receiver:sequence``.

    Attributes:
        sender: identifier of the source of the stream.
        sender_sequence: the same for the same live source; its first character is 0 for live
            and 1 for history.
        receiver: identifier of who gets it.
        receiver_sequence: unique at the receiver.
        deviations: what a parsed one has that the standard has not.
    """

    sender: str
    sender_sequence: str
    receiver: str
    receiver_sequence: str = "0"
    deviations: tuple[Deviation, ...] = field(default=(), compare=False)

    @property
    def history(self) -> bool:
        """Whether the first character of the sender's sequence says history."""
        return self.sender_sequence[:1] == "1"

    def __str__(self) -> str:
        return f"{self.sender}:{self.sender_sequence},{self.receiver}:{self.receiver_sequence}"


def parse_subject(text: str) -> Subject:
    """Read the header's value.

    Raises:
        ProtocolError: not two pairs, or too long.
    """
    if len(text) > 256:
        raise ProtocolError("Subject: more than 256 characters")
    pair = r"\s*([^:,\s]{1,64})\s*:\s*([^:,\s]{0,64})\s*"
    found = re.fullmatch(f"{pair},{pair}", text)
    if not found:
        raise ProtocolError("Subject: not sender:sequence,receiver:sequence")
    deviations: list[Deviation] = []
    for identifier in (found[1], found[3]):
        if not re.fullmatch(r"[0-9]{20}", identifier):
            deviations.append(Deviation("subject-identifier", CLAUSE, printable(identifier)))
    for sequence in (found[2], found[4]):
        if not 1 <= len(sequence) <= 20:
            deviations.append(Deviation("subject-sequence", CLAUSE, printable(sequence)))
    if found[2] and found[2][0] not in "01":
        deviations.append(Deviation("subject-kind", CLAUSE, printable(found[2])))
    return Subject(found[1], found[2], found[3], found[4], tuple(deviations))
