"""Recordings, measurements and findings as JSON documents, and back.

Blobs are not in the documents: a part is named by its SHA-256, media type and size, and whoever
reads a document back says where the content of a digest lies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Part, Recording
from assessment.verdicts import Verdict

#: Where the content of a digest lies.
Locate = Callable[[str], Path]
Document = Mapping[str, Any]


def canonical(document: Document) -> str:
    """The one JSON text of ``document``, whose SHA-256 names it."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def recording_from(document: Document, locate: Locate) -> Recording:
    """The recording of ``Recording.sealed_document``.

    Raises:
        KeyError, ValueError, TypeError: it is no such document.
    """
    return Recording(
        kind=document["kind"],
        subject=document["subject"],
        started=datetime.fromisoformat(document["started"]),
        ended=datetime.fromisoformat(document["ended"]),
        facts=document["facts"],
        parts=_parts_from(document["parts"], locate),
        problem=_reason_from(document["problem"]),
    )


def measurement_document(measurement: Measurement) -> dict[str, Any]:
    """``measurement`` as JSON-able values."""
    return {
        "quantity": measurement.quantity,
        "value": measurement.value,
        "unit": measurement.unit,
        "lower": measurement.lower,
        "upper": measurement.upper,
        "instrument": measurement.instrument,
        "method": measurement.method,
        "subject": measurement.subject,
        "started": measurement.started.isoformat(),
        "ended": measurement.ended.isoformat(),
        "recordings": list(measurement.recordings),
        "details": dict(measurement.details),
        "evidence": {name: _part_document(part) for name, part in measurement.evidence.items()},
        "spoilt": _reason_document(measurement.spoilt),
    }


def measurement_from(document: Document, locate: Locate) -> Measurement:
    """The measurement of ``measurement_document``.

    Raises:
        KeyError, ValueError, TypeError: it is no such document.
    """
    return Measurement(
        quantity=document["quantity"],
        value=document["value"],
        unit=document["unit"],
        lower=document["lower"],
        upper=document["upper"],
        instrument=document["instrument"],
        method=document["method"],
        subject=document["subject"],
        started=datetime.fromisoformat(document["started"]),
        ended=datetime.fromisoformat(document["ended"]),
        recordings=tuple(document["recordings"]),
        details=document["details"],
        evidence=_parts_from(document["evidence"], locate),
        spoilt=_reason_from(document["spoilt"]),
    )


def finding_document(finding: Finding) -> dict[str, Any]:
    """``finding`` as JSON-able values."""
    return {
        "requirement": finding.requirement,
        "subject": finding.subject,
        "verdict": finding.verdict.value,
        "reason": _reason_document(finding.reason),
        "check_version": finding.check_version,
        "measurements": [measurement_document(one) for one in finding.measurements],
        "limit": _reason_document(finding.limit),
        "rule": finding.rule,
        "rulings": list(finding.rulings),
        "settle": _reason_document(finding.settle),
    }


def finding_from(document: Document, locate: Locate) -> Finding:
    """The finding of ``finding_document``.

    Raises:
        KeyError, ValueError, TypeError: it is no such document.
    """
    reason = _reason_from(document["reason"])
    if reason is None:
        raise ValueError("a finding without a reason")
    return Finding(
        requirement=document["requirement"],
        subject=document["subject"],
        verdict=Verdict(document["verdict"]),
        reason=reason,
        check_version=document["check_version"],
        measurements=tuple(measurement_from(one, locate) for one in document["measurements"]),
        limit=_reason_from(document["limit"]),
        rule=document["rule"],
        rulings=tuple(document["rulings"]),
        settle=_reason_from(document["settle"]),
    )


def blobs_of(finding: Finding) -> Iterator[Part]:
    """Every piece of evidence that ``finding`` carries."""
    for measurement in finding.measurements:
        yield from measurement.evidence.values()


def _reason_document(reason: Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {"code": reason.code, "parameters": dict(reason.parameters)}


def _reason_from(document: Document | None) -> Reason | None:
    return None if document is None else Reason(document["code"], document["parameters"])


def _part_document(part: Part) -> dict[str, Any]:
    return {"sha256": part.digest, "media_type": part.media_type, "size": part.size}


def _parts_from(document: Document, locate: Locate) -> dict[str, Part]:
    return {
        name: Part(part["sha256"], part["media_type"], part["size"], locate(part["sha256"]))
        for name, part in document.items()
    }
