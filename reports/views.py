"""What the report page shows, picked and ordered from a results document."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

#: From the one that a reader must see first.
GRAVEST_FIRST = (
    "fail",
    "error",
    "inconclusive",
    "pending",
    "not-tested",
    "advisory",
    "pass",
    "not-applicable",
)
#: Verdicts that leave something to do; their findings are shown before the others.
FAULTY = ("fail", "error", "inconclusive", "pending", "not-tested", "advisory")
#: Bounds of one page; everything is in results.json.
MOST_CAMERAS = 1_000
_MOST_DECLARED = 200
_MOST_FAULTY = 200
_MOST_OTHERS = 60
_OPEN_ORDER = ("error", "not-tested", "pending", "inconclusive")


def gravest(verdicts: Sequence[str]) -> str:
    """The verdict of several that a reader must see first."""
    return next((one for one in GRAVEST_FIRST if one in verdicts), "not-tested")


def open_groups(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What has no verdict, by verdict and then by why: shown before anything that has one."""
    groups = []
    for verdict in _OPEN_ORDER:
        members = [one for one in results["requirements"] if one["verdict"] == verdict]
        if not members:
            continue
        reasons: dict[str, list[Mapping[str, Any]]] = {}
        for one in members:
            reasons.setdefault(str(one["reason"]["code"]), []).append(one)
        groups.append(
            {"verdict": verdict, "count": len(members), "reasons": list(reasons.values())}
        )
    return groups


def settling(requirement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The different things that would settle the open findings of a requirement, a few of them."""
    ways = {
        finding["settle"]["zh"]: finding["settle"]
        for finding in requirement["findings"]
        if finding["settle"]
    }
    return list(ways.values())[:3]


def chapter_table(results: Mapping[str, Any]) -> dict[str, Any]:
    """How many requirements of each chapter came to which verdict."""
    verdicts = list(results["summary"]["counts"])
    rows = []
    for chapter in results["chapters"]:
        found = [
            one["verdict"] for one in results["requirements"] if one["chapter"] == chapter["id"]
        ]
        rows.append({"chapter": chapter, "counts": {one: found.count(one) for one in verdicts}})
    return {"verdicts": verdicts, "rows": rows}


def scenario_groups(requirement: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings of a requirement by the scenario and step that made them, faulty ones first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for finding in requirement["findings"]:
        groups.setdefault(finding["scenario"], []).append(finding)
    shown = []
    for scenario, findings in groups.items():
        faulty = [one for one in findings if one["verdict"] in FAULTY]
        others = [one for one in findings if one["verdict"] not in FAULTY]
        faulty.sort(key=lambda one: GRAVEST_FIRST.index(one["verdict"]))
        kept = faulty[:_MOST_FAULTY] + others[:_MOST_OTHERS]
        shown.append({"scenario": scenario, "findings": kept, "hidden": len(findings) - len(kept)})
    return shown


def camera_table(results: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict of each camera under each requirement that was judged camera by camera."""
    known = {point["id"] for point in results["points"]}
    columns = []
    cells: dict[str, dict[str, str]] = {}
    for requirement in results["requirements"]:
        found: dict[str, list[str]] = {}
        for finding in requirement["findings"]:
            if finding["subject"] in known:
                found.setdefault(finding["subject"], []).append(finding["verdict"])
        if found:
            columns.append(requirement["id"])
        for subject, verdicts in found.items():
            cells.setdefault(subject, {})[requirement["id"]] = gravest(verdicts)
    rows = [
        {"point": point, "cells": cells[point["id"]]}
        for point in results["points"]
        if point["id"] in cells
    ]
    rows.sort(key=lambda row: GRAVEST_FIRST.index(gravest(list(row["cells"].values()))))
    return {
        "columns": columns,
        "rows": rows[:MOST_CAMERAS],
        "hidden": len(rows[MOST_CAMERAS:]),
        "verdicts": [
            one for one in GRAVEST_FIRST if any(one in row["cells"].values() for row in rows)
        ],
    }


def declared_table(results: Mapping[str, Any]) -> dict[str, Any]:
    """Declared against observed: the cameras that contradict their declaration first."""
    cameras = sorted(results["declarations"], key=lambda one: -one["counts"]["contradicted"])
    return {"cameras": cameras[:_MOST_DECLARED], "hidden": len(cameras[_MOST_DECLARED:])}


def online_rows(
    results: Mapping[str, Any], names: Mapping[str, str]
) -> list[tuple[str, list[tuple[float, bool]]]]:
    """The time line of each camera: when it was found online, and when not."""
    lines: dict[str, list[tuple[float, bool]]] = {}
    for requirement in results["requirements"]:
        for finding in requirement["findings"]:
            for measurement in finding["measurements"]:
                found = measurement["details"].get("lines")
                if not isinstance(found, Mapping):
                    continue
                for subject, line in found.items():
                    lines[subject] = [
                        (float(at), bool(online)) for at, online in line if at is not None
                    ]
    ordered = sorted(lines.items(), key=lambda item: all(online for _, online in item[1]))
    return [(names.get(subject, subject), line) for subject, line in ordered if line]


def repeat_command(run: Mapping[str, Any], requirement: str) -> str:
    """The command that measures ``requirement`` again on the same equipment."""
    arguments = [str(word) for word in run.get("arguments") or []]
    return shlex.join(["python3", "accept.py", "run", "--only", requirement, *arguments])
