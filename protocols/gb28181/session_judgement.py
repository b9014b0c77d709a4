"""What offers and answers have to have (GB/T 28181-2016 annex F, RFC 3264)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.deviation import Deviation, printable
from protocols.gb28181.ssrc import format_y

if TYPE_CHECKING:
    from protocols.gb28181.sdp import GbSession

CLAUSE = "GB/T 28181-2016 annex F"
KINDS = ("Play", "Playback", "Download", "Talk")


def judge_offer(offer: GbSession) -> tuple[Deviation, ...]:
    """What an offer alone has to have."""
    deviations = list(offer.deviations)
    if offer.name not in KINDS:
        deviations.append(Deviation("sdp-name", CLAUSE, printable(offer.name)))
    if offer.name in ("Playback", "Download"):
        if not offer.start or not offer.stop:
            deviations.append(Deviation("sdp-time", CLAUSE, f"{offer.start} {offer.stop}"))
        if not offer.channel:
            deviations.append(Deviation("sdp-u", CLAUSE))
    return tuple(deviations)


def judge_answer(offer: GbSession, answer: GbSession) -> tuple[Deviation, ...]:
    """What an answer has to have, given the offer (same domain: ``y`` is echoed)."""
    deviations = list(answer.deviations)
    if answer.ssrc is None:
        deviations.append(Deviation("y-missing", CLAUSE))
    elif offer.ssrc is not None and answer.ssrc != offer.ssrc and answer.ssrc:
        detail = f"{format_y(offer.ssrc)} / {format_y(answer.ssrc)}"
        deviations.append(Deviation("y-not-echoed", CLAUSE, detail))
    if answer.kind != offer.kind or answer.protocol != offer.protocol:
        detail = printable(f"{answer.kind} {answer.protocol}")
        deviations.append(Deviation("sdp-answer-media", "RFC 3264 6", detail))
    offered = {number for number, _ in offer.formats}
    if answer.formats and not offered & {number for number, _ in answer.formats}:
        deviations.append(Deviation("sdp-answer-format", "RFC 3264 6.1", str(answer.formats[0][0])))
    opposite = {"recvonly": "sendonly", "sendonly": "recvonly"}.get(offer.direction)
    if opposite and answer.direction not in (opposite, "inactive"):
        deviations.append(Deviation("sdp-answer-direction", "RFC 3264 6.1", answer.direction))
    if answer.transport == "tcp" and answer.setup and answer.setup == offer.setup:
        deviations.append(Deviation("sdp-answer-setup", "RFC 4145 4.1", answer.setup))
    if offer.name == "Download" and answer.file_size is None:
        deviations.append(Deviation("sdp-no-file-size", CLAUSE))
    return tuple(deviations)
