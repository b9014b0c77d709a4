"""Encrypted service to users (4.1-9): TLS at every port that serves them, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assessment.measurement import Measurement
from assessment.recording import Recording
from probes.gb28181.judging import Judgement
from probes.platform.reading import mapping, mappings
from probes.wire_privacy import measure_wire_privacy

INSTRUMENT = "platform-transport/1"
QUANTITY = "platform-transport"
_OLD = ("SSL 3.0", "TLS 1.0", "TLS 1.1")
_SOUND = ("TLS 1.2", "TLS 1.3")


def measure_transport(recording: Recording) -> Measurement:
    """Judge a ``platform:wire`` recording.

    Quantity ``platform-transport``; ``details``: ``ports`` with what each one is.
    """
    judgement = Judgement(recording, QUANTITY, INSTRUMENT)
    facts = recording.facts
    serves: list[Mapping[str, Any]] = []
    kinds: dict[str, str] = {}
    for port in mappings(facts.get("ports")):
        kind = _kind(port)
        kinds[str(port.get("port"))] = kind
        if kind == "https":
            serves.append(port)
            _tls(judgement, port)
        elif kind == "http":
            _plain(judgement, port)
        elif kind in ("unknown", "tls"):
            judgement.doubt("unknown-port", port=port.get("port"))
    judgement.details["ports"] = kinds
    if not serves and recording.problem is None:
        judgement.doubt("no-service")
    _session(judgement)
    return judgement.measurement()


def measure_session_privacy(recording: Recording) -> Measurement | None:
    """What a bystander makes of a user's session, ``None`` where nobody watched it.

    Quantity ``wire-privacy``, see ``probes.wire_privacy``.
    """
    if "capture.pcap" not in recording.parts:
        return None
    seen = replace(recording, facts=mapping(recording.facts.get("capture")), problem=None)
    return replace(measure_wire_privacy(seen), recordings=(recording.digest,))


def _kind(port: Mapping[str, Any]) -> str:
    if port.get("declared") == "devices":
        return "devices"
    if list(mappings(port.get("https"))):
        return "https"
    if list(mappings(port.get("http"))):
        return "http"
    if port.get("sip") is True:
        return "sip"
    return "tls" if "versions" in port else "unknown"


def _tls(judgement: Judgement, port: Mapping[str, Any]) -> None:
    number = port.get("port")
    versions = mapping(port.get("versions"))
    weak = [str(one.get("name")) for one in mappings(port.get("weak"))]
    certificate = mapping(port.get("certificate"))
    if certificate.get("valid") is False:
        why = str(certificate.get("why") or "other")
        known = why in ("expired", "wrong-host", "unknown-authority", "self-signed")
        judgement.fault(
            f"certificate-{why}" if known else "certificate-refused",
            port=number,
            detail=certificate.get("detail", ""),
        )
    if weak:
        judgement.fault("weak-suite", port=number, suites=", ".join(weak[:3]))
    old = [name for name in _OLD if versions.get(name) is True]
    if old:
        judgement.fault("old-version", port=number, versions=", ".join(old))
    if not any(versions.get(name) is True for name in _SOUND):
        judgement.fault("no-sound-version", port=number)
    if certificate.get("valid") is None and not judgement.faults:
        judgement.doubt("no-handshake", port=number)


def _plain(judgement: Judgement, port: Mapping[str, Any]) -> None:
    """Plain HTTP leads to HTTPS, or refuses; anything else is served in clear."""
    for answer in mappings(port.get("http")):
        status = answer.get("status")
        if not isinstance(status, int):
            continue
        leads = 300 <= status < 400 and answer.get("leads_to") == "https"
        refuses = status in (400, 403, 404, 405, 410, 421, 426, 501, 505)
        if not leads and not refuses:
            judgement.fault("plain-http", port=port.get("port"), status=status)
            return


def _session(judgement: Judgement) -> None:
    session = mapping(judgement.recording.facts.get("session"))
    for one in mappings(session.get("media")):
        if one.get("scheme") in ("http", "ws", "rtsp", "rtmp"):
            judgement.fault("media-in-clear", scheme=one.get("scheme"))
    for one in mappings(session.get("websocket")):
        if one.get("status") == 101:
            judgement.fault("plain-websocket", port=one.get("port"))
    if not session.get("logged_in"):
        judgement.note("no-session")
