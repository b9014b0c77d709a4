"""Live view (GB/T 28181-2016 9.2, annex C, F): the answer, the source, the program stream, the end.

What UDP lost on the way is never the device's; media that never came over UDP may have been
stopped by a firewall.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.conversation import Conversation, Exchange, moment, number, steps_of
from probes.gb28181.judging import Judgement, begin
from probes.gb28181.media import Media, open_media
from protocols.errors import ProtocolError
from protocols.gb28181.sdp import GbSession, judge_answer, parse_session
from protocols.gb28181.ssrc import format_y
from protocols.mpeg_ps.conformance import judge_program_stream

INSTRUMENT = "gb-live/1"
TRANSPORTS = ("udp", "tcp-device-active", "tcp-device-passive")
PAYLOAD_TYPE = 96
#: Seconds within which media must stop (ruling R-039).
STOP_S = 1.0
#: Departures that are unusual or of another edition, and nothing a receiver trips over.
_UNUSUAL = frozenset(
    {
        "ps-clock-gap",
        "ps-edition-2022-type",
        "ps-end-code-live",
        "ps-map-every-picture",
        "ps-map-place",
        "ps-map-stream-unused",
        "ps-mux-rate-zero",
        "ps-pes-per-nal-unit",
        "ps-picture-over-packs",
        "ps-pictures-in-pack",
        "ps-private-stream",
        "ps-stray-bytes",
        "ps-system-header-bounds",
        "ps-system-header-missing",
        "ps-system-header-place",
        "ps-system-header-streams",
    }
)
_TIMES = frozenset(
    {
        "ps-clock-after-picture",
        "ps-clock-backwards",
        "ps-clock-gap",
        "ps-decoding-time-backwards",
        "ps-picture-time-backwards",
    }
)


def measure_live(recording: Recording) -> Measurement:
    """Judge the sessions of a ``gb28181:live`` recording.

    Quantity ``gb-live``; ``details``: ``sessions`` (by transport: SSRC, payload type, packets,
    places with loss, codec, pictures, ``first_picture_s``, ``after_bye_s``).
    """
    judgement, conversation = begin(recording, "gb-live", INSTRUMENT)
    sessions: dict[str, Any] = {}
    judgement.details["sessions"] = sessions
    steps = steps_of(recording, "live")
    worked = any(number(step.get("status")) == 200 for step in steps)
    for step in steps:
        transport = str(step.get("transport"))
        media = open_media(recording, step.get("part"))
        found = session_details(step, media)
        sessions[transport] = found
        if accepted(judgement, conversation, step, transport, worked=worked):
            answered(judgement, conversation, step, transport)
            if sends(judgement, step, media, transport):
                stream(judgement, media, transport)
            stops(judgement, conversation, step, media, transport)
    for transport in TRANSPORTS:
        if transport not in sessions and not recording.problem:
            judgement.doubt("transport-untested", transport=transport)
    return judgement.measurement(conversation)


def session_details(step: dict[str, Any], media: Media) -> dict[str, Any]:
    """What the media of one session were."""
    acked = moment(step, "acked_at")
    first = media.first_key() if media.arrivals else None
    return {
        "packets": len(media.arrivals),
        "lost_places": media.lost if media.arrivals else 0,
        "ssrc": media.ssrc,
        "payload_types": sorted(media.payload_types),
        "codec": media.streams.video if media.streams else "",
        "audio": media.streams.audio if media.streams else "",
        "pictures": len(media.units),
        "first_picture_s": None if first is None or acked is None else round(first - acked, 3),
    }


def invite_of(conversation: Conversation, step: dict[str, Any]) -> Exchange | None:
    """The INVITE of a session."""
    wanted = step.get("call_id")
    return next((one for one in conversation.of_harness("INVITE") if one.call_id == wanted), None)


def accepted(
    judgement: Judgement,
    conversation: Conversation,
    step: dict[str, Any],
    transport: str,
    *,
    worked: bool,
) -> bool:
    """Whether the INVITE was accepted; notes why not."""
    status = int(number(step.get("status")))
    problem = step.get("problem")
    if status == 200:
        return True
    if status in (486, 480, 503):
        judgement.doubt("busy", transport=transport, status=status)
    elif status >= 300:
        judgement.fault("refused", transport=transport, status=status)
    elif worked and problem is None and invite_of(conversation, step) is not None:
        judgement.fault("no-answer", transport=transport)
    else:
        judgement.doubt("not-invited", transport=transport)
    return False


def _session(exchange: Exchange | None, *, answer: bool) -> GbSession | None:
    if exchange is None or (answer and exchange.final is None):
        return None
    message = exchange.final.message if answer and exchange.final else exchange.sip
    try:
        return parse_session(message.body)
    except ProtocolError:
        return None


def answered(
    judgement: Judgement, conversation: Conversation, step: dict[str, Any], transport: str
) -> None:
    """Whether the session description fits the offer."""
    invite = invite_of(conversation, step)
    offer, answer = _session(invite, answer=False), _session(invite, answer=True)
    if offer is None:
        judgement.doubt("no-offer-seen", transport=transport)
        return
    if answer is None:
        judgement.fault("no-session", transport=transport)
        return
    complaints = judge_answer(offer, answer)
    told = {one.code: one.detail for one in complaints}
    if "y-not-echoed" in told:
        judgement.fault("wrong-ssrc", transport=transport, detail=told["y-not-echoed"])
    if "sdp-answer-media" in told:
        judgement.fault("other-media", transport=transport, found=told["sdp-answer-media"])
    offered = {payload for payload, _ in offer.formats}
    if answer.payload_type is not None and answer.payload_type not in offered:
        judgement.fault("wrong-payload-type", transport=transport, found=answer.payload_type)
    for one in complaints:
        judgement.note("answer-departs", code=one.code, clause=one.clause, detail=one.detail)


def sends(judgement: Judgement, step: dict[str, Any], media: Media, transport: str) -> bool:
    """Whether RTP came, with the payload type and source that were agreed."""
    problem = step.get("problem")
    if not media.arrivals:
        code = problem.get("code") if isinstance(problem, dict) else problem
        if transport == "tcp-device-passive" and code == "visit.refused":
            judgement.fault("connection-refused", transport=transport)
        else:
            judgement.doubt("no-media", transport=transport)
        return False
    common = media.payload_types.most_common(1)[0][0]
    if common != PAYLOAD_TYPE:
        judgement.fault("wrong-payload-type", transport=transport, found=common)
    wanted = step.get("ssrc")
    if isinstance(wanted, str) and wanted.isdigit():
        wanted = int(wanted)
    if isinstance(wanted, int) and media.ssrc is not None and media.ssrc != wanted:
        detail = f"{format_y(wanted)} / {media.ssrc}"
        judgement.fault("wrong-ssrc", transport=transport, detail=detail)
    return True


def stream(judgement: Judgement, media: Media, transport: str, *, jumps: bool = False) -> None:
    """Whether it is a program stream as annex C has it; notes all departures.

    Where a playback ``jumps`` as it is told, its time may do so too.
    """
    found = [
        one
        for one in judge_program_stream(media.stream.data, media.stream.gaps)
        if not (jumps and one.code in _TIMES)
    ]
    judgement.departures += found
    for one in found:
        if one.code in _UNUSUAL:
            continue
        parameters = {
            "transport": transport,
            "code": one.code,
            "clause": one.clause,
            "detail": one.detail,
        }
        if media.lost:
            judgement.doubt("lossy", transport=transport, places=media.lost)
        elif one.code == "ps-none":
            judgement.fault("no-program-stream", transport=transport)
        elif one.code == "ps-map-missing":
            judgement.fault("no-map", transport=transport)
        else:
            judgement.fault("malformed-stream", **parameters)
        break
    if media.streams is not None and not media.units:
        judgement.doubt("no-picture", transport=transport)


def stops(
    judgement: Judgement,
    conversation: Conversation,
    step: dict[str, Any],
    media: Media,
    transport: str,
) -> None:
    """Whether BYE ends the media."""
    bye = moment(step, "bye_at")
    if bye is None or not media.arrivals:
        if media.arrivals:
            judgement.doubt("not-ended", transport=transport)
        return
    last = media.arrivals[-1][0]
    exchange = next(
        (one for one in conversation.of_harness("BYE") if one.call_id == step.get("call_id")),
        None,
    )
    # A device that is slow to answer has not heard earlier than it answers.
    heard = exchange.final.at if exchange is not None and exchange.final is not None else bye
    after = max(0.0, last - bye)
    judgement.details["sessions"].get(transport, {})["after_bye_s"] = round(after, 3)
    sent = media.sent_between(heard + STOP_S, float("inf"))
    status = number(step.get("bye_status"))
    copies = len(exchange.copies) if exchange else 0
    if sent:
        if status or conversation.reliable or copies >= 2:
            judgement.fault("goes-on", transport=transport, seconds=round(after, 1), packets=sent)
        else:
            judgement.doubt("bye-unanswered", transport=transport)
    elif number(step.get("watched_after_bye_s")) < STOP_S:
        judgement.doubt("end-not-watched", transport=transport)


def measure_first_picture(recording: Recording) -> Measurement:
    """The longest time from ACK to the first whole picture that decodes, over all transports.

    Quantity ``gb-first-picture`` in seconds. A session that gave none counts with the time for
    which it was watched, unless packets were lost on the way.
    """
    judgement, conversation = begin(recording, "gb-first-picture", INSTRUMENT)
    waited: dict[str, float] = {}
    for step in steps_of(recording, "live"):
        acked, ended = moment(step, "acked_at"), moment(step, "bye_at")
        transport = str(step.get("transport"))
        media = open_media(recording, step.get("part"))
        if acked is None or not media.arrivals:
            continue
        first = media.first_key()
        if first is not None and not (media.lost and first - acked > 1.0):
            waited[transport] = first - acked
        elif media.lost:
            judgement.doubt("lossy", transport=transport, places=media.lost)
        else:
            waited[transport] = (ended or media.arrivals[-1][0]) - acked
    judgement.details["waited_s"] = {name: round(value, 3) for name, value in waited.items()}
    if not waited and not judgement.doubts:
        judgement.doubt("nothing-sent")
    measured = judgement.measurement(conversation)
    if measured.spoilt is not None and not waited:
        return replace(measured, unit="s")
    worst = max(waited.values(), default=None)
    return replace(
        measured,
        value=worst,
        unit="s",
        lower=None if worst is None else max(0.0, worst - 0.02),
        upper=None if worst is None else worst + 0.02,
    )
