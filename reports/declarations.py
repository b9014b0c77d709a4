"""Declared against observed, camera by camera, as the results document has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessment.declaration import BY_NAME, Declaration, declaration_for, declaration_of
from assessment.declared_observed import Evidence, Line, compare_declared, counts_of
from assessment.finding import Finding
from assessment.store import RunStore
from messages import LANGUAGES, text
from standard.catalogue import Catalogue


def declared_documents(
    store: RunStore, catalogue: Catalogue, epoch: int | None
) -> list[dict[str, Any]]:
    """One document for each camera of which something is declared, in the order of the site."""
    site = store.meta.get("declaration") or {}
    declarations = tuple(map(declaration_of, site.get("declarations", ())))
    if not declarations:
        return []
    findings: dict[str, list[Finding]] = {}
    for stored in store.findings(epoch):
        findings.setdefault(stored.finding.subject, []).append(stored.finding)
    facts: dict[str, dict[str, Mapping[str, Any]]] = {}
    for recording in store.recordings():
        facts.setdefault(recording.subject, {})[recording.kind] = recording.facts
    documents = []
    for point in site.get("points", ()):
        identifier = point["id"]
        if identifier not in facts:  # not drawn
            continue
        evidence = Evidence(findings.get(identifier, ()), facts[identifier])
        models = (point["declared"].get("model"), evidence.model)
        declared = declaration_for(declarations, point.get("declaration", ""), *models)
        if declared is not None:
            documents.append(_document(identifier, declared, evidence, catalogue))
    return documents


def _document(
    subject: str, declared: Declaration, evidence: Evidence, catalogue: Catalogue
) -> dict[str, Any]:
    lines = compare_declared(declared, evidence)
    return {
        "subject": subject,
        "file": declared.file,
        "manufacturer": declared.manufacturer,
        "models": list(declared.models),
        "firmware": declared.firmware,
        "declared_by": declared.declared_by,
        "date": declared.date,
        "counts": counts_of(lines),
        "lines": [_line(line, catalogue) for line in lines],
    }


def _line(line: Line, catalogue: Catalogue) -> dict[str, Any]:
    obligation = catalogue[line.requirement].obligation if line.requirement else None
    observed = line.observed
    return {
        "name": line.name,
        **{lang: text(f"ability.{line.name}", lang) for lang in LANGUAGES},
        "requirement": line.requirement or None,
        "obligation": obligation,
        "declared": line.declared,
        "declared_name": _shown(line.name, line.declared),
        "observed": None if observed is None else observed.value,
        "observed_name": _shown(line.name, None if observed is None else observed.value),
        "by": None if observed is None else observed.by,
        "outcome": line.outcome,
        "verdict": None if line.verdict is None else line.verdict.value,
    }


def _shown(name: str, value: Any) -> dict[str, str]:
    """A value in words; "–" for none."""
    if value is None:
        return dict.fromkeys(LANGUAGES, "–")
    if isinstance(value, bool):
        return {lang: text("value.yes" if value else "value.no", lang) for lang in LANGUAGES}
    ability = BY_NAME.get(name)
    if ability is not None and ability.kind == "choice":
        return {lang: text(f"ability.{name}.{value}", lang) for lang in LANGUAGES}
    return dict.fromkeys(LANGUAGES, str(value))
