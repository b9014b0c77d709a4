"""Wire privacy: is what a camera and the platform exchange encrypted? Judged from a capture.

Every flow between the two is classified; what is plain is rebuilt into a picture or into masked
lines of signalling, so that a "plain" can be seen with the eyes. The value is ``plain`` when any
flow could be read at any time, ``weak`` when one is protected by a broken or withdrawn cipher or
version, ``encrypted`` when all are protected and a picture's worth of traffic was seen. Where
the capture cannot tell, there is no value and ``spoilt`` says why: high entropy proves nothing.

DNS, NTP, DHCP, discovery, ICMP, RTCP and the like carry neither picture nor signalling: they are
listed as auxiliary and not judged, up to a bound in bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import CorruptRecordingError, Part, Recording
from probes.wire.classify import JudgedFlow, judge_flows
from probes.wire.flows import TCP, UDP, Capture, Flow, read_flows

INSTRUMENT = "wire-privacy/1"
_METHOD = "method.wire-privacy"
# One picture of a camera is more than this; less can be no video, whatever protects it.
_LEAST_OCTETS = 50_000
_LEAST_SECONDS = 2
_STREAM_NS = 1_000_000_000
_TOLERATED_LOSS = 0.01
_MAXIMUM_LISTED = 200
_PROTOCOL_NAMES = {TCP: "tcp", UDP: "udp"}


def measure_wire_privacy(recording: Recording) -> Measurement:
    """Judge the capture of a ``wire`` recording.

    Returns:
        quantity ``wire-privacy``; value ``encrypted``, ``weak``, ``plain`` or ``None``.
        ``details``: ``flows`` (every judged flow), ``reasons`` (code and parameters of each
        finding, worst first), ``reason`` (the first of them), ``counts``.
        ``evidence``: ``picture-N.jpg`` rebuilt from plain flows, ``signalling-N.txt``.
    """
    if recording.problem is not None and "capture.pcap" not in recording.parts:
        return _measurement(recording, None, {}, {}, recording.problem)
    try:
        capture = read_flows(recording.read("capture.pcap"))
    except (KeyError, CorruptRecordingError):
        return _measurement(recording, None, {}, {}, Reason("wire-privacy.nothing-seen"))
    judged, elsewhere = _judged(capture, recording)
    details, evidence = _account(judged + elsewhere, capture, recording)
    reasons = _reasons(judged)
    details["reasons"] = [_as_json(reason) for reason in reasons]
    details["reason"] = details["reasons"][0] if reasons else None
    worst = _worst(judged)
    if worst in ("plain", "weak"):
        return _measurement(recording, worst, details, evidence, None)
    spoilt = _spoilt(judged, elsewhere, capture, recording)
    return _measurement(recording, None if spoilt else "encrypted", details, evidence, spoilt)


def _measurement(
    recording: Recording,
    value: str | None,
    details: dict[str, Any],
    evidence: dict[str, Part],
    spoilt: Reason | None,
) -> Measurement:
    return Measurement.of(
        recording,
        quantity="wire-privacy",
        value=value,
        unit="",
        instrument=INSTRUMENT,
        method=_METHOD,
        details=details,
        evidence=evidence,
        spoilt=spoilt,
    )


def _judged(capture: Capture, recording: Recording) -> tuple[list[JudgedFlow], list[JudgedFlow]]:
    """The flows between camera and platform, and those of the camera with undeclared others."""
    camera = str(recording.facts.get("camera", ""))
    platform = {str(address) for address in recording.facts.get("platform") or ()}
    own = {str(address) for address in recording.facts.get("own_addresses") or ()}
    own -= {camera, *platform}
    between: list[Flow] = []
    others: list[Flow] = []
    for flow in capture.flows:
        ends = flow.addresses()
        if camera not in ends or ends & own:
            continue
        (between if not platform or ends & platform else others).append(flow)
    judged = judge_flows(between + others)
    return judged[: len(between)], judged[len(between) :]


def _worst(judged: Iterable[JudgedFlow]) -> str:
    found = {flow.judgement for flow in judged}
    return next((name for name in ("plain", "weak", "unknown", "protected") if name in found), "")


def _reasons(judged: list[JudgedFlow]) -> list[Reason]:
    """One reason for each plain or weak flow, without repetition, the most telling first."""
    found: dict[str, Reason] = {}
    for flow in judged:
        if flow.judgement not in ("plain", "weak"):
            continue
        parameters = {
            "source": _end(flow.flow.opener),
            "destination": _end(flow.flow.answerer),
            "form": flow.content.form if flow.content else flow.name,
            "version": flow.version,
            "cipher": flow.cipher,
        }
        for code in _codes(flow, judged):
            found.setdefault(code, Reason(f"wire-privacy.{code}", parameters))
    return [found[code] for code in _ORDER if code in found]


_ORDER = (
    "plain-fallback",
    "obfuscated",
    "encoded",
    "null-cipher",
    "plain-media",
    "plain-picture",
    "plain-signalling",
    "weak-cipher",
)


def _codes(flow: JudgedFlow, judged: list[JudgedFlow]) -> Iterator[str]:
    if flow.disguise is not None:
        yield "obfuscated" if flow.disguise.kind == "mask" else "encoded"
    elif flow.why in ("srtp-null-cipher", "tls-null-cipher", "esp-null-cipher"):
        yield "null-cipher"
    elif flow.judgement == "weak" or flow.content is None:
        yield "weak-cipher"
    else:
        if flow.content.kind == "media" and _falls_back(flow, judged):
            yield "plain-fallback"
        yield f"plain-{flow.content.kind}"
        if flow.content.kind == "media" and flow.content.text:
            yield "plain-signalling"


def _falls_back(flow: JudgedFlow, judged: list[JudgedFlow]) -> bool:
    """Whether encrypted video between the same two ended before this plain one began."""
    return any(
        other.judgement == "protected"
        and other.flow.addresses() == flow.flow.addresses()
        and other.flow.octets >= _LEAST_OCTETS
        and other.flow.last_ns - other.flow.first_ns >= _STREAM_NS
        and other.flow.last_ns <= flow.flow.first_ns
        for other in judged
    )


def _spoilt(
    judged: list[JudgedFlow],
    elsewhere: list[JudgedFlow],
    capture: Capture,
    recording: Recording,
) -> Reason | None:
    """Why "all that was seen is protected" may not be called encrypted, ``None`` when it may."""
    content = [flow for flow in judged if flow.judgement not in ("auxiliary", "idle")]
    if not content:
        frames = capture.counts.frames
        return Reason("wire-privacy.nothing-seen", {"frames": frames, "fault": capture.fault})
    lost = _lost_share(judged, capture, recording)
    if lost > _TOLERATED_LOSS:
        return Reason("wire-privacy.capture-lossy", {"percent": round(100 * lost, 1)})
    unknown = [flow for flow in content if flow.judgement == "unknown"]
    if unknown:
        return _unknown("unknown-flows", unknown)
    undeclared = [flow for flow in elsewhere if flow.judgement in ("plain", "weak", "unknown")]
    if undeclared:
        return _unknown("undeclared-peer", undeclared)
    if capture.fault:
        return Reason("wire-privacy.capture-damaged", {"detail": capture.fault})
    camera = str(recording.facts.get("camera", ""))
    sent = [flow.flow.sent_by(camera) for flow in content]
    octets = sum(direction.octets for direction in sent)
    seconds = len(set().union(*(direction.seconds for direction in sent)))
    if octets < _LEAST_OCTETS or seconds < _LEAST_SECONDS:
        return Reason("wire-privacy.no-media-seen", {"octets": octets, "seconds": seconds})
    return None


def _unknown(code: str, flows: list[JudgedFlow]) -> Reason:
    largest = max(flows, key=lambda flow: flow.flow.octets)
    return Reason(
        f"wire-privacy.{code}",
        {
            "count": len(flows),
            "source": _end(largest.flow.opener),
            "destination": _end(largest.flow.answerer),
            "octets": largest.flow.octets,
            "why": largest.why,
        },
    )


def _lost_share(judged: list[JudgedFlow], capture: Capture, recording: Recording) -> float:
    """Share of packets that the capture lost or cut short."""
    frames = max(capture.counts.frames, 1)
    dropped = int(recording.facts.get("dropped") or 0)
    cut = sum(side.truncated for flow in judged for side in flow.flow.directions())
    return max(dropped / (frames + dropped), cut / frames)


def _account(
    judged: list[JudgedFlow], capture: Capture, recording: Recording
) -> tuple[dict[str, Any], dict[str, Part]]:
    evidence: dict[str, Part] = {}
    listed: list[dict[str, Any]] = []
    ranks = {"plain": 0, "weak": 1, "unknown": 2, "protected": 3, "auxiliary": 4, "idle": 5}
    for flow in sorted(judged, key=lambda flow: (ranks[flow.judgement], flow.flow.first_ns)):
        names = _add_evidence(flow, evidence)
        if len(listed) < _MAXIMUM_LISTED:
            listed.append(_describe(flow, names))
    counts = {
        "frames": capture.counts.frames,
        "not_ip": capture.counts.not_ip,
        "malformed": capture.counts.malformed + capture.counts.unknown_link,
        "incomplete_fragments": capture.counts.incomplete_fragments,
        "dropped": recording.facts.get("dropped"),
        "flows": len(judged),
        "flows_in_capture": len(capture.flows),
        "fault": capture.fault,
    }
    return {"flows": listed, "counts": counts}, evidence


def _describe(judged: JudgedFlow, evidence: list[str]) -> dict[str, Any]:
    flow = judged.flow
    return {
        "transport": _PROTOCOL_NAMES.get(flow.protocol, f"ip-{flow.protocol}"),
        "source": _end(flow.opener),
        "destination": _end(flow.answerer),
        "octets": [flow.forward.octets, flow.backward.octets],
        "packets": [flow.forward.packets, flow.backward.packets],
        "started": flow.first_ns / 1e9,
        "ended": flow.last_ns / 1e9,
        "class": judged.name,
        "judgement": judged.judgement,
        "why": {"code": f"wire-privacy.why.{judged.why}", "parameters": judged.parameters},
        "version": judged.version,
        "cipher": judged.cipher,
        "content": judged.content.form if judged.content else None,
        "credentials": judged.content.credentials if judged.content else False,
        "evidence": evidence,
    }


def _add_evidence(judged: JudgedFlow, evidence: dict[str, Part]) -> list[str]:
    """Put the pictures and the masked text of a plain flow into the evidence."""
    names: list[str] = []
    if judged.content is None or len(evidence) >= 12:
        return names
    for picture in judged.content.pictures[:2]:
        names.append(f"picture-{len(evidence) + 1}.jpg")
        evidence[names[-1]] = Part.of(picture.jpeg(), "image/jpeg")
    if judged.content.text:
        names.append(f"signalling-{len(evidence) + 1}.txt")
        evidence[names[-1]] = Part.of(judged.content.text.encode(), "text/plain; charset=utf-8")
    return names


def _end(endpoint: tuple[str, int]) -> str:
    address, port = endpoint
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _as_json(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "parameters": dict(reason.parameters)}
