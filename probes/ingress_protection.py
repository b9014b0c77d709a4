"""Ingress protection: what papers and metadata prove of a device's IP code.

No network test can show it. The device's own word (ONVIF scopes and device information) and the
inventory are claims; a test certificate for this very model, in force, of a laboratory that
shows an accreditation mark, is the proof. Codes are compared digit by digit elsewhere
(``protocols.ip_code``); here it is settled which marking stands at all.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from assessment.measurement import Measurement
from assessment.products import covers_model
from assessment.reason import Reason
from assessment.recording import Part, Recording
from protocols.errors import ProtocolError
from protocols.ip_code import parse_marking

INSTRUMENT = "ingress-protection/1"
QUANTITY = "ingress-protection"

#: Marks of accreditation bodies and of the mutual recognition between them.
_LABORATORY_MARKS = ("CNAS", "CMA", "CAL", "ILAC", "DAKKS", "UKAS", "A2LA")
#: An IP code in running text. Strict, because models are called "IP4M" and the like.
_MARKING = re.compile(
    r"(?<![0-9A-Za-z])IP ?[0-6X][0-9X][A-DK]?"
    r"(?:\s*/\s*(?:IP ?)?[0-6X][0-9X]K?)*(?![0-9A-Za-z-])",
    re.IGNORECASE,
)
#: Category of a scope whose whole value is the claim.
_SCOPE_CATEGORY = "/IP/"
_MAXIMUM_TEXT = 2_000


class Certificate(Protocol):
    """A test certificate as transcribed from its paper; see ``targets.site.Certificate``."""

    @property
    def code(self) -> str:
        """The code that it attests, as printed."""

    @property
    def model(self) -> str:
        """The models that it covers."""

    @property
    def laboratory_mark(self) -> str:
        """The accreditation mark that is printed on it, ``""`` if none."""

    @property
    def valid_until(self) -> str:
        """ISO date of its last day, ``""`` if none is printed."""

    @property
    def number(self) -> str:
        """Report number."""


def measure_ingress_protection(
    description: Recording,
    *,
    claim: str = "",
    declared_model: str = "",
    certificate: Certificate | None = None,
    certificate_needed: bool = True,
    today: datetime.date,
    scan: Part | None = None,
) -> Measurement:
    """The marking that is proven for the device of a ``description`` recording.

    The value is the certificate's marking. Where the papers do not carry it, the value is the
    claim (``None`` without one) and ``spoilt`` names the paper that is missing:
    ``claim-missing``, ``certificate-missing``, ``certificate-other-model``,
    ``certificate-expired``, ``certificate-unmarked``, ``certificate-undated``,
    ``model-unknown``; or ``claims-disagree``, ``device-unread``.

    Args:
        description: the device's own word.
        claim: code of the inventory, ``""`` if it states none.
        declared_model: model of the inventory, ``""`` if it states none.
        certificate: transcribed paper, if there is one.
        certificate_needed: whether an undisputed claim is not enough (ruling R-009).
        today: day on which validity is judged.
        scan: the scanned paper, kept as evidence.
    """
    device = _mapping(description.facts.get("device"))
    model = str(device.get("model") or "").strip() or declared_model.strip()
    claims = dict(_claims(description.facts, claim))
    value, spoilt = _settle(description, claims, model, certificate, today)
    if not certificate_needed and certificate is None and spoilt == _certificate_missing(value):
        spoilt = None
    return Measurement.of(
        description,
        quantity=QUANTITY,
        value=value,
        unit="",
        instrument=INSTRUMENT,
        method="method.ingress-protection",
        details={
            "claims": claims,
            "model": model,
            "certificate": None if certificate is None else _transcript(certificate),
        },
        evidence={} if scan is None else {"certificate": scan},
        spoilt=spoilt,
    )


def _settle(
    description: Recording,
    claims: Mapping[str, str],
    model: str,
    certificate: Certificate | None,
    today: datetime.date,
) -> tuple[str | None, Reason | None]:
    """The marking that stands, and why nothing may rest on it."""
    codes = list(claims.values())
    if certificate is not None and certificate.code.strip():
        codes.append(certificate.code.strip())
    malformed = next((code for code in codes if not _is_code(code)), None)
    if malformed is not None:
        return malformed, None
    claimed = _weakest(list(claims.values()))
    if description.problem is not None and "device" not in description.facts:
        return claimed, _why("device-unread", problem=description.problem.within)
    if _contradict(list(claims.values()), codes):
        return claimed, _why("claims-disagree", claims=", ".join(codes))
    if certificate is None:
        if claimed is None:
            return None, _why("claim-missing")
        return claimed, _certificate_missing(claimed)
    return _by_certificate(claimed, model, certificate, today)


def _by_certificate(
    claimed: str | None, model: str, certificate: Certificate, today: datetime.date
) -> tuple[str | None, Reason | None]:
    if not model:
        return claimed, _why("model-unknown")
    if not covers_model(certificate.model, model):
        return claimed, _why("certificate-other-model", model=model, covers=certificate.model)
    if certificate.valid_until:
        try:
            last_day = datetime.date.fromisoformat(certificate.valid_until)
        except ValueError:
            return claimed, _why("certificate-undated", printed=certificate.valid_until)
        if today > last_day:
            return claimed, _why("certificate-expired", until=certificate.valid_until)
    mark = certificate.laboratory_mark.upper()
    if not any(known in mark for known in _LABORATORY_MARKS):
        return claimed, _why("certificate-unmarked", number=certificate.number)
    if claimed is None:
        return certificate.code.strip() or None, _why("claim-missing")
    if not certificate.code.strip():
        return claimed, _certificate_missing(claimed)
    return certificate.code.strip(), None


def _certificate_missing(claim: str | None) -> Reason:
    return _why("certificate-missing", claim=claim)


def _claims(facts: Mapping[str, Any], inventory: str) -> Iterator[tuple[str, str]]:
    """Every claim by its source."""
    if inventory.strip():
        yield "inventory", inventory.strip()
    scopes = facts.get("scopes")
    for number, scope in enumerate(scopes if isinstance(scopes, list) else ()):
        text = unquote(str(scope)[:_MAXIMUM_TEXT])
        _, category, stated = text.partition(_SCOPE_CATEGORY)
        marking = stated.strip() if category else _marking_in(text)
        if marking.upper().startswith("IP"):  # an address under the same category is no claim
            yield f"scope {number + 1}", marking
    for field, text in _mapping(facts.get("device")).items():
        marking = _marking_in(str(text)[:_MAXIMUM_TEXT])
        if marking:
            yield f"device {field}", marking


def _marking_in(text: str) -> str:
    match = _MARKING.search(text)
    return match.group().strip() if match else ""


def _is_code(text: str) -> bool:
    try:
        return bool(parse_marking(text))
    except ProtocolError:
        return False


def _weakest(claims: list[str]) -> str | None:
    """The claim with the fewest codes: what all claims together leave standing."""
    return min(claims, key=lambda claim: len(parse_marking(claim)), default=None)


def _contradict(claims: list[str], markings: list[str]) -> bool:
    """Whether two markings differ otherwise than by one of them stating more."""
    sets = [frozenset(str(code) for code in parse_marking(marking)) for marking in markings]
    if len(markings) > len(claims) and all(one <= sets[-1] for one in sets):
        return False  # the certificate holds all that is claimed
    return any(not (one <= other or other <= one) for one in sets for other in sets)


def _transcript(certificate: Certificate) -> dict[str, str]:
    return {
        "code": certificate.code,
        "model": certificate.model,
        "laboratory_mark": certificate.laboratory_mark,
        "valid_until": certificate.valid_until,
        "number": certificate.number,
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _why(why: str, **parameters: Any) -> Reason:
    return Reason(f"{QUANTITY}.{why}", parameters)
