"""What a platform asks of a device: questions, commands, live view, playback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from probes.gb28181.conversation import Exchange
from probes.gb28181.deviations import tolerated
from probes.gb28181.platform_lines import PATIENCE_S, Line, Scene
from protocols.deviation import Deviation, printable
from protocols.errors import ProtocolError
from protocols.gb28181.manscdp import judge_content_type
from protocols.gb28181.mansrtsp import parse_command
from protocols.gb28181.ptz import parse_ptz
from protocols.gb28181.records import read_record_query
from protocols.gb28181.sdp import GbSession, judge_offer, parse_session
from protocols.gb28181.ssrc import judge_y
from protocols.gb28181.subject import Subject, parse_subject
from protocols.gb28181.texts import judge_charset
from protocols.sip.conformance import judge_message
from protocols.sip.uri import parse_uri

_ENVELOPE = "GB/T 28181-2016 A.1"
_SDP = "GB/T 28181-2016 annex F"
_PTZ = "GB/T 28181-2016 A.3"
_LIVE = "GB/T 28181-2016 9.2"
_HISTORY = ("playback", "download")
_QUERIES = {
    "catalog": ("Catalog", "GB/T 28181-2016 9.5.3.1"),
    "device-info": ("DeviceInfo", "GB/T 28181-2016 9.5.3.2"),
    "device-status": ("DeviceStatus", "GB/T 28181-2016 9.5.3.3"),
    "record-info": ("RecordInfo", "GB/T 28181-2016 9.7"),
}
_CONTROLS = ("DeviceControl", "DeviceConfig")


def judge_requests(scene: Scene) -> Iterator[Line]:
    """Every line about what the platform asks, and that it takes the answers."""
    for name, (command, clause) in _QUERIES.items():
        line = Line(name, clause)
        for one in scene.conversation.told("Query", command):
            _look_at(line, scene, one)
            if one.manscdp is not None and command == "RecordInfo":
                own = read_record_query(one.manscdp).deviations
                line.deviate(found for found in own if found not in one.manscdp.deviations)
        yield line
    control = Line("control", _ENVELOPE)
    for command in _CONTROLS:
        for one in scene.conversation.told("Control", command):
            _look_at(control, scene, one)
    yield control
    yield _ptz(scene)
    others = _other_messages(scene)
    if others.looked:  # no platform needs to send any
        yield others
    yield _answers_taken(scene)


def judge_sessions(scene: Scene) -> Iterator[Line]:
    """Every line about live view and playback."""
    live, history = Line("live-offer", _SDP), Line("playback-offer", _SDP)
    subject = Line("subject", "GB/T 28181-2016 annex K")
    acknowledged, ended = Line("ack", _LIVE), Line("bye", _LIVE)
    for one in _invitations(scene):
        try:
            offer = parse_session(one.sip.body)
        except ProtocolError:
            live.look()
            live.depart("sdp-unreadable")
            continue
        past = offer.name.lower() in _HISTORY
        _judge_offer(history if past else live, scene, offer, past)
        _judge_subject(subject, one, past)
        if one.status == 200 and one.final is not None:
            _judge_end(acknowledged, ended, scene, one, one.final.at)
    yield subject
    yield live
    yield history
    yield acknowledged
    yield ended
    yield _playback_control(scene)


def judge_signalling(scene: Scene) -> Line:
    """All SIP messages of the platform by the strict reading; Date has a line of its own."""
    line = Line("sip", "RFC 3261")
    for said in scene.conversation.messages:
        if said.outbound:
            continue
        line.look()
        found = judge_message(said.message, said.transport)
        line.deviate(one for one in found if not one.code.startswith("sip-date"))
    if scene.conversation.unreadable:
        line.look()
        line.deviate(scene.conversation.unreadable)
    return line


# Questions and commands


def _look_at(line: Line, scene: Scene, exchange: Exchange) -> None:
    """One MANSCDP message of the platform by the strict reading of its envelope."""
    body = exchange.manscdp
    assert body is not None
    line.look()
    line.deviate(body.deviations)
    line.deviate(judge_content_type(exchange.sip.headers.get("Content-Type")))
    line.deviate(_charset(scene, exchange, body.charset))
    known = scene.recording.facts.get("identifiers")
    if body.device and isinstance(known, list | tuple) and body.device not in known:
        line.depart("device-unknown", found=printable(body.device))


def _charset(scene: Scene, exchange: Exchange, charset: str) -> Iterable[Deviation]:
    """The 2016 edition only recommends its character set; the edition of 2022 demands it."""
    if scene.recording.facts.get("edition") != "2022":
        return ()
    return judge_charset("2022", charset, ascii_only=exchange.sip.body.isascii())


def _ptz(scene: Scene) -> Line:
    line = Line("ptz", _PTZ)
    for one in scene.conversation.told("Control", "DeviceControl"):
        text = one.manscdp.text("PTZCmd") if one.manscdp is not None else ""
        if not text:
            continue
        line.look()
        try:
            line.deviate(parse_ptz(text).deviations)
        except ProtocolError:
            line.depart("ptz-unreadable", found=printable(text, 24))
    return line


def _other_messages(scene: Scene) -> Line:
    """Whatever else came in a MESSAGE or SUBSCRIBE."""
    line = Line("other-messages", _ENVELOPE)
    named = {command for command, _ in _QUERIES.values()} | set(_CONTROLS)
    for method in ("MESSAGE", "SUBSCRIBE", "NOTIFY"):
        for one in scene.asked(method):
            if one.unreadable:
                line.look()
                line.deviate([Deviation("manscdp-unreadable", _ENVELOPE, one.unreadable[:60])])
            elif one.manscdp is not None and one.manscdp.command not in named:
                _look_at(line, scene, one)
    return line


def _answers_taken(scene: Scene) -> Line:
    line = Line("answers", "GB/T 28181-2016 9.3.1")
    for one in scene.sent("MESSAGE"):
        body = one.manscdp
        if body is None or body.kind != "Response" or not scene.settled(one):
            continue
        line.look()
        if one.final is None:
            line.depart("unanswered", what=printable(body.command))
        elif one.status != 200:
            line.depart("answer-refused", what=printable(body.command), status=one.status)
    return line


# Sessions


def _invitations(scene: Scene) -> Iterator[Exchange]:
    """INVITEs that begin a session."""
    for one in scene.asked("INVITE"):
        if ";tag=" not in (one.sip.headers.get("To") or "").lower():
            yield one


def _judge_offer(line: Line, scene: Scene, offer: GbSession, past: bool) -> None:
    line.look()
    line.deviate(judge_offer(offer))
    codes = {one.code for one in offer.deviations}
    if offer.ssrc is not None:
        domain = scene.fact("server", "domain") or scene.fact("server", "id")
        line.deviate(judge_y(offer.ssrc, domain=domain, history=past))
    elif "y-digits" not in codes:
        line.depart("y-missing")
    if offer.address in ("", "0.0.0.0"):
        line.depart("media-address", found=offer.address or "-")
    if not offer.port:
        line.depart("media-port")
    if offer.kind == "video" and offer.direction != "recvonly":
        line.depart("media-direction", found=offer.direction)


def _judge_subject(line: Line, exchange: Exchange, past: bool) -> None:
    line.look()
    text = exchange.sip.headers.get("Subject")
    if text is None:
        line.depart("subject-missing")
        return
    subject: Subject | None = tolerated(lambda: parse_subject(text))
    if subject is None:
        line.depart("subject-unreadable", found=printable(text))
        return
    line.deviate(subject.deviations)
    target = tolerated(lambda: parse_uri(exchange.sip.uri))
    if target is not None and subject.sender != target.user:
        line.depart("subject-sender", found=printable(subject.sender), asked=printable(target.user))
    kinds = {one.code for one in subject.deviations}
    if subject.sender_sequence and "subject-kind" not in kinds and subject.history != past:
        line.depart("subject-history", found=printable(subject.sender_sequence))


def _judge_end(
    acknowledged: Line, ended: Line, scene: Scene, invitation: Exchange, accepted_at: float
) -> None:
    """ACK to our 200, and BYE."""
    same = [one for one in scene.conversation.exchanges if one.call_id == invitation.call_id]
    if not any(one.method == "ACK" and one.from_device for one in same):
        if accepted_at + PATIENCE_S <= scene.ended:
            acknowledged.look()
            acknowledged.depart("no-ack")
        return
    acknowledged.look()
    said = [one for one in same if one.method == "BYE"]
    if any(one.from_device for one in said):
        ended.look()
    elif said:
        ended.not_observed("ended-by-us")
    else:
        ended.not_observed("still-open")


def _playback_control(scene: Scene) -> Line:
    line = Line("playback-control", "GB/T 28181-2016 annex B")
    for one in scene.asked("INFO"):
        line.look()
        try:
            line.deviate(parse_command(one.sip.body).deviations)
        except ProtocolError:
            line.depart("info-unreadable")
    return line
