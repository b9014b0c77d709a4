"""The matrix as a document: every cell, and the counts that reports carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.matrix.cells import Outcome


def matrix_document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The matrix as JSON: every cell, and the summary that reports carry."""
    return {
        "schema": "tantou-defect-matrix/1",
        "cells": [
            {
                "requirement": one.cell.requirement,
                "name": one.cell.name,
                "kind": one.cell.kind,
                "expected": {"verdict": one.cell.verdict.value, "reason": one.cell.reason},
                "found": {"verdict": one.verdict.value, "reasons": list(one.reasons)},
                "result": one.result,
                "looks": one.looks,
            }
            for one in outcomes
        ],
        "summary": summary_of(outcomes),
    }


def summary_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts in all and by requirement."""
    rows = []
    for requirement in dict.fromkeys(one.cell.requirement for one in outcomes):
        own = [one for one in outcomes if one.cell.requirement == requirement]
        rows.append({"requirement": requirement, **_counts(own)})
    return {**_counts(outcomes), "rows": rows}


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    defects = [one for one in outcomes if one.cell.kind == "defect"]
    variants = [one for one in outcomes if one.cell.kind == "variant"]
    return {
        "defects": len(defects),
        "caught": sum(one.result == "caught" for one in defects),
        "wrong": sum(one.result == "wrong-reason" for one in defects),
        "missed": sum(one.result in ("missed", "error") for one in defects),
        "variants": len(variants),
        "clean": sum(one.result == "clean" for one in variants),
        "false_alarms": sum(one.result == "false-alarm" for one in variants),
    }
