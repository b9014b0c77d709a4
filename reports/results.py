"""The results of a run as one JSON document: what every other report is made from.

The schema is published beside this module as ``results.schema.json``; wordings are given in
Chinese and English, so that a reader needs no message catalogue.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from assessment.documents import finding_document
from assessment.finding import Finding
from assessment.reason import Reason
from assessment.sampling import Draw, Plan
from assessment.store import RunStore
from assessment.summary import RequirementSummary, RunSummary, summarise
from assessment.waivers import Waiver
from messages import LANGUAGES, text
from standard.catalogue import Catalogue, Ruling

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


def results_document(store: RunStore, catalogue: Catalogue, summary: RunSummary) -> dict[str, Any]:
    """Everything that was found, JSON-able."""
    meta = store.meta
    scenarios = {id(stored.finding): stored.scenario for stored in store.findings()}
    cited = {name for one in summary.requirements for f in one.findings for name in f.rulings}
    return {
        "schema": SCHEMA,
        "run": {
            "name": store.folder.name,
            "started": meta.get("started"),
            "ended": meta.get("ended"),
            "version": meta.get("version"),
            "site": meta.get("site"),
            "simulated": meta.get("simulated", False),
            "asked": meta.get("asked"),
            "sampling": meta.get("draw"),
            "reference": meta.get("reference"),
            "judgements": [
                {"epoch": one.epoch, "reason": one.reason, "started": one.started.isoformat()}
                for one in store.judgements()
            ],
        },
        "summary": {
            "verdict": summary.verdict.value,
            "exit_code": summary.exit_code,
            "counts": {verdict.value: count for verdict, count in summary.counts.items()},
            "unjudged": list(summary.unjudged),
            "faults": [worded(fault) for fault in summary.faults],
            "notices": [worded(notice) for notice in summary.notices],
        },
        "points": meta.get("points", []),
        "requirements": [_requirement(one, scenarios) for one in summary.requirements],
        "rulings": [
            _ruling(catalogue.rulings[name], meta.get("rulings", {}).get(name))
            for name in sorted(cited)
            if name in catalogue.rulings
        ],
        "recordings": [
            {
                "sha256": recording.digest,
                "kind": recording.kind,
                "subject": recording.subject,
                "started": recording.started.isoformat(),
                "ended": recording.ended.isoformat(),
                "problem": worded(recording.problem),
                "parts": {
                    name: {"sha256": part.digest, "media_type": part.media_type, "size": part.size}
                    for name, part in recording.parts.items()
                },
            }
            for recording in store.recordings()
        ],
        "events": [
            {"at": event.at.isoformat(), "what": worded(event.reason)} for event in store.events()
        ],
    }


def worded(reason: Reason | None) -> dict[str, Any] | None:
    """A reason with its wordings."""
    if reason is None:
        return None
    return {
        "code": reason.code,
        "parameters": dict(reason.parameters),
        **{lang: text(reason.key, lang, **reason.parameters) for lang in LANGUAGES},
    }


def _requirement(one: RequirementSummary, scenarios: Mapping[int, str]) -> dict[str, Any]:
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
        "findings": [_finding(finding, scenarios.get(id(finding), "")) for finding in one.findings],
    }


def _finding(finding: Finding, scenario: str) -> dict[str, Any]:
    document = finding_document(finding)
    document["scenario"] = scenario
    for name in ("reason", "limit", "settle"):
        document[name] = worded(getattr(finding, name))
    for measurement, shown in zip(finding.measurements, document["measurements"], strict=True):
        shown["spoilt"] = worded(measurement.spoilt)
        shown["quantity_name"] = {
            lang: text(f"quantity.{measurement.quantity}", lang) for lang in LANGUAGES
        }
        shown["method_name"] = {lang: text(measurement.method, lang) for lang in LANGUAGES}
    return document


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
