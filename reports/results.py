"""The results of a run as one JSON document: what every other report is made from.

The schema is published beside this module as ``results.schema.json``; wordings are given in
Chinese and English, so that a reader needs no message catalogue.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from assessment.decision import describe
from assessment.documents import finding_document
from assessment.finding import Finding
from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from assessment.sampling import Draw, Plan
from assessment.store import RunStore
from assessment.summary import RequirementSummary, RunSummary, summarise
from assessment.waivers import Waiver
from messages import LANGUAGES, text
from messages import catalogue as wordings
from reports.declarations import declared_documents
from standard.catalogue import Catalogue, Requirement, Ruling

SCHEMA = "tantou-results/1"


def summary_of(
    store: RunStore,
    catalogue: Catalogue,
    today: datetime.date,
    waivers: tuple[Waiver, ...] = (),
    epoch: int | None = None,
) -> RunSummary:
    """Sum up one judgement of the run in ``store`` (the latest by default)."""
    meta = store.meta
    return summarise(
        (stored.finding for stored in store.findings(epoch)),
        catalogue,
        draw_of(meta),
        today=today,
        asked=set(meta["asked"]) if meta.get("asked") is not None else None,
        exclusions=meta.get("exclusions", {}),
        waivers=waivers,
    )


def draw_of(meta: Mapping[str, Any]) -> Draw | None:
    """The sample of the run, from its notes."""
    document = meta.get("draw")
    if document is None:
        return None
    return Draw(
        plan=Plan(**document["plan"]),
        seed=document["seed"],
        lot=document["lot"],
        drawn=tuple(document["drawn"]),
        accept=document["accept"],
        letter=document["letter"],
    )


def results_document(
    store: RunStore,
    catalogue: Catalogue,
    summary: RunSummary,
    detection: Mapping[str, Any] | None = None,
    epoch: int | None = None,
) -> dict[str, Any]:
    """Everything that was found, JSON-able.

    ``summary`` is of the judgement ``epoch`` (the latest by default); ``detection`` is the
    published table of the defect matrix, if there is one.
    """
    meta = store.meta
    scenarios = _scenarios(store, epoch)
    cited = {name for one in summary.requirements for f in one.findings for name in f.rulings}
    return {
        "schema": SCHEMA,
        "run": _run(store, meta),
        "summary": {
            "verdict": summary.verdict.value,
            "exit_code": summary.exit_code,
            "counts": {verdict.value: count for verdict, count in summary.counts.items()},
            "unjudged": list(summary.unjudged),
            "faults": [worded(fault) for fault in summary.faults],
            "notices": [worded(notice) for notice in summary.notices],
        },
        "chapters": [{"id": one.id, "zh": one.zh, "en": one.en} for one in catalogue.chapters],
        "points": meta.get("points", []),
        "requirements": [
            _requirement(one, scenarios.get(one.requirement.id, [])) for one in summary.requirements
        ],
        "declarations": declared_documents(store, catalogue, epoch),
        "rulings": [
            _ruling(catalogue.rulings[name], meta.get("rulings", {}).get(name))
            for name in sorted(cited)
            if name in catalogue.rulings
        ],
        "recordings": [_recording(recording) for recording in store.recordings()],
        "events": [
            {"at": event.at.isoformat(), "what": worded(event.reason)} for event in store.events()
        ],
        "detection": None if detection is None else dict(detection),
    }


def worded(reason: Reason | None) -> dict[str, Any] | None:
    """A reason with its wordings."""
    if reason is None:
        return None
    return {
        "code": reason.code,
        "parameters": dict(reason.parameters),
        **{lang: text(reason.key, lang, **reason.parameters).strip() for lang in LANGUAGES},
    }


def value_name(quantity: str, value: object) -> dict[str, str] | None:
    """The wordings of a nominal value, or ``None`` where it speaks for itself (``IP66``)."""
    if isinstance(value, bool):
        key = "value.yes" if value else "value.no"
        return {lang: text(key, lang) for lang in LANGUAGES}
    if not isinstance(value, str):
        return None
    quantity = quantity.partition(":")[0]  # the items of all checklists have the same results
    for key in (f"value.{quantity}.{value}", f"{quantity}.value.{value}"):
        if key in wordings():
            return {lang: text(key, lang) for lang in LANGUAGES}
    return None


def _scenarios(store: RunStore, epoch: int | None) -> dict[str, list[str]]:
    """The scenario of each finding by requirement, in the order in which a summary has them."""
    scenarios: dict[str, list[str]] = {}
    for stored in store.findings(epoch):
        scenarios.setdefault(stored.finding.requirement, []).append(stored.scenario)
    return scenarios


def _run(store: RunStore, meta: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": store.folder.name,
        "started": meta.get("started"),
        "ended": meta.get("ended"),
        "version": meta.get("version"),
        "site": meta.get("site"),
        "simulated": meta.get("simulated", False),
        "arguments": meta.get("arguments"),
        "asked": meta.get("asked"),
        "sampling": meta.get("draw"),
        "reference": meta.get("reference"),
        "judgements": [
            {"epoch": one.epoch, "reason": one.reason, "started": one.started.isoformat()}
            for one in store.judgements()
        ],
    }


def _recording(recording: Recording) -> dict[str, Any]:
    return {
        "sha256": recording.digest,
        "kind": recording.kind,
        "kind_name": _named(f"visit-kind.{recording.kind}", recording.kind),
        "subject": recording.subject,
        "started": recording.started.isoformat(),
        "ended": recording.ended.isoformat(),
        "problem": worded(recording.problem),
        "parts": {
            name: {"sha256": part.digest, "media_type": part.media_type, "size": part.size}
            for name, part in recording.parts.items()
        },
    }


def _requirement(one: RequirementSummary, scenarios: Iterable[str]) -> dict[str, Any]:
    requirement = one.requirement
    return {
        "id": requirement.id,
        "chapter": requirement.chapter,
        "obligation": requirement.obligation,
        "subject": requirement.subject,
        "method": list(requirement.method),
        "scenario": requirement.scenario,
        "zh": requirement.zh,
        "en": requirement.en,
        "check_version": requirement.version,
        "asked": one.asked,
        "verdict": one.verdict.value,
        "reason": worded(one.reason),
        "waiver": None
        if one.waiver is None
        else {
            "reason": one.waiver.reason,
            "owner": one.waiver.owner,
            "until": one.waiver.until.isoformat(),
        },
        "findings": [
            _finding(finding, scenario, requirement)
            for finding, scenario in zip(one.findings, scenarios, strict=True)
        ],
    }


def _finding(finding: Finding, scenario: str, requirement: Requirement) -> dict[str, Any]:
    document = finding_document(finding)
    document["scenario"] = scenario
    for name in ("reason", "settle"):
        document[name] = worded(getattr(finding, name))
    document["limit"] = _limit(finding.limit)
    for measurement, shown in zip(finding.measurements, document["measurements"], strict=True):
        shown["spoilt"] = worded(measurement.spoilt)
        shown["quantity_name"] = _quantity_name(measurement)
        shown["value_name"] = value_name(measurement.quantity, measurement.value)
        shown["method_name"] = {lang: text(measurement.method, lang) for lang in LANGUAGES}
        shown["limit"], shown["rule"] = _limit_of(measurement, finding, requirement)
        for name, part in shown["evidence"].items():
            part.update(_named(f"evidence.{name}", name))
    return document


def _limit_of(
    measurement: Measurement, finding: Finding, requirement: Requirement
) -> tuple[dict[str, Any] | None, str | None]:
    """The limit and the rule that this quantity was compared by, if it was compared."""
    compared = finding.limit.parameters.get("quantity") if finding.limit else None
    if compared == measurement.quantity:
        return _limit(finding.limit), finding.rule
    limit = requirement.limits.get(measurement.quantity)
    if limit is None:
        return None, None
    return _limit(describe(limit)), limit.rule


def _limit(limit: Reason | None) -> dict[str, Any] | None:
    """A limit in words, its nominal values worded too."""
    document = worded(limit)
    if limit is None or document is None or not isinstance(limit.parameters.get("value"), str):
        return document
    quantity = str(limit.parameters.get("quantity"))
    values = str(limit.parameters["value"]).split(", ")
    names = [value_name(quantity, value) or dict.fromkeys(LANGUAGES, value) for value in values]
    for lang, joint in zip(LANGUAGES, ("、", ", "), strict=True):
        shown = {**limit.parameters, "value": joint.join(name[lang] for name in names)}
        document[lang] = text(limit.key, lang, **shown).strip()
    return document


def _quantity_name(measurement: Measurement) -> dict[str, str]:
    """An item of a checklist carries its own wording; every other quantity is in the catalogue."""
    own = {lang: measurement.details.get(lang) for lang in LANGUAGES}
    if measurement.quantity.startswith("checklist:") and all(own.values()):
        return {lang: str(wording) for lang, wording in own.items()}
    return {lang: text(f"quantity.{measurement.quantity}", lang) for lang in LANGUAGES}


def _named(key: str, otherwise: str) -> dict[str, str]:
    known = key in wordings()
    return {lang: text(key, lang) if known else otherwise for lang in LANGUAGES}


def _ruling(ruling: Ruling, chosen: str | None) -> dict[str, Any]:
    readings = {one.name: one for one in (ruling.reading, *ruling.alternatives)}
    reading = readings.get(chosen or ruling.reading.name, ruling.reading)
    return {
        "id": ruling.id,
        "reading": reading.name,
        "own_choice": reading is not ruling.reading,
        "since": ruling.since,
        **{
            lang: {
                "question": getattr(ruling.question, lang),
                "reading": getattr(reading, lang),
                "why": getattr(ruling.why, lang),
            }
            for lang in LANGUAGES
        },
    }
